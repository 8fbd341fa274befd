// Which key a dialog is about.

import type { Key } from "../api/types";
import { useApp } from "../app";
import { Time } from "../i18n";

export function KeyLine({ value }: { value: Key }) {
  const { i18n } = useApp();
  return (
    <p class="key-line">
      <strong>
        <bdi>{value.name}</bdi>
      </strong>
      <code dir="ltr">{value.display}…</code>
      <span class="fine">
        {value.last_used_at ? (
          <>
            {i18n.t("last_used")} <Time value={value.last_used_at} />
          </>
        ) : (
          i18n.t("never_used")
        )}
      </span>
    </p>
  );
}
