// The keys of one tenant: the list, or the key that the address names.

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";

import { useQuery } from "../api/use_query";
import { useApp } from "../app";
import { Loading, ProblemView } from "../components/states";
import type { Rights } from "../rights";
import { KeysProvider, type Standing } from "./context";
import { KeyList } from "./list";
import { KeyPage } from "./key_page";

interface KeysAppProps {
  tenant: string;
  rights: Rights;
  /** Asks how many keys there are, and the limits. */
  standing: (signal: AbortSignal) => Promise<Standing>;
  /** A URL of the guarded API for the examples, in place of the deployment's. */
  api?: string | undefined;
  level?: 1 | 2;
  /** Heads the list, in place of "API keys". */
  title?: ComponentChildren;
  /** Stands beside that. */
  beside?: ComponentChildren;
}

const EXAMPLE_API = "https://api.example.com/";

export function KeysApp({ tenant, rights, standing, api: given, level = 1, title, beside }: KeysAppProps) {
  const { client, router, i18n } = useApp();
  const [version, setVersion] = useState(0);
  const catalog = useQuery(client, [], (signal) => client.get("/v1/scopes", { signal }).then(({ data }) => data));
  const counts = useQuery(client, [tenant, version], standing, { keep: true });
  const api = given ?? catalog.data?.api_url ?? EXAMPLE_API;
  const known = useMemo(
    () =>
      catalog.data &&
      counts.data && {
        ...{ tenant, rights, level, api, version, catalog: catalog.data, standing: counts.data },
        changed: () => setVersion((times) => times + 1),
      },
    [tenant, rights, level, api, version, catalog.data, counts.data],
  );
  const problem = catalog.problem ?? counts.problem;
  if (!known) {
    const Heading = level === 1 ? "h1" : "h2";
    const retry = (): void => {
      catalog.reload();
      counts.reload();
    };
    return (
      <section class="keys">
        <Heading class="title" part="title">
          {title ?? i18n.t("keys.title")}
        </Heading>
        {problem ? <ProblemView problem={problem} onRetry={retry} /> : <Loading rows={5} />}
      </section>
    );
  }
  const id = router.params.value["key"];
  return <KeysProvider value={known}>{id ? <KeyPage key={id} id={id} /> : <KeyList title={title} beside={beside} />}</KeysProvider>;
}
