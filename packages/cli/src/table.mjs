// All commands, in the order of `keystile --help`.
//
//   name       the words after `keystile`, such as "keys create"
//   summary    a line of the help
//   arguments  [{ name, summary, optional, rest, values }]; `rest` takes any number, and is the last
//   options    as node:util's parseArgs takes them, each with a `summary`, and `value`, the name of its value; `values`
//              are those that a shell completes
//   details    more lines of the command's own help
//   run        ({ values, positionals, io, commands }) => undefined, or the exit code

import { API_COMMANDS } from "./commands/table.mjs";
import { PROJECT_COMMANDS } from "./project/commands.mjs";

export const COMMANDS = [...PROJECT_COMMANDS, ...API_COMMANDS];
