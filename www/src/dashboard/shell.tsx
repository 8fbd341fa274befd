// The dashboard around its pages: navigation, who is signed in, and the page that the address names.

import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { OperatorSession } from "../api/types";
import { Link, useApp } from "../app";
import { MenuButton } from "../components/menu";
import { Loading } from "../components/states";
import { type Page, type PageProps, pages } from "./pages";
import { signOut } from "./session";
import { SignInAgain } from "./sign_in";

interface ShellProps {
  session: OperatorSession;
  onSession: (session: OperatorSession | undefined) => void;
}

export function Shell({ session, onSession }: ShellProps) {
  const { client, router } = useApp();
  const allowed = pages.filter((page) => page.may(session.operator));
  const params = router.params.value;
  const page = allowed.find(({ id }) => id === params["page"]) ?? allowed[0];
  const navigation = useRef<HTMLElement>(null);
  // On a narrow screen the navigation scrolls sideways.
  useEffect(() => {
    navigation.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [page]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <header class="bar">
        <span class="brand">Keystile</span>
        <nav ref={navigation} aria-label="Pages">
          <ul>
            {allowed.filter(({ listed }) => listed).map(({ id, title }) => (
              <li key={id}>
                <Link to={{ page: id }} current={id === (page?.under ?? page?.id)}>
                  {title}
                </Link>
              </li>
            ))}
            <li>
              <a href="/debugger">Debugger</a>
            </li>
          </ul>
        </nav>
        <Account
          session={session}
          onSignOut={() => {
            // Even if no answer comes, this page shows nothing more.
            void signOut(client).catch(() => {});
            router.go({});
            onSession(undefined);
          }}
        />
      </header>
      <main id="main" tabIndex={-1}>
        {page ? <Opened key={page.id} page={page} session={session} /> : <p>This operator key lets you see none of the pages.</p>}
      </main>
      {client.ended.value && (
        <SignInAgain
          onDone={(next) => {
            onSession(next);
            client.resume();
          }}
        />
      )}
    </div>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Account({ session, onSignOut }: { session: OperatorSession; onSignOut: () => void }) {
  const { name, tenant } = session.operator;
  return (
    <div class="account">
      <span class="who">
        <bdi>{name}</bdi>
        {tenant !== "*" && (
          <span class="fine">
            {" "}
            of <bdi>{tenant}</bdi>
          </span>
        )}
      </span>
      <MenuButton label={`Account: ${name}`} items={[{ label: "Sign out", onSelect: onSignOut }]} />
    </div>
  );
}

/** A page, once its module is here. */
function Opened({ page, session }: { page: Page; session: OperatorSession }) {
  const [Loaded, setLoaded] = useState<ComponentType<PageProps>>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    document.title = `${page.title} · Keystile`;
    page.load().then(
      (module) => setLoaded(() => module.default),
      () => setFailed(true),
    );
  }, [page]);
  // A module of an earlier deployment is gone; a reload gets the present one.
  if (failed) return <p class="notice bad">This page could not be loaded. Reload it.</p>;
  return Loaded ? <Loaded session={session} /> : <Loading />;
}
