// The edge worker, with a handle that tells the data points that it wrote. The code in between is the deployed one.

import edge from "../../../crates/edge/entry.js";
import { recording, takeWritten } from "./points.js";

export { Guard } from "../../../crates/edge/entry.js";

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === "/__points") return takeWritten();
    return edge.fetch(request, recording(env), context);
  },
};
