// The layer between the platform and a Rust worker: it exposes exactly the worker's handlers and Durable Objects, and
// makes objects outlive a trap.
//
// A panic, exhausted memory, or any other trap leaves an instance of WebAssembly whose memory can't be trusted. The
// bindings that wasm-bindgen makes notice this in every call, including a promise's callback, and the next handler
// begins in a new instance (`force_enable_abort_handler`, and `worker`'s start function, which asks for it). The
// request that trapped fails, and so do those that were in flight. crates/bindgen makes sure that none of their
// callbacks runs in the new memory. The remaining work is here: an object holds an address in the old instance's
// memory, so it is made anew.

/** The worker's default export. It is an object, so none of its functions can be called by RPC. */
export const handlers = (rust, names) => Object.fromEntries(names.map((name) => [name, rust[name]]));

/** The class of a Durable Object, with these methods. It has no superclass, so none of them can be called by RPC. */
export function durableObject(rust, name, methods) {
  return class {
    #given;
    #object;
    #instance;

    constructor(...given) {
      this.#given = given;
      this.#living();
    }

    static {
      for (const method of methods) {
        this.prototype[method] = function (...given) {
          return this.#living()[method](...given);
        };
      }
    }

    /** The Rust object, in the instance that the next call uses. */
    #living() {
      // This is a call too. After a trap, the new instance begins here and not in the object's method.
      const { instanceId } = rust.__worker_init_state();
      if (this.#instance !== instanceId) {
        this.#object = new rust[name](...this.#given);
        this.#instance = instanceId;
      }
      return this.#object;
    }
  };
}
