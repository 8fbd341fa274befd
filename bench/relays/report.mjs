// Prints what the load did, and says whether every change came to every isolate in time.

import { Failed } from "../../scripts/run.mjs";
import { median, quantile } from "../figures.mjs";

/** Prints the calls and polls of each phase. */
export function print(phases) {
  const relays = ["all regional relays", "the busiest of them", "all local relays", "the busiest of them"];
  console.log(`| | the feed | ${relays.join(" | ")} | the runtime's CPU |\n|---|---|---|---|---|---|---|`);
  for (const { title, seconds, cpu } of phases) {
    const shown = ["feed", "regional", "busiestRegional", "local", "busiestLocal"].map((name) => {
      const values = seconds.map((second) => second[name]);
      return `${median(values).toFixed(0)}, at most ${Math.max(...values).toFixed(0)}`;
    });
    console.log(`| ${title} | ${shown.join(" | ")} | ${(cpu * 100).toFixed(0)}% |`);
  }
  const headings = ["polls", "cold ones", "failed", "answered in, ms", "age of the view, ms", "without a fresh view"];
  console.log(`\n| | ${headings.join(" | ")} |`);
  console.log("|---|---|---|---|---|---|---|");
  for (const { title, polls } of phases) {
    const answered = polls.filter(({ failed }) => !failed);
    const share = (values, share) => quantile(values, share).toFixed(0);
    const spread = (values) => `${share(values, 0.5)}, 99 of 100 below ${share(values, 0.99)}`;
    const stale = answered.filter((poll) => poll.stale > 0);
    const longest = stale.reduce((most, poll) => Math.max(most, poll.stale), 0);
    const cells = [
      polls.length,
      polls.filter(({ cold }) => cold).length,
      polls.length - answered.length,
      spread(answered.map(({ took }) => took)),
      spread(answered.map(({ age }) => age)),
      stale.length ? `${stale.length}, for at most ${longest.toFixed(0)} ms` : "none",
    ];
    console.log(`| ${title} | ${cells.join(" | ")} |`);
  }
  const changing = phases.find(({ changes }) => changes);
  const most = (name) => Math.max(...changing.seconds.map((second) => second[name])).toFixed(0);
  console.log(`\nOf the feed's calls in the last phase at most ${most("publications")} a second were the ledger's,`);
  console.log(`and ${most("records")} read records.`);
}

/** Fails unless every change came to every isolate before it counted as effective. */
export function judge(isolates, { changes }) {
  const delays = [];
  let [missed, late, parts, without] = [0, 0, 0, 0];
  for (const life of isolates.flatMap(({ lives }) => lives)) {
    for (const { digest, version, sent, answered, effective } of changes) {
      // One that began later may have begun with this change.
      if (!(life.began < sent && life.ended >= effective)) continue;
      const seen = life.seen.get(digest)?.find((entry) => entry.version >= version);
      if (!seen) missed += 1;
      else {
        delays.push(Math.max(0, seen.at - answered));
        if (seen.at > effective) late += 1;
      }
    }
    for (const { key, version, received } of life.parts) {
      const due = changes.filter(({ digest, effective }) => digest === key && effective <= received);
      parts += 1;
      if (due.some((change) => change.version > version)) without += 1;
    }
  }
  const records = isolates.flatMap((isolate) => isolate.records);
  const notThere = records.filter((got) => !got).length;
  const [half, ninetyNine] = [0.5, 0.99].map((share) => quantile(delays, share).toFixed(0));
  const last = delays.reduce((most, each) => Math.max(most, each), 0).toFixed(0);
  console.log(`\n${changes.length} changes came to the isolates ${half} ms after their answers, 99 of 100 within`);
  console.log(`${ninetyNine}, the last after ${last}. Cold isolates read ${parts} parts.`);
  console.log(`${records.length} records were asked for, of which ${notThere} weren't there.`);
  if (!delays.length || missed || late || without) {
    const times = delays.length + missed;
    throw new Failed(
      `Of ${times} times that an isolate should have learnt of a change, ${missed} were missed and ${late} late. ` +
        `Of ${parts} parts ${without} lacked one.`,
    );
  }
}
