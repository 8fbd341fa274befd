// Names the author of a change.

import type { Creator } from "../api/types";
import { T } from "../i18n";

/** "by Ada", or "by Backend for Ada" where an operator acted for a customer. Nothing where it isn't known. */
export function By({ actor }: { actor: Creator | null }) {
  if (!actor) return null;
  const name = <bdi>{actor.name}</bdi>;
  const values = { name, other: <bdi>{actor.on_behalf_of?.name}</bdi> };
  return (
    <span class="fine by">
      <T id={actor.on_behalf_of ? "by_for" : "by"} values={values} />
    </span>
  );
}
