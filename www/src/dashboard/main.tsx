// The operators' dashboard: sign-in, then its pages.

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Client } from "../api/client";
import { Problem } from "../api/problem";
import type { OperatorSession } from "../api/types";
import { AppRoot } from "../app";
import { Loading, ProblemView } from "../components/states";
import { I18n } from "../i18n";
import keysStyles from "../keys/keys.css";
import { addressRouter } from "../router";
import { adopt } from "../styles/sheets";
import styles from "./dashboard.css";
import { currentSession } from "./session";
import { Shell } from "./shell";
import { SignInPage } from "./sign_in";

const client = new Client({ session: "operator" });
const router = addressRouter();

function Dashboard() {
  const [session, setSession] = useState<OperatorSession | undefined | "asking" | Problem>("asking");
  const ask = (): void => {
    setSession("asking");
    currentSession(client).then(setSession, (error: unknown) => setSession(Problem.from(error)));
  };
  useEffect(ask, []);
  if (session === "asking") return <Loading />;
  if (session instanceof Problem) return <ProblemView problem={session} onRetry={ask} />;
  if (!session) return <SignInPage onDone={setSession} />;
  return <Shell session={session} onSession={setSession} />;
}

adopt(document, keysStyles, styles);
const place = document.getElementById("app");
if (place) {
  place.className = "root";
  render(
    <AppRoot client={client} router={router} i18n={new I18n(navigator.language)}>
      <Dashboard />
    </AppRoot>,
    place,
  );
}
