// An entry of the audit log as a sentence.

import type { ComponentChildren } from "preact";

import type { AuditEntry, OperatorSession } from "../../api/types";
import { Link, useApp } from "../../app";
import { holds } from "../../rights";

export interface SentenceProps {
  entry: AuditEntry;
  /** The tenant that the log belongs to; undefined for the operators' log. */
  tenant: string | undefined;
  /** The operator who reads the log. */
  reader: OperatorSession["operator"];
}

/** "Olga revoked the key Zapier for Ann (u_7)." */
export function Sentence(props: SentenceProps) {
  const { i18n } = useApp();
  const { entry } = props;
  return (
    <>
      <bdi class="strong">{entry.actor.name}</bdi> {deed(props, i18n.number)}
      {entry.on_behalf_of && (
        <>
          {" "}
          for <bdi class="strong">{entry.on_behalf_of.name}</bdi> (<bdi>{entry.on_behalf_of.id}</bdi>)
        </>
      )}
    </>
  );
}

function deed(props: SentenceProps, number: (value: number) => string): ComponentChildren {
  const { entry } = props;
  const it = <Subject {...props} />;
  const to = (field: string): unknown => entry.detail[field]?.to;
  switch (entry.action) {
    case "created":
      return to("rotated_from") ? <>made {it} in place of another</> : <>created {it}</>;
    case "changed":
      return <>changed {it}</>;
    case "disabled":
      return <>disabled {it}</>;
    case "enabled":
      return <>enabled {it}</>;
    case "revoked":
      return <>revoked {it}</>;
    case "exposed":
      return <>reported {entry.key_id ? it : "a root key"} as found where it doesn’t belong</>;
    case "rotated":
      return <>rotated {it}</>;
    case "imported":
      return <>imported {it}</>;
    case "adopted":
      return <>took over {it}, which the ledger had lost when it was put back</>;
    case "suspended":
      return "suspended the tenant";
    case "resumed":
      return "resumed the tenant";
    case "erased":
      return "ordered the tenant to be erased";
    case "overlap_begun":
      return <>saw the first use of the successor of {it}: from then on both work for the overlap alone</>;
    case "rotation_cancelled":
      return <>took back the end that a rotation had set for {it}</>;
    case "metadata_erased":
      return <>erased the metadata of {it}, and its earlier values from this log</>;
    case "limits_changed":
      return entry.key_id ? <>changed the limits of {it}</> : "changed the tenant’s plan or limits";
    case "quota_added":
      return (
        <>
          added {number(Number(to("amount") ?? 0))} to the quota <code>{String(to("quota") ?? "")}</code>
          {entry.key_id && <> of {it}</>}
        </>
      );
    case "limits_restored":
      return "ordered the counts of the tenant’s limits back to an earlier point";
    case "restored":
      return "restored the whole ledger from an export";
    case "session_begun":
      return "signed in";
    case "dead_letter_redriven":
      return <>sent {it} again</>;
    case "dead_letter_discarded":
      return <>discarded {it}</>;
    case "dead_letter_read":
      return <>read the body of {it}</>;
    case "handshake_revealed":
      return (
        <>
          saw the secret that a sender told <code>{String(to("source") ?? "")}</code>
        </>
      );
    case "delivery_replayed":
      return <>had {it} delivered once more</>;
    case "endpoint_created":
      return <>created {it}</>;
    case "endpoint_changed":
      return <EndpointChange detail={entry.detail}>{it}</EndpointChange>;
    case "endpoint_deleted":
      return <>deleted {it}</>;
    case "endpoint_secret_rotated":
      return <>gave {it} a new secret</>;
    case "event_redriven":
      return to("event") ? (
        <>
          sent the event <code>{String(to("event"))}</code> to {it} again
        </>
      ) : (
        <>
          sent {to("redriven") === undefined ? "all undelivered events" : events(Number(to("redriven")), number)} to {it}{" "}
          again
        </>
      );
    case "event_discarded":
      return (
        <>
          discarded the event <code>{String(to("event") ?? "")}</code> for {it}
        </>
      );
    default:
      return entry.action satisfies never;
  }
}

const events = (count: number, number: (value: number) => string): string =>
  count === 1 ? "1 undelivered event" : `${number(count)} undelivered events`;

/** A pause, its end, or another change of an endpoint. */
function EndpointChange({ detail, children }: { detail: AuditEntry["detail"]; children: ComponentChildren }) {
  const others = Object.keys(detail).some((field) => field !== "endpoint" && field !== "status");
  const { from, to } = detail["status"] ?? {};
  if (others || to === undefined) return <>changed {children}</>;
  if (to === "paused") return <>paused {children}</>;
  return from === "disabled" ? <>made {children} active again</> : <>ended the pause of {children}</>;
}

/** The thing that was acted on; a link where the reader may see it. */
function Subject({ entry, tenant, reader }: SentenceProps): ComponentChildren {
  const event = entry.dead_letter ?? entry.delivery;
  if (event) {
    const { id, source } = event;
    return (
      <>
        the event <code>{id}</code> of{" "}
        {holds(reader, "webhooks:read") ? (
          <Link to={{ page: "webhooks", source, ...(entry.delivery && { list: "deliveries" }) }}>{source}</Link>
        ) : (
          source
        )}
      </>
    );
  }
  const endpoint = entry.detail["endpoint"]?.to;
  if (endpoint) {
    const id = <code>{String(endpoint)}</code>;
    const linked = holds(reader, "events:read") && entry.action !== "endpoint_deleted";
    return (
      <>
        the endpoint{" "}
        {linked ? <Link to={{ page: "events", tenant, endpoint: String(endpoint) }}>{id}</Link> : id}
      </>
    );
  }
  if (!entry.key_id) return tenant === undefined ? "something" : "the tenant";
  const name = <bdi>{entry.key_name ?? entry.key_id}</bdi>;
  if (tenant === undefined) {
    return (
      <>
        the operator <span class="strong">{name}</span>
      </>
    );
  }
  return (
    <>
      the key{" "}
      {holds(reader, "keys:read") ? (
        <Link to={{ page: "keys", tenant, key: entry.key_id }}>{name}</Link>
      ) : (
        <span class="strong">{name}</span>
      )}
    </>
  );
}
