/** The id of a provider (`providers()`), or a scheme of your own. */
export type SchemeOrProvider = string | object;

export interface Delivery {
  /** The method; `POST` by default. */
  method?: string;
  /** The URL as it is registered with the sender. Only schemes that sign it need it. */
  url?: string;
  headers: Headers | Iterable<[string, string]> | Record<string, string | string[] | undefined>;
  /** The bytes as they were received, never an object that was parsed and written again. */
  body?: ArrayBufferView | ArrayBuffer | string | null;
}

export interface Options {
  /** The sender's public keys as a set (RFC 7517), beside `secrets`. Its `secret_index` is the number of `secrets`. */
  jwks?: { keys: object[] };
  /** The texts of the scheme's `params`. */
  params?: Record<string, string>;
  /** Whether a provider is accepted that only a single source describes. */
  accept_unconfirmed?: boolean;
  /** The maximum length of a body, bytes; 8 MiB by default. Longer ones are refused. */
  body_limit?: number;
  /** Whether verdicts have `replay_keys`. Without a signed id they cost another hash of the body. */
  replay_keys?: boolean;
}

/** The options of a single call. */
export interface At extends Options {
  /** The time to judge by: seconds since 1970, or a Date; the clock's by default. */
  now?: number | Date;
}

export type Verdict = Genuine | Refused;

export interface Genuine {
  valid: true;
  code: "OK";
  /** The index of the secret that matched; of several, the first. */
  secret_index: number;
  /** Whether the signature covers the whole body. */
  body_authenticated: boolean;
  /** The time at which it was signed, seconds since 1970, if the scheme states it. */
  timestamp?: number;
  /** The id that stays the same when the delivery is repeated, if the scheme has one. */
  event_id?: string;
  /** The type of the event, if the scheme says where it stands. A header that isn't signed can be forged. */
  event_type?: string;
  /**
   * The texts to remember in order to recognise the delivery again: one for each signed item. The delivery is new if
   * any of them is new.
   */
  replay_keys?: string[];
}

export interface Refused {
  valid: false;
  /** The reason: `NO_MATCH`, `TIMESTAMP_TOO_OLD`, … */
  code: string;
  /** The HTTP status to answer with: the one that the sender wants, 401 for what isn't genuine, 400 for the rest. */
  status: number;
  /** The reason as a sentence. */
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
  /**
   * The secret that the sender tells and will sign with, as Asana does. Nothing proves that the request is the sender's:
   * keep it only if you have none, and have just made the webhook.
   */
  told_secret?: string;
}

export interface Provider {
  id: string;
  name: string;
  evidence: string;
  unconfirmed: boolean;
  /** How often, or for how long, the sender sends again what wasn't taken. */
  retries?: string;
  note?: string;
  /** The address of the keys of all its senders, if it publishes them. Nothing here fetches it. */
  jwks_url?: string;
  scheme: object;
}

/** A scheme and its secrets, parsed once for many deliveries. */
export class Verifier {
  /**
   * Throws if the scheme is malformed, the provider is unknown, a secret can't be used, or a parameter is missing. Without
   * a secret it throws too, unless there is a handshake that needs none: then `verify` refuses with `CONFIGURATION`.
   */
  constructor(scheme: SchemeOrProvider, secrets: string[], options?: Options);
  /** Verifies a delivery at `now`: seconds since 1970, or a Date. It never throws because of the delivery's content. */
  verify(delivery: Delivery, now?: number | Date): Verdict;
  /** Verifies a delivery like `verify`, but lets WebCrypto hash long bodies, which is faster. */
  verifyAsync(delivery: Delivery, now?: number | Date): Promise<Verdict>;
  /** The answer to a handshake; `undefined` if this is not a handshake, or one that proves nothing. */
  handshake(delivery: Delivery, now?: number | Date): Answer | undefined;
  /**
   * Frees the module's memory. Garbage collection does so too, some time later. After that its other methods throw, and so
   * does a `verifyAsync` that still waits.
   */
  free(): void;
}

/** Verifies one delivery. Use a `Verifier` for many. */
export function verify(scheme: SchemeOrProvider, secrets: string[], delivery: Delivery, options?: At): Verdict;

/** Signs a delivery as the sender would, and returns the headers to add. */
export function sign(
  scheme: SchemeOrProvider,
  secret: string,
  delivery: Delivery,
  eventId?: string,
  options?: At,
): Signed;

/** The known providers, with their schemes and the sources that these rest on. */
export function providers(): Provider[];
