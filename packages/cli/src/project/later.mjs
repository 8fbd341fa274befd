// Versions of Keystile, by their three numbers.

/** Whether one version is later than the other. */
export function isLater(one, other) {
  const [left, right] = [one, other].map((version) => version.split("-")[0].split(".").map(Number));
  const at = [0, 1, 2].find((index) => left[index] !== right[index]);
  return at !== undefined && left[at] > right[at];
}

/** The latest of the texts that are versions; none if none is. */
export const latest = (texts) =>
  texts
    .filter((text) => /^\d+\.\d+\.\d+(-|$)/.test(text ?? ""))
    .reduce((best, each) => (best === undefined || isLater(each, best) ? each : best), undefined);
