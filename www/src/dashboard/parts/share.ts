// Parts of a whole, in percent.

/** With two significant digits, since it is small shares that matter here. */
export const share = (locale: string, part: number): string =>
  new Intl.NumberFormat(locale, { style: "percent", maximumSignificantDigits: 2 }).format(part);
