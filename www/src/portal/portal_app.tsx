// A customer's keys, by a portal session: the page at /portal and the element alike.

import { useCallback, useMemo, useState } from "preact/hooks";

import { useQuery } from "../api/use_query";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { Empty, Loading, ProblemView } from "../components/states";
import type { Standing } from "../keys/context";
import { KeysApp } from "../keys/keys_app";
import { rightsOfPortal } from "../rights";

interface PortalAppProps {
  /** In another page, which has a heading of its own and gives the session. */
  embedded: boolean;
  api?: string | undefined;
}

export function PortalApp({ embedded, api }: PortalAppProps) {
  const level = embedded ? 2 : 1;
  const { client, i18n } = useApp();
  const ask = useCallback((signal: AbortSignal) => client.get("/v1/portal-session", { signal }).then(({ data }) => data), [client]);
  const session = useQuery(client, [], ask);
  const rights = useMemo(() => session.data && rightsOfPortal(session.data), [session.data]);
  const standing = useCallback((signal: AbortSignal): Promise<Standing> => ask(signal).then(({ keys, limits }) => ({ keys, limits })), [ask]);
  return (
    <>
      {client.ended.value && <SessionEnded embedded={embedded} seen={session.data !== undefined} />}
      {!session.data && session.loading && <Loading rows={5} />}
      {!session.data && session.problem && session.problem.status !== 401 && <ProblemView problem={session.problem} onRetry={session.reload} />}
      {session.data &&
        rights &&
        (session.data.may.includes("keys:read") ? (
          <KeysApp tenant={session.data.tenant} rights={rights} standing={standing} level={level} api={api} />
        ) : (
          <Empty level={level} title={i18n.t("portal.may_not")} />
        ))}
    </>
  );
}

/**
 * Says that the session has ended, over whatever is open: what was typed stays. The session may have been opened
 * again elsewhere, so it can be gone on with.
 */
function SessionEnded({ embedded, seen }: { embedded: boolean; seen: boolean }) {
  const { client, i18n } = useApp();
  const { t } = i18n;
  const [aside, setAside] = useState(false);
  const again = (
    <button type="button" class="button primary" data-focus onClick={() => client.resume()}>
      {t("portal.again")}
    </button>
  );
  if (!seen) {
    return (
      <Empty level={embedded ? 2 : 1} title={t(embedded ? "portal.no_token" : "portal.no_session")}>
        <p>{t(embedded ? "portal.no_token_text" : "portal.no_session_text")}</p>
        {again}
      </Empty>
    );
  }
  if (aside) {
    return (
      <div class="notice warn" role="status">
        <p>{t("portal.session_ended")}</p>
        {again}
      </div>
    );
  }
  return (
    <Dialog
      title={t("portal.session_ended")}
      onClose={() => setAside(true)}
      footer={
        <>
          <button type="button" class="button" onClick={() => setAside(true)}>
            {t("close")}
          </button>
          {again}
        </>
      }
    >
      <p>{t("portal.session_ended_text")}</p>
    </Dialog>
  );
}
