// A file of keys to import: what POST …/keys/import takes, an array of lines, or one line of JSON for each key.

export interface ImportFile {
  lines: unknown[];
}

/** The lines of a file. Throws an Error that says what is wrong where. */
export function parseImport(text: string): ImportFile {
  const trimmed = text.trim();
  if (trimmed === "") throw new Error("The file is empty.");
  try {
    const whole: unknown = JSON.parse(trimmed);
    if (Array.isArray(whole)) return { lines: whole };
    if (typeof whole === "object" && whole !== null && "keys" in whole && Array.isArray(whole.keys)) return { lines: whole.keys };
    if (typeof whole === "object" && whole !== null && "digest" in whole) return { lines: [whole] };
    throw new Error('{"keys": […]} is expected, an array of keys, or a key on each line.');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { lines: byLine(trimmed, error) };
  }
}

function byLine(text: string, whole: SyntaxError): unknown[] {
  return text
    .split("\n")
    .map((line, at) => ({ line: line.trim(), number: at + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => {
      try {
        return JSON.parse(line) as unknown;
      } catch (error) {
        // A file that fails at its first line is rather meant as one document.
        const reason = number === 1 ? whole : error;
        throw new Error(`Line ${number}: ${reason instanceof Error ? reason.message : String(reason)}`);
      }
    });
}
