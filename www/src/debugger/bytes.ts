// Bytes and the ways in which they are written.

export const fromHex = (hex: string): Uint8Array => {
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  return bytes;
};

/** The bytes of hex as people write it: with spaces, colons, `0x`, or the columns of a dump. */
export function readHex(text: string): Uint8Array | undefined {
  // `xxd` and `hexdump -C` put an offset before and the characters after each line.
  const lines = text.split("\n").map((line) => line.replace(/^\s*[0-9a-f]{6,8}:?\s{1,2}/i, "").replace(/\s{2,}\S.*$|\|.*\|\s*$/, ""));
  const digits = lines.join("").replaceAll(/0x|\\x|[\s:,]/gi, "");
  return digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits) ? fromHex(digits) : undefined;
}

/** The bytes of base64 in either alphabet, with or without padding and line breaks. */
export function readBase64(text: string): Uint8Array | undefined {
  const bare = text.replaceAll(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  try {
    return Uint8Array.from(atob(bare), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A run of characters, or something that is seen only by its mark. */
export interface Run {
  text: string;
  /** The meaning of the mark; absent for plain characters. */
  mark?: string;
}

const MARKS = new Map([
  [0x00, ["\\0", "NUL"]],
  [0x09, ["\\t", "tab"]],
  [0x0a, ["\\n", "line feed"]],
  [0x0d, ["\\r", "carriage return"]],
  [0x7f, ["\\x7f", "delete"]],
  [0x85, ["[85]", "next line"]],
  [0xa0, ["[nbsp]", "no-break space"]],
  [0xad, ["[shy]", "soft hyphen"]],
  [0x200b, ["[zwsp]", "zero-width space"]],
  [0x200c, ["[zwnj]", "zero-width non-joiner"]],
  [0x200d, ["[zwj]", "zero-width joiner"]],
  [0x2028, ["[ls]", "line separator"]],
  [0x2029, ["[ps]", "paragraph separator"]],
  [0x2060, ["[wj]", "word joiner"]],
  [0x202f, ["[nnbsp]", "narrow no-break space"]],
  [0xfeff, ["[bom]", "byte order mark"]],
  [0xfffd, ["\u{fffd}", "replacement character"]],
] as const);

/**
 * Bytes as text in which everything can be seen: what is invisible, or no UTF-8, has a mark; so has a space at the
 * end, unless more follows.
 */
export function runs(bytes: Uint8Array, more = false): Run[] {
  const all: Run[] = [];
  const plain = (text: string): void => {
    const last = all.at(-1);
    if (last && last.mark === undefined) last.text += text;
    else all.push({ text });
  };
  let at = 0;
  while (at < bytes.length) {
    const length = lengthOfCharacter(bytes, at);
    if (length === 0) {
      const hex = (bytes[at] ?? 0).toString(16).padStart(2, "0");
      all.push({ text: `\\x${hex}`, mark: `the byte ${hex}, which is no UTF-8 here` });
      at += 1;
      continue;
    }
    const char = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(at, at + length));
    const code = char.codePointAt(0) ?? 0;
    const known = MARKS.get(code as never);
    const control = code < 0x20 || (code >= 0x80 && code < 0xa0) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    if (known) all.push({ text: known[0], mark: known[1] });
    else if (control) all.push({ text: `[${code.toString(16).padStart(4, "0")}]`, mark: `the character U+${code.toString(16).padStart(4, "0")}` });
    else if (char === " " && !more && at + 1 === bytes.length) all.push({ text: "·", mark: "space" });
    else plain(char);
    at += length;
  }
  return all;
}

/** The length of the UTF-8 character that begins here, bytes; 0 if none does. */
function lengthOfCharacter(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  try {
    if (length > 1) new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

/** Bytes in hex, with spaces between them. */
export const spacedHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
