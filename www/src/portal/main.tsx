// The customers' page at /portal. A link to it has a code in its fragment, which no server and no log ever sees. The
// code is exchanged for a cookie once, and leaves the address before that.

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Client } from "../api/client";
import { Problem } from "../api/problem";
import type { PortalSession } from "../api/types";
import { AppRoot, useApp } from "../app";
import { Empty, Loading, ProblemView } from "../components/states";
import { I18n, Time } from "../i18n";
import keysStyles from "../keys/keys.css";
import { addressRouter } from "../router";
import { adopt } from "../styles/sheets";
import { PortalApp } from "./portal_app";
import styles from "./portal.css";

const client = new Client({ session: "portal" });

function Portal({ code }: { code: string | null }) {
  const { i18n } = useApp();
  const [state, setState] = useState<"opening" | "open" | "ended" | Problem>(code === null ? "open" : "opening");
  useEffect(() => {
    if (code === null) return;
    client.post("/v1/portal-session", { body: { code } }).then(
      () => setState("open"),
      (error: unknown) => setState(Problem.from(error)),
    );
  }, [code]);
  if (state === "opening") return <Loading rows={5} />;
  if (state === "open") {
    return (
      <>
        <main>
          <PortalApp embedded={false} />
        </main>
        <Foot onEnd={() => setState("ended")} />
      </>
    );
  }
  // A link that was used already must not open somebody else's session that is still in this browser.
  if (state === "ended" || state.status === 401) {
    return (
      <main>
        <Empty level={1} title={i18n.t(state === "ended" ? "portal.ended" : "portal.no_session")}>
          <p>{i18n.t("portal.no_session_text")}</p>
        </Empty>
      </main>
    );
  }
  return <ProblemView problem={state} />;
}

/** The foot of the page: the reader's name, the session's end, and a button to end it now. */
function Foot({ onEnd }: { onEnd: () => void }) {
  const { i18n } = useApp();
  const [session, setSession] = useState<PortalSession>();
  const generation = client.generation.value;
  useEffect(() => {
    client.get("/v1/portal-session", {}).then(({ data }) => setSession(data), () => setSession(undefined));
  }, [generation]);
  if (!session) return null;
  const end = (): void => {
    void client.call("DELETE", "/v1/portal-session").catch(() => {});
    onEnd();
  };
  return (
    <footer class="portal-foot">
      <span>
        <bdi>{session.actor.name}</bdi> · {i18n.t("portal.until")} <Time value={session.expires_at} form="minute" />
      </span>
      <button type="button" class="link" onClick={end}>
        {i18n.t("portal.end")}
      </button>
    </footer>
  );
}

/** The code of the address, which then no longer has it. */
function takeCode(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code !== null) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

// Another link in the same tab changes the fragment alone.
addEventListener("hashchange", () => {
  if (location.hash.includes("code=")) location.reload();
});

adopt(document, keysStyles, styles);
const place = document.getElementById("app");
if (place) {
  place.className = "root portal";
  render(
    <AppRoot client={client} router={addressRouter()} i18n={new I18n(navigator.language)}>
      <Portal code={takeCode()} />
    </AppRoot>,
    place,
  );
}
