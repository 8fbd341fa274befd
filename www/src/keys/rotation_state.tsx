// How a rotation that is under way will end the old key, and whether that hurts anybody.

import type { Key } from "../api/types";
import { Link, useApp } from "../app";
import { Time } from "../i18n";
import { Subtitle, useKeys } from "./context";
import type { Open } from "./dialogs";

type End = NonNullable<Key["pending_end"]>;

export function RotationState({ value, end, onOpen }: { value: Key; end: End; onOpen: (open: Open) => void }) {
  const { router, i18n } = useApp();
  const { rights } = useKeys();
  const { t } = i18n;
  const overlap = i18n.duration(end.overlap_seconds);
  return (
    <div class={end.still_in_use ? "notice warn" : "notice"} part="rotation">
      <Subtitle>{t("rotation.title")}</Subtitle>
      <p>
        {t(end.awaiting_first_use ? "rotation.awaiting" : "rotation.begun", { overlap })} {t("rotation.latest")}{" "}
        <Time value={end.at} form="minute" /> (<Time value={end.at} />).
      </p>
      <p>
        <strong>{t(end.still_in_use ? "rotation.in_use" : "rotation.not_in_use")}</strong>{" "}
        {value.last_used_at && (
          <>
            {t("last_used")} <Time value={value.last_used_at} />.
          </>
        )}
      </p>
      <p class="actions">
        {value.rotated_to && (
          <Link to={{ ...router.params.value, log: undefined, key: value.rotated_to }} class="button">
            {t("rotation.successor")}
          </Link>
        )}
        {rights.write && (
          <button type="button" class="button" onClick={() => onOpen({ kind: "cancel", key: value })}>
            {t("action.cancel_rotation")}
          </button>
        )}
      </p>
    </div>
  );
}
