// A worker's Rust that traps on command: at `/__trap` in its handler, at `/__trap_later` in a microtask that no caller
// waits for, at `/__trap` of one of its objects in that object's method.

/** Calls an object's method in WebAssembly with an address outside of its memory, which causes a real trap. */
function trap(rust, object) {
  const nowhere = Object.create(rust[object].prototype);
  nowhere.__wbg_ptr = 0xffff_fff0;
  return nowhere.alarm();
}

const pathOf = (request) => new URL(request.url).pathname;

export const trapping = (rust, objects) => ({
  ...rust,
  fetch(request, env, context) {
    if (pathOf(request) === "/__trap") return trap(rust, objects[0]);
    if (pathOf(request) === "/__trap_later") {
      queueMicrotask(() => trap(rust, objects[0]));
      return Response.json(null);
    }
    return rust.fetch(request, env, context);
  },
  ...Object.fromEntries(objects.map((name) => [name, trappingObject(rust, name)])),
});

const trappingObject = (rust, name) =>
  class extends rust[name] {
    async fetch(request) {
      return pathOf(request) === "/__trap" ? trap(rust, name) : super.fetch(request);
    }
  };
