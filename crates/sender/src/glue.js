// The requests to endpoints.

import { readBody } from "#runtime/body.js";
import { record, SEPARATOR } from "#runtime/crossing.js";

// Posts an event. Returns the answer's status and its Retry-After as one string, or one word that says why there is no
// answer. The answer's body is read up to `limit` bytes and thrown away. A redirect is not followed.
export async function post(url, headers, body, timeoutMs, limit) {
  const end = Date.now() + timeoutMs;
  let response;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    response = await fetch(url, { method: "POST", headers: record(headers), body, redirect: "manual", signal });
  } catch (error) {
    return error.name === "TimeoutError" ? "timeout" : "unreachable";
  }
  const read = await readBody(response, limit, Math.max(0, end - Date.now()));
  if (typeof read === "string") response.body?.cancel().catch(() => {});
  return [response.status, response.headers.get("Retry-After") ?? ""].join(SEPARATOR);
}
