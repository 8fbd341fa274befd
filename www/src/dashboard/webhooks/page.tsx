// The sources of webhooks; or, with one in the address, its recent deliveries or the events that couldn't be delivered.

import type { WebhookSource } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Badge } from "../../components/status";
import { Table } from "../../components/table";
import { holds } from "../../rights";
import { adopt } from "../../styles/sheets";
import type { PageProps } from "../pages";
import { Frame } from "../parts/page";
import { DeadLetters } from "./dead_letters";
import { Deliveries } from "./deliveries";
import { MODES, providerOf, REPLAYS, TOLD_APART_BY } from "./source";
import styles from "./webhooks.css";

adopt(document, styles);

export default function WebhooksPage({ session }: PageProps) {
  const { client, router } = useApp();
  const wanted = router.params.value["source"];
  const sources = useQuery(client, [], (signal) =>
    client.get("/v1/webhooks", { signal }).then(({ data }) => data.sources),
  );
  if (wanted !== undefined) {
    const source = sources.data?.find((each) => each.source === wanted);
    const List = router.params.value["list"] === "deliveries" ? Deliveries : DeadLetters;
    return (
      <List
        key={wanted}
        name={wanted}
        source={source}
        unknown={sources.data !== undefined && !source}
        write={holds(session.operator, "webhooks:write")}
      />
    );
  }
  return (
    <Frame
      title="Webhooks"
      lead="The sources that keystile.toml describes, and what came of their deliveries."
    >
      {sources.problem && <ProblemView problem={sources.problem} onRetry={sources.reload} />}
      {!sources.data && sources.loading && <Loading rows={4} />}
      {sources.data && <Sources sources={sources.data} />}
      <p class="fine">
        A sender’s delivery is refused? <a href="/debugger">The debugger</a> finds out why its signature doesn’t fit.
      </p>
    </Frame>
  );
}

function Sources({ sources }: { sources: readonly WebhookSource[] }) {
  return (
    <Table
      caption="Sources of webhooks"
      rows={sources}
      keyOf={({ source }) => source}
      columns={[
        {
          id: "source",
          label: "Source",
          cell: ({ source, provider, verification }) => (
            <div class="name-cell">
              <Link to={{ page: "webhooks", source }}>
                <bdi>{source}</bdi>
              </Link>
              <span class="fine">{providerOf(provider)}</span>
              {verification === "log-only" && <Badge tone="bad">Refuses nothing</Badge>}
            </div>
          ),
        },
        {
          id: "mode",
          label: "Delivery",
          cell: ({ mode }) => (
            <div class="name-cell">
              <span>{mode === "queue" ? "By the queue" : "Direct"}</span>
              <span class="fine">{MODES[mode]}</span>
            </div>
          ),
        },
        { id: "upstreams", label: "To", cell: ({ upstreams }) => <Upstreams upstreams={upstreams} /> },
        {
          id: "body",
          label: "Signature covers",
          cell: ({ body_authenticated }) =>
            body_authenticated ? <Badge tone="good">The whole body</Badge> : <Badge tone="warn">Not the body</Badge>,
        },
        {
          id: "repeats",
          label: "Refuses repeats",
          cell: ({ replays, told_apart_by }) => (
            <div class="name-cell">
              <span>{REPLAYS[replays].name}</span>
              <span class="fine">
                {TOLD_APART_BY[told_apart_by]} {REPLAYS[replays].text}
              </span>
            </div>
          ),
        },
        { id: "notes", label: "To know", cell: ({ notes }) => <Notes notes={notes} /> },
        {
          id: "links",
          label: "",
          name: "Events",
          end: true,
          cell: ({ source }) => (
            <span class="row-actions">
              <Link to={{ page: "webhooks", source, list: "deliveries" }}>
                Deliveries<span class="visually-hidden"> of {source}</span>
              </Link>
              <Link to={{ page: "webhooks", source }}>
                Undelivered<span class="visually-hidden"> events of {source}</span>
              </Link>
            </span>
          ),
        },
      ]}
      empty={
        <Empty title="No source of webhooks">
          <p>
            Add a block <code>[[webhooks]]</code> to keystile.toml for each sender, and deploy. Events then come in at
            its address, <code>/hooks/…</code>.
          </p>
        </Empty>
      }
    />
  );
}

/** The upstreams, each with the types of the events that it gets. */
function Upstreams({ upstreams }: Pick<WebhookSource, "upstreams">) {
  return (
    <ul class="notes">
      {upstreams.map(({ upstream, path, types }) => (
        <li key={`${upstream}${path}`}>
          <bdi>{upstream}</bdi> <code>{path}</code>
          {types.length > 0 && <span class="fine">: {types.join(", ")}</span>}
        </li>
      ))}
    </ul>
  );
}

function Notes({ notes }: { notes: readonly string[] }) {
  if (notes.length === 0) return <span class="quiet">–</span>;
  return (
    <ul class="notes">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}
