// Counts the bytes that a worker holds in buffers that it makes by length, and the length of its module's memory. A
// worker that is counted imports this first.

/** Shorter buffers are no bodies. */
const COUNTED_FROM = 64 * 1024;
let held = 0;
let most = 0;
let memory;

const Bytes = Uint8Array;
globalThis.Uint8Array = class extends Bytes {
  constructor(...given) {
    super(...given);
    if (typeof given[0] === "number") add(given[0]);
  }

  static [Symbol.hasInstance](value) {
    return Function.prototype[Symbol.hasInstance].call(Bytes, value);
  }
};
const { transfer } = ArrayBuffer.prototype;
ArrayBuffer.prototype.transfer = function (...given) {
  add(-this.byteLength);
  return transfer.apply(this, given);
};
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    memory = this.exports.memory;
  }
};

function add(bytes) {
  if (Math.abs(bytes) < COUNTED_FROM) return;
  held += bytes;
  most = Math.max(most, held);
}

/** Begins to count. */
export function beginCounting() {
  held = 0;
  most = 0;
}

/** The most that was held since then: bytes in buffers, now and at most, and in the module's memory. */
export const counted = () => ({ now: held, buffers: most, module: memory.buffer.byteLength });
