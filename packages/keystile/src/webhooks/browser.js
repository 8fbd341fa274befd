// The entry for browsers and their bundlers: the module is fetched from beside this file.

import init from "./bindings.js";

await init();

export { providers, sign, Verifier, verify } from "./verifier.js";
