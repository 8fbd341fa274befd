// Requests to the API: credentials, tries, time limits, and failures as one kind of error.

import { addressOf } from "../address.ts";
import { objectIn, unreadable } from "./answer.ts";
import { failureOf, KeystileError } from "./error.ts";
import { type AnswerOf, answersNothing, OPERATIONS, type OperationId, type RequestOf, takesIdempotencyKey } from "./operations.ts";
import { type AnyOptions, type CallOptions, type OptionsOf, refuseMistakes } from "./options.ts";

export interface ClientOptions {
  /**
   * The address of the management worker, such as "https://keys.example.com". Plain http is for this machine, and for a
   * `fetch` of your own, which decides itself where a request goes.
   */
  url: string | URL;
  /** An operator's key, the root key or a portal session's token; or a function that gives it for each request. */
  key?: string | (() => string | Promise<string>) | undefined;
  /** In place of `key`, in pages of the worker itself: whose cookie counts. */
  session?: "operator" | "portal";
  /** In place of the global `fetch`, such as that of a service binding. */
  fetch?: typeof fetch;
  /**
   * Milliseconds for each try, the body of the answer included, and of an export for each of its lines; 60,000 by
   * default. A whole number: there is always a limit.
   */
  timeout?: number;
  /** Tries after the first, 2 by default. Only what is safe to send again is tried again. */
  retries?: number;
}

type Outcome<T> = { answer: T; failure?: undefined } | { answer?: undefined; failure: KeystileError };
/** The query of an export's further entries. */
type Following = { after?: string };

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
    refuseMistakes({ timeout, retries });
    this.#timeout = timeout;
    this.#retries = retries;
  }

  /** Sends an operation's request and returns the body of its success. */
  call<Id extends OperationId>(id: Id, request: RequestOf<Id>, options?: OptionsOf<Id>): Promise<AnswerOf<Id>> {
    return this.#tried(id, request, options, async (response) => {
      const text = await response.text();
      if (response.status === 204 && answersNothing(id)) return undefined as AnswerOf<Id>;
      return objectIn(text, response.status) as AnswerOf<Id>;
    });
  }

  /** Sends an operation's request and returns the text of its success, which isn't JSON. */
  text<Id extends OperationId>(id: Id, request: RequestOf<Id>, options?: CallOptions): Promise<string> {
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
    next: (entry: Entry) => Following | null | undefined,
    options?: CallOptions,
  ): AsyncGenerator<Entry, void, undefined> {
    yield* this.parts(id, request, () => (line) => objectIn(line, 200) as Entry, next, options);
  }

  /**
   * The same of an export whose parts are several lines: what `gatherer` makes for each answer takes one line after the
   * other, and gives the part that this line ends, if it ends one. An answer is gone on from behind a whole part.
   */
  async *parts<Id extends OperationId, Part>(
    id: Id,
    request: RequestOf<Id>,
    gatherer: () => (line: string) => Part | undefined,
    next: (part: Part) => Following | null | undefined,
    options: CallOptions = {},
  ): AsyncGenerator<Part, void, undefined> {
    refuseMistakes(options);
    let { query } = request;
    let failures = 0;
    for (;;) {
      let taken = 0;
      let mayEnd = true;
      const idle = new IdleLimit(options.timeout ?? this.#timeout);
      try {
        const outcome = await this.#once(id, { ...request, query }, options, () => idle.signal, async (each) => each);
        let failure = outcome.failure;
        if (outcome.answer) {
          try {
            const gather = gatherer();
            for await (const line of linesOf(outcome.answer, idle)) {
              const part = gather(line);
              if (part === undefined) continue;
              const following = next(part);
              // Without a place to go on from, the next answer would be the first one again.
              if (following && typeof following.after !== "string") throw unreadable();
              query = (following ?? undefined) as typeof query;
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
            failure = failureBy(error, idle.signal, this.#base);
          }
        }
        if (!failure) continue;
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
    options: AnyOptions = {},
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    refuseMistakes(options);
    const repeatable = takesIdempotencyKey(id);
    if (options.idempotencyKey !== undefined && !repeatable) {
      throw new TypeError(`\`idempotencyKey\`: the API takes none with ${OPERATIONS[id]}, so it would not make a repeat safe.`);
    }
    const idempotencyKey = repeatable ? (options.idempotencyKey ?? newIdempotencyKey()) : undefined;
    const isRead = OPERATIONS[id].startsWith("GET ");
    // Sent again, any other PATCH or DELETE could undo what somebody else changed in between.
    const isVersioned = /^(PATCH|DELETE) /.test(OPERATIONS[id]) && options.ifVersion !== undefined;
    const retries = options.retries ?? this.#retries;
    /** The first failure that leaves open whether the change was carried out. */
    let open: KeystileError | undefined;
    for (let tries = 0; ; tries += 1) {
      const outcome = await this.#once(id, request, { ...options, idempotencyKey }, () => this.#limit(options), read);
      if (!outcome.failure) return outcome.answer;
      const { failure } = outcome;
      if (tries >= retries || !mayRepeat(failure, isRead || repeatable || isVersioned)) {
        // The version that a try misses may be the one that the first try ended.
        throw isVersioned || wasNotBegun(failure) ? (open ?? failure) : failure;
      }
      if (!isRead && !wasNotBegun(failure)) open ??= failure;
      await pause(tries, failure.retryAfter, options.signal);
    }
  }

  #limit({ timeout = this.#timeout, wait = 0 }: AnyOptions): AbortSignal {
    return AbortSignal.timeout(timeout + wait * 1000);
  }

  /** Sends a request once. What the caller's own functions throw is no failure of it, and is thrown as it is. */
  async #once<Id extends OperationId, T>(
    id: Id,
    { path = {} as never, query, body }: RequestOf<Id>,
    { signal, onResponse, ...options }: AnyOptions,
    limitOf: () => AbortSignal,
    read: (response: Response) => Promise<T>,
  ): Promise<Outcome<T>> {
    signal?.throwIfAborted();
    const key = typeof this.#key === "function" ? await this.#key() : this.#key;
    if (key !== undefined) checkKey(key);
    const [method, template] = OPERATIONS[id].split(" ") as [string, string];
    const target = `${this.#base}${filled(template, path)}${queryOf(query)}`;
    const limit = limitOf();
    const init: RequestInit = { method, headers: this.#headers(options, key), redirect: "manual" };
    init.signal = signal ? AbortSignal.any([signal, limit]) : limit;
    if (method === "POST" || method === "PATCH" || body !== undefined) {
      (init.headers as Headers).set("Content-Type", "application/json");
      init.body = JSON.stringify(body ?? {});
    }
    const failed = (error: unknown): Outcome<T> => {
      if (signal?.aborted && !(error instanceof KeystileError)) throw signal.reason;
      return { failure: failureBy(error, limit, this.#base) };
    };
    let response: Response;
    try {
      response = await this.#fetch(target, init);
    } catch (error) {
      return failed(error);
    }
    onResponse?.({ status: response.status, headers: response.headers });
    try {
      return response.ok ? { answer: await read(response) } : { failure: await failureOf(response, key) };
    } catch (error) {
      return failed(error);
    }
  }

  #headers({ ifVersion, wait, idempotencyKey }: AnyOptions, key: string | undefined): Headers {
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

  constructor(ms: number) {
    this.#ms = ms;
    this.signal = this.#controller.signal;
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

function failureBy(error: unknown, limit: AbortSignal, base: string): KeystileError {
  if (error instanceof KeystileError) return error;
  if (limit.aborted) return new KeystileError("TIMEOUT", `${base} took too long to answer.`, { cause: error });
  return new KeystileError("NETWORK", `No answer came from ${base}${reasonOf(error)}.`, { cause: error });
}

/** `fetch` of Node says "fetch failed", and why in the causes below. */
function reasonOf(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: { message?: string; code?: string } };
  const reason = cause?.code ?? cause?.message ?? code ?? message;
  return reason ? ` (${reason})` : "";
}

function mayRepeat(failure: KeystileError, isSafe: boolean): boolean {
  const { status, code, retryAfter = 0 } = failure;
  if (retryAfter > LONGEST_RETRY_AFTER) return false;
  if (wasNotBegun(failure)) return true;
  if (!isSafe) return false;
  return status === 0 || (status >= 500 && status !== 501) || code === "IDEMPOTENCY_KEY_IN_USE";
}

/** Whether the API has not begun with the request. */
const wasNotBegun = ({ status }: KeystileError): boolean => status === 408 || status === 429;

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
