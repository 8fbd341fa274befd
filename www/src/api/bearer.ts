// The token of an embedded session: in memory alone, renewed before it ends.

/** How much of its life a token is used for before it is renewed. */
const RENEW_AT = 0.8;
const LONGEST_TIMER = 2 ** 31 - 1;

/** Gets tokens from the host page, one call at a time, and another before one ends. */
export class BearerToken {
  #present: string | undefined;
  #pending: Promise<string> | undefined;
  #renewAt = Number.POSITIVE_INFINITY;
  #endsAt = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `endOf` asks the API when a token ends. */
  constructor(
    private readonly getSession: () => Promise<string>,
    private readonly endOf: (token: string) => Promise<string | null>,
  ) {
    document.addEventListener("visibilitychange", this.#wake);
  }

  /** The present token, or another if it is about to end. */
  async get(): Promise<string> {
    if (this.#present !== undefined && Date.now() < this.#renewAt) return this.#present;
    try {
      return await this.#renew();
    } catch (error) {
      // The host couldn't give another. The one at hand may have some time left.
      if (this.#present !== undefined && Date.now() < this.#endsAt) return this.#present;
      throw error;
    }
  }

  /** Another token than this one, which the API refused. */
  async instead(refused: string): Promise<string> {
    if (this.#present === refused) this.#present = undefined;
    return this.get();
  }

  /** Drops the present token: the next request asks the host page. */
  forget(): void {
    this.#present = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#wake);
  }

  #renew(): Promise<string> {
    return (this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined;
    }));
  }

  async #ask(): Promise<string> {
    const got = Date.now();
    const token = await this.getSession();
    if (typeof token !== "string" || token === "") throw new TypeError("getSession() has to give the session's token.");
    this.#present = token;
    this.#endsAt = this.#renewAt = Number.POSITIVE_INFINITY;
    void this.endOf(token).then((end) => this.#plan(got, end), () => {});
    return token;
  }

  #plan(got: number, end: string | null): void {
    clearTimeout(this.#timer);
    if (end === null) return;
    this.#endsAt = Date.parse(end);
    this.#renewAt = got + Math.max((this.#endsAt - got) * RENEW_AT, 1000);
    this.#timer = setTimeout(this.#ahead, Math.min(this.#renewAt - Date.now(), LONGEST_TIMER));
  }

  #ahead = (): void => void this.get().catch(() => {});

  // Timers stand still while a laptop sleeps.
  #wake = (): void => {
    if (document.visibilityState === "visible" && Date.now() >= this.#renewAt) this.#ahead();
  };
}
