// The layer between the platform and a Rust worker: exactly its handlers and
// its Durable Objects, and objects that outlive a trap.
//
// A panic, memory that ran out, or any other trap leaves an instance of
// WebAssembly whose memory can't be trusted. The bindings that wasm-bindgen makes
// notice it in every call, a promise's callback included, and the next handler
// begins in a new instance (`force_enable_abort_handler`, and `worker`'s start
// function, which asks for it). The request that trapped fails, and with it those
// that were in flight: crates/bindgen sees to it that none of their callbacks
// runs in the new memory. What is left to do here: an object holds an address in
// the old instance's memory, so it is made anew.

/** The worker's default export. It is an object: none of its functions can be called by RPC. */
export const handlers = (rust, names) => Object.fromEntries(names.map((name) => [name, rust[name]]));

/** The class of a Durable Object, with these methods. It has no superclass: none of them can be called by RPC. */
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
      // Asking is a call too: after a trap, the new instance begins here, not in the object's method.
      const { instanceId } = rust.__worker_init_state();
      if (this.#instance !== instanceId) {
        this.#object = new rust[name](...this.#given);
        this.#instance = instanceId;
      }
      return this.#object;
    }
  };
}
