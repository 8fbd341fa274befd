// The figures that Keystile is held to: names, units and budgets, and how they are shown.

/** By name: the unit, the budget, and whether more of it is better. */
const FIGURES = {
  guard_vs_bare: { unit: "ratio", budget: 1.15 },
  guard_vs_same_edits: { unit: "ratio", budget: 1.1 },
  guard_vs_hono: { unit: "ratio", budget: 1 },
  refuse_vs_bare: { unit: "ratio", budget: 1.15 },
  verdict_us: { unit: "µs", budget: 5 },
  limited_vs_guard: { unit: "ratio", budget: 1.05 },
  limits_over: { unit: "requests", budget: 0 },
  webhook_workers_256: { unit: "ratio", budget: 2, moreIsBetter: true },
  webhook_workers_1024: { unit: "ratio", budget: 2, moreIsBetter: true },
  webhook_hmac_workers_256: { unit: "ratio", budget: 1, moreIsBetter: true },
  webhook_hmac_workers_1024: { unit: "ratio", budget: 1, moreIsBetter: true },
  webhook_hmac_node_256: { unit: "ratio", budget: 0.8, moreIsBetter: true },
  webhook_hmac_node_1024: { unit: "ratio", budget: 0.8, moreIsBetter: true },
  webhook_64k_workers: { unit: "ratio", budget: 0.9, moreIsBetter: true },
  edge_kib: { unit: "KiB", budget: 170 },
  edge_startup_ms: { unit: "ms", budget: 25 },
  dashboard_kib: { unit: "KiB", budget: 150 },
  element_kib: { unit: "KiB", budget: 60 },
};

const DECIMALS = { ratio: 2, KiB: 1, ms: 1, requests: 0, µs: 1 };

/**
 * One figure as target/bench.json has it. `values` are the rounds' own, whose lowest
 * and highest are the spread. The value is judged as it is shown: rounded.
 */
export function figure(name, value, values = [value]) {
  const { unit, budget, moreIsBetter = false } = FIGURES[name];
  const rounded = (number) => Number(number.toFixed(DECIMALS[unit]));
  const shown = rounded(value);
  return {
    name,
    value: shown,
    unit,
    budget,
    met: moreIsBetter ? shown >= budget : shown <= budget,
    spread: [rounded(Math.min(...values)), rounded(Math.max(...values))],
  };
}

/** What divides two lists of rounds: the ratio of their medians, and of each round. */
export function ratio(name, above, below) {
  return figure(name, median(above) / median(below), above.map((each, round) => each / below[round]));
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** The figures as lines of a table. */
export function table(figures) {
  const lines = figures.map(({ name, value, unit, budget, met, spread: [low, high] }) => {
    const shown = (number) => number.toFixed(DECIMALS[unit]);
    const limit = `${FIGURES[name].moreIsBetter ? "at least" : "at most"} ${budget}`;
    const cells = [met ? "✓" : "✗", `\`${name}\``, shown(value), `${shown(low)} to ${shown(high)}`, unit, limit];
    return `| ${cells.join(" | ")} |`;
  });
  return ["| | figure | value | rounds | unit | budget |", "|---|---|---|---|---|---|", ...lines].join("\n");
}
