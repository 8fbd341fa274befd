// Uses for billing, by month: of a tenant, or of all.

import { useState } from "preact/hooks";

import { useApp } from "../../app";
import { Card } from "../parts/page";
import { ExportButton, fileName } from "./button";
import { billableMonths, billedUses, type Month } from "./exports";

const DOCUMENT = "https://github.com/keystile/keystile/blob/main/docs/reference/management-api.md#uses-for-billing";

export function BillingCard({ tenant }: { tenant?: string }) {
  const { locale } = useApp().i18n;
  const [months] = useState(() => billableMonths(Date.now()));
  const [chosen, setChosen] = useState(() => (months.find(({ partial }) => !partial) ?? months[0])?.name);
  const month = months.find(({ name }) => name === chosen);
  if (!month) return null;
  return (
    <Card title="Uses for billing">
      <p class="fine">
        Each use once, by hour, key and code, in a file that is <a href={DOCUMENT}>signed</a>.
        {tenant === undefined && " Of all tenants."}
      </p>
      <div class="export">
        <select aria-label="Month" value={month.name} onChange={(event) => setChosen(event.currentTarget.value)}>
          {months.map((each) => (
            <option key={each.name} value={each.name}>
              {nameOf(each, locale)}
            </option>
          ))}
        </select>
        <ExportButton
          key={month.name}
          label="Export uses"
          of={() => billedUses(tenant, month)}
          name={() => fileName("uses", tenant ?? "all", month.name)}
          noun="{n|one={n} line|other={n} lines}"
        />
      </div>
    </Card>
  );
}

/** "October 2026", of UTC. */
function nameOf({ from, partial }: Month, locale: string): string {
  const name = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(from));
  return partial ? `${name}, so far` : name;
}
