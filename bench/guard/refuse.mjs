// Answers what Keystile answers to a forged key, body and headers, without looking at the request.

import { refusal } from "./edits.mjs";

export default { fetch: () => refusal() };
