// The calls of `keystile` in a text, and the command line's word on them.

import { main } from "../../packages/cli/src/main.mjs";
import { COMMANDS } from "../../packages/cli/src/table.mjs";
import { commandsIn } from "./shell.mjs";

/** The calls of `keystile` in a text for a shell: `at`, and the arguments. */
export function callsOf({ at, text }) {
  const commands = commandsIn(text).map((words) => (words[0] === "npx" ? words.slice(1) : words));
  return commands.filter(([program]) => program === "keystile").map(([, ...args]) => ({ at, args }));
}

/**
 * The mistakes that the command line itself tells of these calls, its commands doing nothing. If `lenient`, arguments
 * may be missing.
 */
export async function wrongOf(calls, { lenient = false } = {}) {
  const commands = COMMANDS.map((command) => ({ ...command, run: () => 0 }));
  const wrong = [];
  for (const { at, args } of calls) {
    let said = "";
    const io = { out: () => {}, say: (text) => (said += text) };
    const code = await main(args, { commands, io });
    if (code !== 0 && !(lenient && /^Write the /.test(said))) wrong.push(`${at}: keystile ${args.join(" ")}: ${said.split("\n")[0]}`);
  }
  return wrong;
}
