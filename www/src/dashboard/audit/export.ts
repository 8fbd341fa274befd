// The audit log as a file: one JSON object a line, the oldest first.

import type { Client } from "../../api/client";

export interface Export {
  /** Undefined for the operators' log. */
  tenant: string | undefined;
  /** Only what was done to this one. */
  keyId: string | undefined;
}

export interface Exported {
  file: Blob;
  entries: number;
  /** There is more than one file should have. */
  cut: boolean;
}

/** As much as a browser holds without trouble: about 150 MB. */
export const MOST_ENTRIES = 250_000;

/**
 * Asks on after the last entry until nothing comes, since each answer is limited. `onProgress` hears how many entries
 * there are so far.
 */
export async function exportLog(
  client: Client,
  { tenant, keyId }: Export,
  signal: AbortSignal,
  onProgress: (entries: number) => void,
): Promise<Exported> {
  const path = tenant === undefined ? "/v1/audit/export" : `/v1/tenants/${encodeURIComponent(tenant)}/audit/export`;
  const parts: string[] = [];
  let entries = 0;
  let after: string | undefined;
  for (;;) {
    const response = await client.fetch("GET", path, { query: { key_id: keyId, after }, signal });
    const before = entries;
    for await (const lines of wholeLines(response)) {
      parts.push(lines.text);
      entries += lines.count;
      after = (JSON.parse(lines.last) as { id: string }).id;
      onProgress(entries);
    }
    const cut = entries >= MOST_ENTRIES;
    if (entries === before || cut) return { file: new Blob(parts, { type: "application/x-ndjson" }), entries, cut };
  }
}

/** The whole lines of an answer as they come. One that breaks off is left out: it comes again after the one before. */
async function* wholeLines(response: Response): AsyncGenerator<{ text: string; count: number; last: string }> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const end = rest.lastIndexOf("\n") + 1;
    if (end === 0) continue;
    const text = rest.slice(0, end);
    rest = rest.slice(end);
    const lines = text.split("\n").filter((line) => line !== "");
    const last = lines.at(-1);
    if (last !== undefined) yield { text, count: lines.length, last };
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
