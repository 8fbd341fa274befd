// The two lists of a source.

import { useApp } from "../../app";
import { firstPage } from "../../components/paging";
import { Segments } from "../parts/page";

export function Lists({ value }: { value: "deliveries" | "undelivered" }) {
  const { router } = useApp();
  return (
    <Segments
      label="Which events"
      values={[
        ["deliveries", "Deliveries"],
        ["undelivered", "Undelivered"],
      ]}
      value={value}
      onChange={(to) => router.set({ list: to === "deliveries" ? to : undefined, ...firstPage() })}
    />
  );
}
