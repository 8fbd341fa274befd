// Answers as JSON. One that isn't the API's, such as another server's, is a failure of its own.

import { KeystileError } from "./error.ts";

/** The object that is this text. */
export function objectIn(text: string, status: number): object {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw unreadable(status);
  }
  if (typeof body !== "object" || body === null) throw unreadable(status);
  return body;
}

/** The text isn't shown: it may have the beginning of a new key. */
export function unreadable(status = 200): KeystileError {
  const message = "The answer isn't the management API's, though it says that all went well. Is the url right?";
  return new KeystileError("UNREADABLE_ANSWER", message, { status });
}
