// The time from an empty folder to a guarded call without Rust: `npm create keystile`, `npm install`, `npm start`, and a
// key, with an empty HOME and the packed packages. What npm downloads is in it.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import { writeFileSync } from "node:fs";

import { asProgram } from "../../scripts/run.mjs";
import { newcomer } from "../../tests/packages/newcomer.mjs";
import { figure } from "../figures.mjs";

await asProgram(async () => {
  const { seconds } = await newcomer();
  console.log(`seconds until the end of each step: ${JSON.stringify(seconds)}`);
  writeFileSync(process.argv[2], JSON.stringify([figure("init_start_s", seconds.call)]));
});
