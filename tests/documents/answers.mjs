// Whether a documented answer is the real one. Texts that differ from run to run are
// masked in both.

import assert from "node:assert/strict";

const ELLIPSIS = "…";
const MASKS = [
  [/\b(key|op|aud|req|dlv)_[0-9A-Za-z]{10,}/g, "$1_…"],
  [/\bksroot_[\w-]+/g, "ksroot_…"],
  [/\bksop_[0-9A-Za-z]+/g, "ksop_…"],
  [/\bdemo_(live|test)_[0-9A-Za-z]{38}\b/g, "demo_$1_…key"],
  [/\bdemo_(live|test)_[0-9A-Za-z]{4}\b/g, "demo_$1_…shown"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "…time"],
  [/\bmsg_\d{10}\b/g, "msg_…"],
  [/(timestamp":")\d{10}"/g, '$1…"'],
  // The pages' stack has the limits of one page.
  [/(feed=\d) limit=\d/g, "$1"],
  // It depends on what ran before: how fresh the isolate's view is, and whether counts of uses were sent.
  [/kv=\d feed=\d cache=miss/g, "kv=… cache=miss"],
  [/"last_used_at":(null|"[^"]*")/g, '"last_used_at":…'],
  [/curl\/[\d.]+/g, "curl/…"],
  [/\S*keystile\.toml:\d+:/g, "keystile.toml:…:"],
];
/** Stands for a mask's ellipsis, which is no wildcard. */
const MASKED = "\u0000";

/** Fails unless the output is as documented, with both texts. */
export function assertAnswer({ at, text: documented }, output) {
  const wanted = parts(documented);
  const real = parts(output);
  const both = `── documented\n${documented}\n\n── real\n${output.trimEnd()}\n`;
  const shown = `${at}: the answer is not the documented one.\n\n${both}`;
  for (const header of wanted.headers) {
    const lacking = `── the answer has no line\n${header.replaceAll(MASKED, ELLIPSIS)}\n`;
    assert.ok(real.headers.includes(header), `${shown}\n${lacking}`);
  }
  if (!pattern(wanted.body).test(real.body)) assert.fail(shown);
}

/** The lines before an empty line if it is an HTTP message, and the rest; both masked. */
function parts(text) {
  const lines = masked(text.replaceAll("\r", "").trim());
  if (!lines.startsWith("HTTP/")) return { headers: [], body: lines };
  const [head, ...rest] = lines.split("\n\n");
  return { headers: head.split("\n"), body: rest.join("\n\n") };
}

function masked(text) {
  return MASKS.reduce((so_far, [found, mask]) => so_far.replace(found, mask.replace(ELLIPSIS, MASKED)), text);
}

/** `…` is any text; a line break is any white space or none, since the documents break JSON into lines. */
function pattern(text) {
  const pieces = text.split(ELLIPSIS).map((piece) => piece.trim().split(/\s*\n\s*/).map(escaped).join("\\s*"));
  return new RegExp(`^${pieces.join("[^]*?")}$`);
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
