/** The id of a provider (`providers()`), or a scheme of your own. */
export type SchemeOrProvider = string | object;

export interface Delivery {
  /** `POST` unless given. */
  method?: string;
  /** As it is registered with the sender. Only schemes that sign it need it. */
  url?: string;
  headers: Headers | Iterable<[string, string]> | Record<string, string | string[] | undefined>;
  /** The bytes as they came. Never a parsed and written object. */
  body?: ArrayBufferView | ArrayBuffer | string | null;
}

export interface Options {
  /** The texts of the scheme's `params`. */
  params?: Record<string, string>;
  /** Providers that a single source describes need this to be chosen. */
  accept_unconfirmed?: boolean;
  /** Bytes of a body; longer ones are refused. 8 MiB unless given. */
  body_limit?: number;
  /** Whether verdicts have `replay_keys`. Where no signed id serves, they cost another hash of the body. */
  replay_keys?: boolean;
}

/** A single call's options. */
export interface At extends Options {
  /** Seconds since 1970, or a Date; the clock's unless given. */
  now?: number | Date;
}

export type Verdict = Genuine | Refused;

export interface Genuine {
  valid: true;
  code: "OK";
  /** Which of the secrets it matched: the first, if several. */
  secret_index: number;
  /** Whether the signature covers the whole body. */
  body_authenticated: boolean;
  /** When it was signed, if the scheme says. Seconds since 1970. */
  timestamp?: number;
  /** The id that a repeated delivery repeats, if the scheme has one. */
  event_id?: string;
  /** What to remember, to know the delivery again: a text for each item that was signed. It is new if any was not seen. */
  replay_keys?: string[];
}

export interface Refused {
  valid: false;
  /** Why: `NO_MATCH`, `TIMESTAMP_TOO_OLD`, … */
  code: string;
  /** The same for a person. */
  detail: string;
}

export interface Signed {
  headers: Record<string, string>;
  /** The signature, for schemes that don't have it in a header. */
  value: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Provider {
  id: string;
  name: string;
  evidence: string;
  unconfirmed: boolean;
  note?: string;
  scheme: object;
}

/** A scheme and its secrets, read once for many deliveries. */
export class Verifier {
  /** Throws if the scheme is none, the provider is unknown, a secret can't be used, or a parameter is missing. */
  constructor(scheme: SchemeOrProvider, secrets: string[], options?: Options);
  /** Verifies a delivery, at `now`: seconds since 1970, or a Date. What the sender sent never throws. */
  verify(delivery: Delivery, now?: number | Date): Verdict;
  /** The same; bodies long enough are WebCrypto's to hash, which is faster. */
  verifyAsync(delivery: Delivery, now?: number | Date): Promise<Verdict>;
  /** What to answer if this is a handshake; `undefined` if it is none, or one that proves nothing. */
  handshake(delivery: Delivery, now?: number | Date): Answer | undefined;
  /** Lets go of the module's memory. Garbage collection does so too, some time later. */
  free(): void;
}

/** Verifies one delivery; a `Verifier` is for many. */
export function verify(scheme: SchemeOrProvider, secrets: string[], delivery: Delivery, options?: At): Verdict;

/** Signs a delivery as the sender would: the headers to add. */
export function sign(
  scheme: SchemeOrProvider,
  secret: string,
  delivery: Delivery,
  eventId?: string,
  options?: At,
): Signed;

/** The providers that are known, with their schemes and what these rest on. */
export function providers(): Provider[];
