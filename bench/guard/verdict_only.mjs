// Keeps the edge from forwarding while verdicts are counted.

let forwarded;

const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const seen = (all) =>
    Object.fromEntries(Object.entries(all).map(([name, each]) => [name, /^__wbg_forward_/.test(name) ? unless(each) : each]));
  return new Instance(module, Object.fromEntries(Object.entries(imports).map(([name, all]) => [name, seen(all)])));
};

const unless = (forward) =>
  function (...given) {
    if (forwarded === undefined) return forward(...given);
    forwarded += 1;
  };

/** Judges so many times, and returns how many of the verdicts let the request through from the isolate's memory. */
export function judging(times, judge) {
  forwarded = 0;
  try {
    for (let time = 0; time < times; time += 1) judge();
    return forwarded;
  } finally {
    forwarded = undefined;
  }
}
