// The operator's session: signing in and out.

import type { Client } from "../api/client";
import { Problem } from "../api/problem";
import type { OperatorSession } from "../api/types";

/** Exchanges an operator key for the session's cookie, which no script can read. */
export async function signIn(key: string): Promise<OperatorSession> {
  let response: Response;
  try {
    response = await fetch("/v1/session", {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "Keystile-Session": "operator" },
      body: "{}",
      credentials: "same-origin",
    });
  } catch {
    throw new Problem(0, "NETWORK", "No answer came.");
  }
  if (!response.ok) throw await Problem.of(response);
  return (await response.json()) as OperatorSession;
}

/** The session that the cookie stands for; undefined if there is none. */
export async function currentSession(client: Client): Promise<OperatorSession | undefined> {
  try {
    return (await client.get("/v1/session", {})).data;
  } catch (error) {
    client.ended.value = null;
    if (error instanceof Problem && error.status === 401) return undefined;
    throw error;
  }
}

export const signOut = (client: Client): Promise<unknown> => client.call("DELETE", "/v1/session");
