// An export as a file: lines of JSON that the API streams. Each answer is limited, so it is asked on until all is there.

import type { Client } from "../../api/client";

export interface Export {
  path: string;
  query?: Record<string, string | undefined>;
  /**
   * Whether a line ends a part that stays whole if the answer is cut behind it: `after` of the request that goes on there,
   * null if it ends the export, undefined if it ends no part.
   */
  after: (line: string) => string | null | undefined;
}

export interface Gathered {
  file: Blob;
  lines: number;
  /** `some`: there is more than one file should have. `cut`: the last line never came. */
  extent: "all" | "some" | "cut";
}

/** As much as a browser holds without trouble: about 150 MB. */
export const MOST_LINES = 250_000;

/** `onProgress` hears how many lines there are so far. */
export async function gather(
  client: Client,
  { path, query, after }: Export,
  signal: AbortSignal,
  onProgress: (lines: number) => void,
): Promise<Gathered> {
  const parts: string[] = [];
  let lines = 0;
  let place: string | undefined;
  const gathered = (extent: Gathered["extent"]): Gathered => ({
    file: new Blob(parts, { type: "application/x-ndjson" }),
    lines,
    extent,
  });
  for (;;) {
    const response = await client.fetch("GET", path, { query: { ...query, after: place }, signal });
    const before = lines;
    let part: string[] = [];
    for await (const some of wholeLines(response)) {
      for (const line of some) {
        part.push(`${line}\n`);
        const next = after(line);
        if (next === undefined) continue;
        parts.push(part.join(""));
        lines += part.length;
        part = [];
        if (next === null) return gathered("all");
        place = next;
      }
      onProgress(lines + part.length);
      if (lines + part.length >= MOST_LINES) return gathered("some");
    }
    // Only an export without a last line ends by an answer that has nothing.
    if (lines === before) return gathered(part.length === 0 ? "all" : "cut");
  }
}

/** The whole lines of an answer as they come. One that breaks off is left out: it comes again with its part. */
async function* wholeLines(response: Response): AsyncGenerator<string[]> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    yield lines.filter((line) => line !== "");
  }
}

/** Gives the file to the reader. */
export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
