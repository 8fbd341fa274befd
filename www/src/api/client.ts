// The management API over fetch, typed by its document: problems, ETags, idempotency, and the end of a session.

import { signal } from "@preact/signals";

import type { paths } from "../../../packages/keystile/src/client/schema";
import { BearerToken } from "./bearer";
import { Problem, wasAborted } from "./problem";

type Verb = "get" | "post" | "patch" | "delete";
type PathWith<V extends Verb> = { [P in keyof paths]: paths[P][V] extends object ? P : never }[keyof paths];
type Operation<P extends keyof paths, V extends Verb> = NonNullable<paths[P][V]>;
type Loose<T> = { [K in keyof T]?: T[K] | undefined };
type PathOf<O> = O extends { parameters: { path: infer T } } ? T : undefined;
type QueryOf<O> = O extends { parameters: { query?: infer T } } ? Loose<NonNullable<T>> : never;
type BodyOf<O> = O extends { requestBody?: { content: { "application/json": infer T } } } ? T : never;
type AnswerOf<O> = O extends { responses: infer R }
  ? { [S in keyof R & (200 | 201 | 202)]: R[S] extends { content: { "application/json": infer T } } ? T : undefined }[keyof R & (200 | 201 | 202)]
  : never;

export interface Options {
  query?: Record<string, unknown> | undefined;
  body?: unknown;
  /** Of the form that sends it: the same for each try, another after success or a change of the form. */
  idempotencyKey?: string;
  /** Only if the resource still has this ETag. */
  ifMatch?: string;
  /** Seconds to wait for the change to be in effect. */
  wait?: number;
  signal?: AbortSignal;
}
type TypedOptions<O> = Omit<Options, "query" | "body"> & { query?: QueryOf<O>; body?: BodyOf<O> } & (PathOf<O> extends undefined
    ? { path?: undefined }
    : { path: PathOf<O> });

export interface Answer<T> {
  data: T;
  etag: string | null;
}

/** The kind of session that a page's cookie holds, or how an embedded page gets its token. */
export type Credential = { session: "operator" | "portal" } | { getSession: () => Promise<string> };

export class Client {
  /** The problem that ended the session; null while there is one. What was typed stays: pages show this above. */
  readonly ended = signal<Problem | null>(null);
  /** Grows with each new session, so that queries which failed for want of one ask again. */
  readonly generation = signal(0);
  #bearer: BearerToken | undefined;
  #cookieOf: string | undefined;

  /** `base` is the API's origin; empty for the page's own. */
  constructor(
    credential: Credential,
    private readonly base = "",
  ) {
    if ("session" in credential) this.#cookieOf = credential.session;
    else this.#bearer = new BearerToken(credential.getSession, this.#endOf);
  }

  get<P extends PathWith<"get">>(path: P, options: TypedOptions<Operation<P, "get">>): Promise<Answer<AnswerOf<Operation<P, "get">>>> {
    return this.call("GET", filled(path, options.path), options as Options);
  }

  post<P extends PathWith<"post">>(path: P, options: TypedOptions<Operation<P, "post">>): Promise<Answer<AnswerOf<Operation<P, "post">>>> {
    return this.call("POST", filled(path, options.path), options as Options);
  }

  patch<P extends PathWith<"patch">>(path: P, options: TypedOptions<Operation<P, "patch">>): Promise<Answer<AnswerOf<Operation<P, "patch">>>> {
    return this.call("PATCH", filled(path, options.path), options as Options);
  }

  /** Any request. Throws a Problem, or the AbortError of its signal. */
  async call<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
    const response = await this.fetch(method, path, options);
    const text = await response.text();
    return { data: (text === "" ? undefined : JSON.parse(text)) as T, etag: response.headers.get("ETag") };
  }

  /** The response to any request, for what isn't JSON or is read while it comes. Throws as `call` does. */
  async fetch(method: string, path: string, options: Options = {}): Promise<Response> {
    const token = await this.#token();
    let response = await this.#send(method, path, options, token);
    if (response.status === 401 && token !== undefined) {
      response = await this.#send(method, path, options, await this.#token(token));
    }
    if (!response.ok) {
      const problem = await Problem.of(response);
      if (response.status === 401) this.ended.value = problem;
      throw problem;
    }
    return response;
  }

  /** Goes on with a new session: somebody signed in again, or the host page has another token. */
  resume(): void {
    this.#bearer?.forget();
    this.ended.value = null;
    this.generation.value += 1;
  }

  stop(): void {
    this.#bearer?.stop();
  }

  async #token(refused?: string): Promise<string | undefined> {
    try {
      return await (refused === undefined ? this.#bearer?.get() : this.#bearer?.instead(refused));
    } catch (error) {
      const problem = new Problem(401, "NO_SESSION", error instanceof Error ? error.message : String(error));
      this.ended.value = problem;
      throw problem;
    }
  }

  async #send(method: string, path: string, options: Options, token: string | undefined): Promise<Response> {
    const headers = new Headers({ Accept: "application/json" });
    if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
    if (this.#cookieOf !== undefined) headers.set("Keystile-Session", this.#cookieOf);
    if (options.idempotencyKey !== undefined) headers.set("Idempotency-Key", options.idempotencyKey);
    if (options.ifMatch !== undefined) headers.set("If-Match", options.ifMatch);
    if (options.wait !== undefined) headers.set("Prefer", `wait=${options.wait}`);
    const init: RequestInit = { method, headers, credentials: this.#bearer ? "omit" : "same-origin", cache: "no-store" };
    if (method !== "GET" && method !== "DELETE") {
      headers.set("Content-Type", "application/json");
      init.body = JSON.stringify(options.body ?? {});
    }
    if (options.signal) init.signal = options.signal;
    try {
      return await fetch(`${this.base}${path}${queryOf(options.query)}`, init);
    } catch (error) {
      if (wasAborted(error)) throw error;
      throw new Problem(0, "NETWORK", "No answer came.");
    }
  }

  #endOf = async (token: string): Promise<string | null> => {
    const response = await this.#send("GET", "/v1/portal-session", {}, token);
    return response.ok ? ((await response.json()) as { expires_at: string | null }).expires_at : null;
  };
}

/** A key for one opened form. `crypto.randomUUID` is missing on pages over plain http. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const filled = (path: string, parameters: unknown): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String((parameters as Record<string, unknown>)[name])));

function queryOf(query: Options["query"]): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== "");
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}
