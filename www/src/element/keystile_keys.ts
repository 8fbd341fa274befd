// `<keystile-keys>`: a customer's keys inside the customer's own settings page.
//
//   getSession   a property: () => Promise<string>, which gives the token of a portal session; asked again when one ends
//   messages     JSON with texts in place of these, by their names
//   api          where the guarded API is, for the examples
//   base         where Keystile's API is; by default the origin that this file came from
//
// Looks are set by the custom properties of styles/tokens.css, and by ::part().

import { Client } from "../api/client";
import { I18n, languageOf } from "../i18n";
import keysStyles from "../keys/keys.css";
import type { Messages } from "../messages";
import { memoryRouter, type Router } from "../router";
import { adopt } from "../styles/sheets";
import { remove, show } from "./view";

type GetSession = () => Promise<string>;

class KeystileKeys extends HTMLElement {
  static observedAttributes = ["messages", "api", "base", "lang"];

  #getSession: GetSession | undefined;
  #client: Client | undefined;
  readonly #router: Router = memoryRouter();
  readonly #place = document.createElement("div");

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    adopt(root, keysStyles);
    this.#place.className = "root";
    root.append(this.#place);
  }

  get getSession(): GetSession | undefined {
    return this.#getSession;
  }

  set getSession(getSession: GetSession | undefined) {
    this.#getSession = getSession;
    this.#stop();
    this.#show();
  }

  connectedCallback(): void {
    this.#takeOver();
    this.#show();
  }

  /** A page may move the element elsewhere: it goes on there with what was typed. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) this.#stop();
    });
  }

  attributeChangedCallback(name: string): void {
    if (name === "base") this.#stop();
    this.#show();
  }

  /** The property may have been set before this class was there. */
  #takeOver(): void {
    if (!Object.hasOwn(this, "getSession")) return;
    const { getSession } = this;
    delete (this as { getSession?: unknown }).getSession;
    this.getSession = getSession;
  }

  #show(): void {
    if (!this.isConnected || !this.#getSession) return;
    this.#client ??= new Client({ getSession: () => this.#ask() }, this.getAttribute("base") ?? new URL(import.meta.url).origin);
    const i18n = new I18n(languageOf(this), this.#messages());
    show({ client: this.#client, router: this.#router, i18n, api: this.getAttribute("api") ?? undefined }, this.#place);
  }

  #ask(): Promise<string> {
    return this.#getSession ? this.#getSession() : Promise.reject(new Error("The property getSession isn’t set."));
  }

  #stop(): void {
    remove(this.#place);
    this.#client?.stop();
    this.#client = undefined;
  }

  #messages(): Partial<Messages> {
    const text = this.getAttribute("messages");
    if (!text) return {};
    try {
      return JSON.parse(text) as Partial<Messages>;
    } catch (error) {
      console.warn("<keystile-keys>: the attribute messages is no JSON.", error);
      return {};
    }
  }
}

if (!customElements.get("keystile-keys")) customElements.define("keystile-keys", KeystileKeys);


