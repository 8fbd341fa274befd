// Signing in with an operator key: as a page, and over a page whose session ended.

import { useState } from "preact/hooks";

import type { OperatorSession } from "../api/types";
import { useSubmit } from "../api/use_submit";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { Field } from "../components/field";
import { problemText } from "../components/states";
import { signIn } from "./session";

type Done = (session: OperatorSession) => void;

export function SignInPage({ onDone }: { onDone: Done }) {
  return (
    <main class="sign-in">
      <h1>Sign in to Keystile</h1>
      <SignInForm onDone={onDone} />
      <p class="fine">
        To look into a webhook that fails its check, you need no key: <a href="/debugger">open the debugger</a>.
      </p>
    </main>
  );
}

/** Lies over everything, so that what was typed below is still there afterwards. */
export function SignInAgain({ onDone }: { onDone: Done }) {
  return (
    <Dialog title="Your session has ended" sticky onClose={() => {}}>
      <p class="lead">Sign in again. What you typed is still there.</p>
      <SignInForm onDone={onDone} />
    </Dialog>
  );
}

function SignInForm({ onDone }: { onDone: Done }) {
  const { i18n } = useApp();
  const [key, setKey] = useState("");
  const { busy, problem, submit } = useSubmit(
    () => signIn(key.trim()),
    (session) => {
      setKey("");
      onDone(session);
    },
  );
  const wait = problem?.retryAfter;
  const message =
    problem && (problem.status === 401 ? "This is no operator key that is in use." : problemText(i18n, problem));
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim()) submit();
      }}
    >
      <Field
        label="Operator key"
        hint="Of POST /v1/operators, or the root key. It isn’t kept in this browser; the session ends after 12 hours."
        error={message && (wait ? `${message} Try again in ${i18n.duration(wait)}.` : message)}
      >
        {(control) => (
          <input
            {...control}
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            autocapitalize="off"
            data-focus
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" class="button primary" aria-disabled={busy}>
        {busy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}
