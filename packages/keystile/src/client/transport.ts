// Requests to the API: credentials, tries, time limits, and failures as one kind of error.

import { addressOf } from "../address.ts";
import { failureOf, KeystileError } from "./error.ts";
import { type AnswerOf, OPERATIONS, type OperationId, type RequestOf, takesIdempotencyKey } from "./operations.ts";

export interface ClientOptions {
  /**
   * The address of the management worker, such as "https://keys.example.com". Plain http is for this machine, and for a
   * `fetch` of your own, which decides itself where a request goes.
   */
  url: string | URL;
  /** An operator's key, the root key or a portal session's token; or a function that gives it for each request. */
  key?: string | (() => string | Promise<string>);
  /** In place of `key`, in pages of the worker itself: whose cookie counts. */
  session?: "operator" | "portal";
  /** In place of the global `fetch`, such as that of a service binding. */
  fetch?: typeof fetch;
  /** Milliseconds for each try, the body of the answer included; 60,000 by default. */
  timeout?: number;
  /** Tries after the first, 2 by default. Only what is safe to send again is tried again. */
  retries?: number;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  timeout?: number | undefined;
  retries?: number | undefined;
  /** Is told the status and the headers of each answer. */
  onResponse?: ((answer: { status: number; headers: Headers }) => void) | undefined;
}

export interface ChangeOptions extends CallOptions {
  /** Only if the key, operator or tenant has this `version`; else the call fails with `VERSION_MISMATCH`. */
  ifVersion?: number | undefined;
  /** Seconds, 30 at most, in which the answer may wait for the change to be in effect at every edge. */
  wait?: number | undefined;
  /** One of yours, to repeat a call from another process. By default each call has one for all its tries. */
  idempotencyKey?: string | undefined;
}

const TIMEOUT = 60_000;
const RETRIES = 2;
/** Milliseconds before the second try; it doubles from try to try. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8_000;
/** Seconds. A longer `Retry-After` is for the caller to decide on. */
const LONGEST_RETRY_AFTER = 60;

export class Transport {
  readonly #base: string;
  readonly #key: ClientOptions["key"];
  readonly #session: ClientOptions["session"];
  readonly #fetch: typeof fetch;
  readonly #timeout: number;
  readonly #retries: number;

  constructor({ url, key, session, fetch: given, timeout = TIMEOUT, retries = RETRIES }: ClientOptions) {
    // A `fetch` such as that of a service binding decides itself where a request goes; the host means nothing to it.
    const expected = { of: "the management worker", example: "https://keys.example.com" };
    this.#base = addressOf(url, expected, { anyHttp: given !== undefined });
    if (typeof key === "string") checkKey(key);
    this.#key = key;
    this.#session = session;
    // The global one must be called without a `this`, and be the one of the time of the call.
    this.#fetch = given ?? ((...args) => globalThis.fetch(...args));
    this.#timeout = timeout;
    this.#retries = retries;
  }

  /** Sends an operation's request and returns the body of its success. */
  call<Id extends OperationId>(id: Id, request: RequestOf<Id>, options: ChangeOptions = {}): Promise<AnswerOf<Id>> {
    return this.#tried(id, request, options, async (response) => {
      const text = await response.text();
      if (response.status === 204) return undefined as AnswerOf<Id>;
      try {
        return JSON.parse(text) as AnswerOf<Id>;
      } catch {
        // The text isn't shown: it may have the beginning of a new key.
        const message = `HTTP ${response.status}, but the answer isn't the management API's. Is the url right?`;
        throw new KeystileError("UNREADABLE_ANSWER", message, { status: response.status });
      }
    });
  }

  /** Sends an operation's request and returns the text of its success, which isn't JSON. */
  text<Id extends OperationId>(id: Id, request: RequestOf<Id>, options: CallOptions = {}): Promise<string> {
    return this.#tried(id, request, options, (response) => response.text());
  }

  /**
   * The lines of an export, each as JSON. An answer that is cut, or has all that one answer may have, is gone on from
   * by `next`, which gives the query of the entries after this one, null if this one was the last, or undefined if no
   * answer ends with it: one that does was cut.
   */
  async *lines<Id extends OperationId, Entry>(
    id: Id,
    request: RequestOf<Id>,
    next: (entry: Entry) => RequestOf<Id>["query"] | null | undefined,
    options: CallOptions = {},
  ): AsyncGenerator<Entry, void, undefined> {
    yield* this.parts(id, request, () => (line) => JSON.parse(line) as Entry, next, options);
  }

  /**
   * The same of an export whose parts are several lines: what `gatherer` makes for each answer takes one line after the
   * other, and gives the part that this line ends, if it ends one. An answer is gone on from behind a whole part.
   */
  async *parts<Id extends OperationId, Part>(
    id: Id,
    request: RequestOf<Id>,
    gatherer: () => (line: string) => Part | undefined,
    next: (part: Part) => RequestOf<Id>["query"] | null,
    options: CallOptions = {},
  ): AsyncGenerator<Part, void, undefined> {
    let { query } = request;
    let failures = 0;
    for (;;) {
      let taken = 0;
      let mayEnd = true;
      const idle = new IdleLimit(options.timeout ?? this.#timeout, options.signal);
      try {
        const once = { ...options, signal: idle.signal, timeout: 0 };
        const response = await this.#once(id, { ...request, query }, once, async (each) => each);
        const gather = gatherer();
        for await (const line of linesOf(response, idle)) {
          const part = gather(line);
          if (part === undefined) continue;
          const following = next(part);
          query = following ?? undefined;
          mayEnd = following !== undefined;
          taken += 1;
          failures = 0;
          yield part;
          if (following === null) return;
        }
        if (!mayEnd) throw new TypeError("the answer was cut");
        if (taken === 0) return;
      } catch (error) {
        options.signal?.throwIfAborted();
        const failure = error instanceof KeystileError ? error : lostAnswer(error, idle.signal, this.#base);
        if (!mayRepeat(failure, true) || failures >= (options.retries ?? this.#retries)) throw failure;
        await pause(failures, failure.retryAfter, options.signal);
        failures += 1;
      } finally {
        idle.end();
      }
    }
  }

  /** Sends a request until it succeeds, can't be repeated, or was tried often enough. */
  async #tried<Id extends OperationId, T>(
    id: Id,
    request: RequestOf<Id>,
    options: ChangeOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const repeatable = takesIdempotencyKey(id);
    const idempotencyKey = repeatable ? (options.idempotencyKey ?? newIdempotencyKey()) : undefined;
    // A change that took effect and whose answer was lost would fail for its version.
    const certain = repeatable || (!OPERATIONS[id].startsWith("POST ") && options.ifVersion === undefined);
    const retries = options.retries ?? this.#retries;
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#once(id, request, { ...options, idempotencyKey }, read);
      } catch (error) {
        if (!(error instanceof KeystileError) || tries >= retries || !mayRepeat(error, certain)) throw error;
        await pause(tries, error.retryAfter, options.signal);
      }
    }
  }

  async #once<Id extends OperationId, T>(
    id: Id,
    { path = {} as never, query, body }: RequestOf<Id>,
    { signal, timeout, onResponse, ...options }: ChangeOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const key = typeof this.#key === "function" ? await this.#key() : this.#key;
    if (key !== undefined) checkKey(key);
    const [method, template] = OPERATIONS[id].split(" ") as [string, string];
    const target = `${this.#base}${filled(template, path)}${queryOf(query)}`;
    const limit = timeout === 0 ? undefined : AbortSignal.timeout((timeout ?? this.#timeout) + (options.wait ?? 0) * 1000);
    const signals = [signal, limit].filter((each) => each !== undefined);
    const init: RequestInit = { method, headers: this.#headers(options, key), redirect: "manual" };
    if (signals.length > 0) init.signal = AbortSignal.any(signals);
    if (method === "POST" || method === "PATCH" || body !== undefined) {
      (init.headers as Headers).set("Content-Type", "application/json");
      init.body = JSON.stringify(body ?? {});
    }
    try {
      const response = await this.#fetch(target, init);
      onResponse?.({ status: response.status, headers: response.headers });
      if (!response.ok) throw await failureOf(response, key);
      return await read(response);
    } catch (error) {
      if (error instanceof KeystileError) throw error;
      if (signal?.aborted) throw signal.reason;
      throw lostAnswer(error, limit, this.#base);
    }
  }

  #headers({ ifVersion, wait, idempotencyKey }: ChangeOptions, key: string | undefined): Headers {
    const headers = new Headers({ Accept: "application/json, application/x-ndjson, application/problem+json" });
    if (key !== undefined) headers.set("Authorization", `Bearer ${key}`);
    else if (this.#session !== undefined) headers.set("Keystile-Session", this.#session);
    if (idempotencyKey !== undefined) headers.set("Idempotency-Key", idempotencyKey);
    if (ifVersion !== undefined) headers.set("If-Match", `"${ifVersion}"`);
    if (wait !== undefined) headers.set("Prefer", `wait=${wait}`);
    return headers;
  }
}

/** Ends a stream that brings nothing for too long. */
class IdleLimit {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  readonly #ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#ms = ms;
    this.signal = outer ? AbortSignal.any([outer, this.#controller.signal]) : this.#controller.signal;
    this.start();
  }

  start(): void {
    this.end();
    const reason = new DOMException("Nothing came for too long.", "TimeoutError");
    this.#timer = setTimeout(() => this.#controller.abort(reason), this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** The whole lines of a body. A last one without its end is a failure. The time that the reader takes doesn't count. */
async function* linesOf(response: Response, idle: IdleLimit): AsyncGenerator<string, void, undefined> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      idle.start();
      const { done, value } = await reader.read();
      idle.end();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      yield* lines.filter((line) => line !== "");
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
  if (rest !== "") throw new TypeError("the answer was cut");
}

function lostAnswer(error: unknown, limit: AbortSignal | undefined, base: string): KeystileError {
  if (limit?.aborted) return new KeystileError("TIMEOUT", `${base} took too long to answer.`, { cause: error });
  return new KeystileError("NETWORK", `No answer came from ${base}${reasonOf(error)}.`, { cause: error });
}

/** `fetch` of Node says "fetch failed", and why in the causes below. */
function reasonOf(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: { message?: string; code?: string } };
  const reason = cause?.code ?? cause?.message ?? code ?? message;
  return reason ? ` (${reason})` : "";
}

function mayRepeat({ status, code, retryAfter = 0 }: KeystileError, certain: boolean): boolean {
  if (retryAfter > LONGEST_RETRY_AFTER) return false;
  // The API has not begun with the request.
  if (status === 408 || status === 429) return true;
  if (!certain) return false;
  return status === 0 || (status >= 500 && status !== 501) || code === "IDEMPOTENCY_KEY_IN_USE";
}

async function pause(failures: number, retryAfter: number | undefined, signal: AbortSignal | undefined): Promise<void> {
  const backoff = Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE) * (0.5 + Math.random() / 2);
  const ms = retryAfter === undefined ? backoff : retryAfter * 1000 + Math.random() * 250;
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The text isn't shown, and never gets into a header: `fetch` would show it in its error. */
function checkKey(key: unknown): void {
  if (typeof key === "string" && /^[\x21-\x7e]+$/.test(key)) return;
  throw new TypeError("key: the text of a key expected, without spaces and line ends");
}

/** `crypto.randomUUID` is missing on pages over plain http. */
const newIdempotencyKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

function filled(template: string, parameters: object): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = (parameters as Record<string, unknown>)[name];
    // "." and ".." would change the path, and an empty text would name another resource.
    if (typeof value !== "string" || value === "" || value === "." || value === "..") {
      throw new TypeError(`${name}: a text expected that is neither empty nor dots`);
    }
    return encodeURIComponent(value);
  });
}

function queryOf(query: object = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}
