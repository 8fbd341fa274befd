// Exports of ledgers, and their restoration.

import assert from "node:assert/strict";

/** The export behind this path, in as many answers as it takes. */
export async function exported(stack, path, isLast = (last) => "end" in last, options = {}) {
  let [text, mark] = ["", undefined];
  for (;;) {
    const answer = await stack.manage("GET", mark === undefined ? path : `${path.split("?")[0]}?after=${mark}`, undefined, options);
    assert.equal(answer.status, 200, answer.text);
    text += answer.text;
    const last = JSON.parse(text.trimEnd().split("\n").at(-1));
    if (isLast(last)) return text;
    ({ mark } = last.page ?? last.end ?? last.erased);
  }
}

/** The header, the end and the pages of an export. */
export function partsOf(text) {
  const lines = text.trimEnd().split("\n");
  const pages = [];
  let page = [];
  for (const each of lines.slice(1)) {
    page.push(each);
    if (/^\{"(page|end)":/.test(each)) {
      pages.push(`${page.join("\n")}\n`);
      page = [];
    }
  }
  assert.equal(page.length, 0);
  return { header: lines[0], end: lines.at(-1), pages };
}

/** Restores an export, from the first page that is not there yet. */
export async function restored(stack, target, text, from = 0) {
  const { header, end, pages } = partsOf(text);
  const begun = await stack.manage("POST", target, { header, end });
  assert.equal(begun.status, 200, begun.text);
  let answer = begun;
  for (const page of pages.slice(from || begun.body.restored_pages)) {
    answer = await stack.manage("POST", target, { page });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.refused, []);
  }
  assert.equal(answer.body.complete, true, answer.text);
  return answer.body;
}
