// `npm test -- coverage`: checks that the end-to-end tests have seen every answer in docs/reference/openapi.json: each
// operation with each status, and each problem's code somewhere. It reads the records that tests/support/contract.mjs
// made in their last run.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { Failed } from "./run.mjs";
import { inRoot } from "./tools.mjs";

/** The answers that no test can cause, `"operationId status"` or `"CODE"`, each with the reason. */
const OUT_OF_REACH = {};

export function checkCoverage() {
  const document = JSON.parse(readFileSync(inRoot("docs", "reference", "openapi.json"), "utf8"));
  const seen = seenAnswers();
  const documented = [...answersOf(document), ...codesOf(document.components).map((code) => `code ${code}`)];
  const unseen = documented.filter((answer) => !seen.has(answer) && !OUT_OF_REACH[answer.replace("code ", "")]);
  const stale = Object.keys(OUT_OF_REACH).filter((answer) => seen.has(answer) || seen.has(`code ${answer}`));
  if (unseen.length) {
    throw new Failed(
      `docs/reference/openapi.json documents what no end-to-end test has seen:\n${unseen.map((each) => `  ${each}\n`).join("")}` +
        "Exercise it (tests/e2e/management/openapi.test.mjs), or take it out of the document. If no test can bring it about,\n" +
        "say why in OUT_OF_REACH of scripts/coverage.mjs.",
    );
  }
  if (stale.length) throw new Failed(`OUT_OF_REACH of scripts/coverage.mjs has what a test has seen: ${stale.join(", ")}`);
  console.log(`✓ All ${documented.length} answers and codes of docs/reference/openapi.json were seen.`);
}

function seenAnswers() {
  const directory = inRoot("build", "contract");
  if (!existsSync(directory)) throw new Failed("No end-to-end test has run yet: npm test -- e2e coverage");
  const lines = readdirSync(directory).flatMap((file) => readFileSync(path.join(directory, file), "utf8").trim().split("\n"));
  return new Set(lines.flatMap((line) => {
    const [operation, status, code] = line.split(" ");
    return [`${operation} ${status}`, `code ${code}`];
  }));
}

function answersOf({ paths }) {
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  const each = operations.flatMap(({ operationId, responses }) => Object.keys(responses).map((status) => `${operationId} ${status}`));
  return [...each, "NoSuchPath 404", "MethodNotAllowed 405"];
}

/** All codes of problems, at any place. */
function codesOf(node, codes = new Set()) {
  const { status, code } = node?.properties ?? {};
  if (status?.const >= 400) for (const each of code.enum ?? [code.const]) codes.add(each);
  if (node && typeof node === "object") for (const child of Object.values(node)) codesOf(child, codes);
  return [...codes];
}
