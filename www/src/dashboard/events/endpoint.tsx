// One endpoint: how it stands, what was sent to it, and what couldn't be.

import { useState } from "preact/hooks";

import type { EventEndpoint } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { CopyButton } from "../../components/copy";
import { firstPage } from "../../components/paging";
import { MenuButton } from "../../components/menu";
import { Loading, ProblemView } from "../../components/states";
import { Time } from "../../i18n";
import { Card, Fact, Frame, Segments, Tile } from "../parts/page";
import { ActionDialog, actionsOn, type Open } from "./actions";
import { Attempts } from "./attempts";
import { DeadLetters, type Links } from "./dead_letters";
import type { Endpoints } from "./endpoints";
import { StandingBadge } from "./standing";

interface Props {
  id: string;
  endpoints: Endpoints;
  write: boolean;
  links: Links;
}

export function EndpointPage({ id, endpoints, write, links }: Props) {
  const { client, router } = useApp();
  const { tenant } = endpoints;
  const [open, setOpen] = useState<Open>();
  const [refreshed, setRefreshed] = useState(0);
  const known = useQuery(client, [id, tenant, refreshed], (signal) => endpoints.get(id, signal));
  const refresh = (): void => setRefreshed((times) => times + 1);
  const endpoint = known.data;
  const list = router.params.value["list"] === "undelivered" ? "undelivered" : "attempts";
  return (
    <Frame
      above={
        <Link to={{ page: "events", tenant }} class="back">
          All endpoints
        </Link>
      }
      title={
        endpoint ? (
          <>
            <bdi class="address">{endpoint.url}</bdi> <StandingBadge endpoint={endpoint} />
          </>
        ) : (
          "Endpoint"
        )
      }
      lead={endpoint?.description && <bdi>{endpoint.description}</bdi>}
      actions={
        <>
          <button
            type="button"
            class="button"
            aria-disabled={known.loading}
            onClick={() => !known.loading && refresh()}
          >
            Refresh
          </button>
          {write && endpoint && (
            <>
              <button type="button" class="button" onClick={() => setOpen({ kind: "test", endpoint })}>
                Send a test event
              </button>
              <MenuButton label="Actions of this endpoint" items={actionsOn(endpoint, setOpen).slice(1)} />
            </>
          )}
        </>
      }
    >
      {known.problem && <ProblemView problem={known.problem} onRetry={known.reload} />}
      {!endpoint && known.loading && <Loading rows={6} />}
      {endpoint && (
        <>
          <Trouble endpoint={endpoint} {...(write && { onResume: () => setOpen({ kind: "resume", endpoint }) })} />
          <Counts endpoint={endpoint} />
          <div class="columns">
            <Card
              title={list === "attempts" ? "Attempts" : "Undelivered events"}
              tools={
                <Segments
                  label="Which events"
                  values={[
                    ["attempts", "Attempts"],
                    ["undelivered", "Undelivered"],
                  ]}
                  value={list}
                  onChange={(to) =>
                    router.set({ list: to === "attempts" ? undefined : to, event: undefined, ...firstPage() })
                  }
                />
              }
            >
              {list === "attempts" ? (
                <Attempts endpoints={endpoints} id={id} refreshed={refreshed} active={endpoint.status === "active"} />
              ) : (
                <DeadLetters
                  endpoints={endpoints}
                  id={id}
                  refreshed={refreshed}
                  write={write}
                  links={links}
                  onActed={refresh}
                />
              )}
            </Card>
            <aside class="stack" aria-label="About this endpoint">
              <Facts endpoint={endpoint} />
            </aside>
          </div>
        </>
      )}
      <ActionDialog
        open={open}
        endpoints={endpoints}
        onChanged={refresh}
        onDeleted={() => router.go({ page: "events", tenant })}
        onClose={() => setOpen(undefined)}
      />
    </Frame>
  );
}

/** What is wrong with it, and what to do. */
function Trouble({ endpoint: { status, state, pending }, onResume }: { endpoint: EventEndpoint; onResume?: () => void }) {
  const resume = onResume && (
    <button type="button" class="button" onClick={onResume}>
      Make it active
    </button>
  );
  return (
    <>
      {status === "disabled" && (
        <div class="notice bad">
          <p>
            Nothing is sent to it{state?.disabled_at && <> since <Time value={state.disabled_at} form="minute" /></>}: it
            failed for five days, or answered 410. Events that come now are undelivered ones at once.
          </p>
          {resume}
        </div>
      )}
      {status === "paused" && (
        <div class="notice">
          <p>It is paused. Events wait: 10,000 of them at most, and for three days.</p>
          {resume}
        </div>
      )}
      {status === "active" && state?.failing_since && (
        <p class="notice warn">
          <span>
            Everything has failed since <Time value={state.failing_since} form="minute" />. After five days it is
            disabled.
          </span>
        </p>
      )}
      {!state && <p class="notice warn">The worker that sends events can’t be reached now, so its state isn’t known.</p>}
      {state && pending && (
        <p class="notice">A change has yet to reach the worker that sends events. It is told by itself.</p>
      )}
    </>
  );
}

function Counts({ endpoint: { state } }: { endpoint: EventEndpoint }) {
  const { i18n } = useApp();
  if (!state) return null;
  return (
    <dl class="tiles">
      <Tile label="Waiting">{i18n.number(state.waiting)}</Tile>
      <Tile label="Undelivered">
        <span class={state.dead_letters > 0 ? "danger-text" : undefined}>{i18n.number(state.dead_letters)}</span>
      </Tile>
      <Tile label="Last success">{state.last_success_at ? <Time value={state.last_success_at} /> : "None yet"}</Tile>
    </dl>
  );
}

function Facts({ endpoint }: { endpoint: EventEndpoint }) {
  const { id, tenant, types, signature, public_key, created_at, previous_secret_ends_at } = endpoint;
  return (
    <Card title="About this endpoint">
      <dl class="facts">
        <Fact label="Id">
          <code>{id}</code> <CopyButton text={id} label={`Copy the id ${id}`} class="link" />
        </Fact>
        <Fact label="Gets events of">{tenant === null ? "all tenants" : <bdi>{tenant}</bdi>}</Fact>
        <Fact label="Types">
          {types.length === 0 ? (
            "All, those to come included"
          ) : (
            <span class="codes">
              {types.map((type) => (
                <code key={type}>{type}</code>
              ))}
            </span>
          )}
        </Fact>
        <Fact label="Signed by">
          {signature === "v1" ? "A shared secret (v1, HMAC-SHA256)" : "A key pair (v1a, Ed25519)"}
        </Fact>
        {public_key !== null && (
          <Fact label="Public key">
            <code class="whole">{public_key}</code> <CopyButton text={public_key} label="the public key" class="link" />
          </Fact>
        )}
        {previous_secret_ends_at !== null && (
          <Fact label="The old secret signs, too, until">
            <Time value={previous_secret_ends_at} form="minute" />
          </Fact>
        )}
        <Fact label="Created">
          <Time value={created_at} form="minute" />
        </Fact>
      </dl>
    </Card>
  );
}
