// A dataset of Analytics Engine that remembers what is written to it. The local platform's own takes the same points and
// keeps none.

const written = [];

/** The bindings of a worker, with this dataset in place of its own. */
export const recording = (env) =>
  new Proxy(env, {
    get: (bindings, name) => (name === "METRICS" ? { writeDataPoint: (point) => write(bindings, point) } : bindings[name]),
  });

function write({ METRICS }, point) {
  METRICS.writeDataPoint(point);
  written.push(point);
}

/** The points that were written since the last call. */
export const takeWritten = () => Response.json(written.splice(0));
