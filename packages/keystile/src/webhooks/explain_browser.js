// `explain` for browsers and their bundlers: the module is fetched from beside this file.

import init from "./explain_bindings.js";

await init();

export { explain } from "./explain.js";
