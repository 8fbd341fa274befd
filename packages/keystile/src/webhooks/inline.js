// The entry for bundles that have no file beside their code: it contains the module, and awaits nothing.

import { initSync } from "./bindings.js";
import { module } from "./inline_module.js";

initSync({ module: module() });

export { providers, sign, Verifier, verify } from "./verifier.js";
