// The end of an object's instance. It comes from a timer, and never from a call out of WebAssembly: the platform would
// stop that call half-way, and other objects share its memory.

const AFTER_MS = 500;

export function endSoon(context) {
  setTimeout(() => context.abort("The object goes back to an earlier point."), AFTER_MS);
}
