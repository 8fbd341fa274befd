// V8's inspector of a worker's isolate: its heap, and the places where it spends its time.

import { Failed } from "../scripts/run.mjs";

const SAMPLING_MICROSECONDS = 100;

/**
 * The memory of a worker's isolate once its garbage was collected, in bytes: `heap`, what JavaScript uses, and
 * `buffers`, what it holds outside of its heap. WebAssembly's memory is in neither.
 */
export const memoryOf = (inspector, worker) =>
  inspect(inspector, worker, async (send) => {
    // A snapshot begins with a collection. workerd never answers to `collectGarbage`.
    await send("HeapProfiler.enable");
    await send("HeapProfiler.takeHeapSnapshot");
    const usage = await send("Runtime.getHeapUsage");
    return { heap: usage.usedSize + usage.embedderHeapUsedSize, buffers: usage.backingStorageSize };
  });

/** The share of a worker's time that WebAssembly's functions took while `action` ran, by samples of V8's profiler. */
export const shareOfModule = (inspector, worker, action) =>
  inspect(inspector, worker, async (send) => {
    await send("Profiler.enable");
    await send("Profiler.setSamplingInterval", { interval: SAMPLING_MICROSECONDS });
    await send("Profiler.start");
    await action();
    const { profile } = await send("Profiler.stop");
    const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
    const samples = profile.samples.map((id) => places.get(id)).filter(({ functionName }) => functionName !== "(idle)");
    const inModule = samples.filter(({ url }) => url.startsWith("wasm://"));
    if (!inModule.length) throw new Failed(`V8's profiler saw no WebAssembly in ${samples.length} samples.`);
    return inModule.length / samples.length;
  });

/** Runs `use` with a connection to the worker's isolate: `send(method, parameters)`. */
async function inspect(inspector, worker, use) {
  const targets = await (await fetch(new URL("/json", `http://${inspector.host}`))).json();
  const target = targets.find(({ id }) => id === `core:user:${worker}`);
  if (!target) throw new Failed(`The inspector shows no ${worker}: ${targets.map(({ id }) => id).join(", ")}`);
  const socket = await connect(target.webSocketDebuggerUrl);
  const waiting = new Map();
  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error) reject?.(new Failed(`The inspector: ${error.message}`));
    else resolve?.(result);
  };
  let number = 0;
  const send = (method, params) =>
    new Promise((resolve, reject) => {
      number += 1;
      waiting.set(number, { resolve, reject });
      socket.send(JSON.stringify({ id: number, method, params }));
    });
  try {
    return await use(send);
  } finally {
    socket.close();
  }
}

async function connect(url) {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Failed(`The inspector doesn't listen at ${url}.`));
  });
  return socket;
}
