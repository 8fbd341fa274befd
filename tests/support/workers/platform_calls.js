// Counts the work that a worker makes the platform do: calls between JavaScript and WebAssembly, objects of the platform,
// calls of their methods, and timers. Import it before the worker, whose instance it has to see.

const SEEN = {
  Headers: ["append", "delete", "entries", "forEach", "get", "getSetCookie", "has", "keys", "set", "values", Symbol.iterator],
  Request: ["cf", "clone", "headers", "method", "signal", "url"],
  Response: ["clone", "headers", "status"],
  URL: [],
  TextDecoder: ["decode"],
  TextEncoder: ["encode", "encodeInto"],
  AbortController: [],
  ReadableStream: ["tee", "pipeThrough", "getReader"],
};

let counts;

const count = (what) => {
  if (counts) counts[what] = (counts[what] ?? 0) + 1;
};
const counted = (what, call) =>
  function (...given) {
    count(what);
    return call.apply(this, given);
  };

function watch(prototype, member, what) {
  const { value, get, ...rest } = Object.getOwnPropertyDescriptor(prototype, member) ?? {};
  if (!value && !get) throw new Error(`The platform has no ${what}.`);
  const seen = value ? { ...rest, value: counted(what, value) } : { ...rest, get: counted(what, get) };
  Object.defineProperty(prototype, member, seen);
}

// The calls that requests and responses have in common.
watch(Object.getPrototypeOf(Request.prototype), "body", "body");
for (const [name, members] of Object.entries(SEEN)) {
  const original = globalThis[name];
  for (const member of members) watch(original.prototype, member, `${name}.${member === Symbol.iterator ? "entries" : member}`);
  globalThis[name] = new Proxy(original, {
    construct(target, given, made) {
      count(`new ${name}`);
      return Reflect.construct(target, given, made);
    },
  });
}

for (const name of ["fetch", "setTimeout", "clearTimeout", "queueMicrotask"]) {
  globalThis[name] = counted(name, globalThis[name]);
}
Date.now = counted("Date.now", Date.now);

const functions = (all, seen) =>
  Object.fromEntries(Object.entries(all).map(([name, each]) => [name, typeof each === "function" ? seen(name, each) : each]));

const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  // The names that wasm-bindgen makes end in a hash.
  const imported = (name, call) => counted(`import ${name.replace(/^__wbg_+/, "").replace(/_[0-9a-f]{16}$/, "")}`, call);
  const from = Object.entries(imports).map(([name, all]) => [name, functions(all, imported)]);
  const instance = new Instance(module, Object.fromEntries(from));
  return { exports: functions(instance.exports, (name, call) => counted(`export ${name}`, call)) };
};

/** The platform's calls while `work` is done, by name and number. Nothing else may run meanwhile. */
export async function platformCalls(work) {
  counts = {};
  try {
    const result = await work();
    return { result, calls: counts };
  } finally {
    counts = undefined;
  }
}

/** A service binding or a context whose method is counted. */
export const counting = (object, name, method) =>
  new Proxy(object, {
    get: (target, member) => (member === method ? (...given) => (count(name), target[method](...given)) : target[member]),
  });
