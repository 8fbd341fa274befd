// Which endpoint a dialog is about.

import type { EventEndpoint } from "../../api/types";

export function EndpointLine({ value }: { value: EventEndpoint }) {
  return (
    <p class="key-line">
      <strong>
        <bdi>{value.url}</bdi>
      </strong>
      {value.description && (
        <span class="fine">
          <bdi>{value.description}</bdi>
        </span>
      )}
    </p>
  );
}
