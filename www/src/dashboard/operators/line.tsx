// Which operator a dialog is about.

import type { Operator } from "../../api/types";
import { Time } from "../../i18n";

export function OperatorLine({ value }: { value: Operator }) {
  return (
    <p class="key-line">
      <strong>
        <bdi>{value.name}</bdi>
      </strong>
      <code dir="ltr">{value.display}…</code>
      <span class="fine">
        {value.tenant === "*" ? "All tenants" : <bdi>{value.tenant}</bdi>}
        {" · "}
        {value.last_used_at ? (
          <>
            Last used <Time value={value.last_used_at} />
          </>
        ) : (
          "Never used"
        )}
      </span>
    </p>
  );
}
