// What `npm run test:systems` says at its end: which rows of the five products
// hold, by the tests whose titles begin with them, and which wait for what.

const ROWS = { konvoq: 7, "voice-crm": 7, konver: 4, keloa: 7, "chatbot-platform": 7 };

const WAITING = {};

/** A reporter of node:test. */
export default async function* rows(events) {
  const passed = new Map();
  for await (const { type, data } of events) {
    const [row] = /^[a-z-]+ \d+(?=:)/.exec(data?.name ?? "") ?? [];
    if (row && (type === "test:pass" || type === "test:fail")) {
      passed.set(row, type === "test:pass" && passed.get(row) !== false);
    }
  }
  yield "\nRows of the five products:\n";
  for (const [product, count] of Object.entries(ROWS)) {
    for (let number = 1; number <= count; number += 1) yield `  ${line(`${product} ${number}`, passed)}\n`;
  }
}

function line(row, passed) {
  const waiting = WAITING[row] && `waits for ${WAITING[row]}`;
  if (!passed.has(row) && !waiting) process.exitCode = 1;
  if (!passed.has(row)) return `${waiting ? " " : "✗"} ${row.padEnd(20)} ${waiting ?? "has no test"}`;
  if (!passed.get(row)) return `✗ ${row.padEnd(20)} does not hold`;
  return waiting ? `~ ${row.padEnd(20)} holds in part, ${waiting}` : `✓ ${row.padEnd(20)} holds`;
}
