// The figures that Keystile is held to: names, units and budgets, and how they are shown.

/** How many keys are stored where the part `verify` measures. */
export const STORED = [1_000, 10_000, 1_000_000];
const eachStored = (figures) => Object.assign({}, ...STORED.map(figures));

/** By name: the unit, the budget if there is one, and whether more of it is better. */
const FIGURES = {
  edge_kib: { unit: "KiB", budget: 170 },
  edge_startup_ms: { unit: "ms", budget: 25 },
  dashboard_kib: { unit: "KiB", budget: 150 },
  element_kib: { unit: "KiB", budget: 60 },
  guard_vs_bare: { unit: "ratio", budget: 1.15 },
  guard_vs_same_edits: { unit: "ratio", budget: 1.1 },
  guard_vs_hono: { unit: "ratio", budget: 1 },
  guard_vs_oauth: { unit: "ratio" },
  limited_vs_guard: { unit: "ratio", budget: 1.05 },
  refuse_vs_bare: { unit: "ratio", budget: 1.15 },
  verdict_us: { unit: "µs", budget: 5 },
  limits_over: { unit: "requests", budget: 0 },
  webhook_workers_256: { unit: "ratio", budget: 2, moreIsBetter: true },
  webhook_workers_1024: { unit: "ratio", budget: 2, moreIsBetter: true },
  webhook_hmac_workers_256: { unit: "ratio", budget: 1, moreIsBetter: true },
  webhook_hmac_workers_1024: { unit: "ratio", budget: 1, moreIsBetter: true },
  webhook_hmac_node_256: { unit: "ratio", budget: 0.8, moreIsBetter: true },
  webhook_hmac_node_1024: { unit: "ratio", budget: 0.8, moreIsBetter: true },
  webhook_64k_workers: { unit: "ratio", budget: 0.9, moreIsBetter: true },
  ...eachStored((stored) => ({
    [`guarded_cold_ms_${stored}`]: { unit: "ms", decimals: 2 },
    [`guarded_warm_ms_${stored}`]: { unit: "ms", decimals: 2 },
    [`verify_cold_ms_${stored}`]: { unit: "ms", decimals: 2 },
    [`verify_warm_ms_${stored}`]: { unit: "ms", decimals: 2 },
  })),
  revoke_p99_ms: { unit: "ms", decimals: 0, budget: 2000 },
  isolate_mib: { unit: "MiB", budget: 48 },
  creations_per_s: { unit: "per s", moreIsBetter: true },
  revocations_per_s: { unit: "per s", moreIsBetter: true },
  polls_per_s: { unit: "per s", moreIsBetter: true },
  relay_polls_per_s: { unit: "per s", moreIsBetter: true },
  relay_feed_calls: { unit: "per s", budget: 250 },
  first_start_s: { unit: "s", budget: 360 },
  init_start_s: { unit: "s", budget: 60 },
};

/** By unit, unless a figure has its own. */
const DECIMALS = { ratio: 2, KiB: 1, MiB: 1, ms: 1, "µs": 1, s: 0, "per s": 0, requests: 0 };
const decimalsOf = (name) => FIGURES[name].decimals ?? DECIMALS[FIGURES[name].unit];

/** Every figure: `{name, unit, budget, moreIsBetter}`. */
export const all = () => Object.entries(FIGURES).map(([name, each]) => ({ name, ...each }));

/**
 * One figure as target/bench.json has it. `values` are the rounds' own, whose lowest and highest are the spread. The
 * value is judged as it is shown: rounded. Without a budget `budget` and `met` are null.
 */
export function figure(name, value, values = [value]) {
  const { unit, budget = null, moreIsBetter = false } = FIGURES[name];
  const rounded = (number) => Number(number.toFixed(decimalsOf(name)));
  const shown = rounded(value);
  const holds = () => (moreIsBetter ? shown >= budget : shown <= budget);
  return {
    name,
    value: shown,
    unit,
    budget,
    met: budget === null ? null : holds(),
    spread: [rounded(lowest(values)), rounded(highest(values))],
  };
}

/** The ratio of two lists of rounds: of their medians, and of each round. */
export function ratio(name, above, below) {
  return figure(name, median(above) / median(below), above.map((each, round) => each / below[round]));
}

export const median = (values) => quantile(values, 0.5);

/** The value that this share of the values doesn't exceed. */
export const quantile = (values, share) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Not Math.min(...values), which takes no list of any length. */
const lowest = (values) => values.reduce((low, each) => Math.min(low, each));
const highest = (values) => values.reduce((high, each) => Math.max(high, each));

/** The figures as lines of a table. */
export function table(figures) {
  const lines = figures.map(({ name, value, unit, budget, met, spread: [low, high] }) => {
    const shown = (number) => number.toFixed(decimalsOf(name));
    const mark = met === null ? "" : met ? "✓" : "✗";
    const limit = budget === null ? "none" : `${FIGURES[name].moreIsBetter ? "at least" : "at most"} ${budget}`;
    return `| ${[mark, `\`${name}\``, shown(value), `${shown(low)} to ${shown(high)}`, unit, limit].join(" | ")} |`;
  });
  return ["| | figure | value | rounds | unit | budget |", "|---|---|---|---|---|---|", ...lines].join("\n");
}

/** The value for a measurement, or the one for `npm run bench -- --quick`, which only shows that everything runs. */
export const quick = (whole, short) => (process.env.KEYSTILE_BENCH_QUICK ? short : whole);
