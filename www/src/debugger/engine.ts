// The engine, as the page asks it. It runs in a worker of the browser; nothing leaves the browser.

import type { Provider } from "./explanation";
import type { Answer, Questions } from "./messages";

/** Where the build says under which names the engine is; it isn't there until the engine is built. */
const NAMES_AT = "/debugger-engine.json";
const WAIT_MS = 3000;

/** The part of Trusted Types that TypeScript doesn't know yet. */
interface TrustedTypes {
  createPolicy: (name: string, rules: { createScriptURL: (address: string) => string }) => { createScriptURL: (address: string) => unknown };
}

/** The only address that a worker is made of: the policy of the page allows no other way to make one. */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("keystile-debugger", {
  createScriptURL: (address: string) => {
    if (/^\/assets\/debugger-engine-[0-9a-f]+\.js$/.test(address)) return address;
    throw new TypeError("This is not the engine's worker.");
  },
});

/** The addresses of the engine's files. */
interface Names {
  worker: string;
  module: string;
}

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

export class Engine {
  readonly #names: Names;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker;
  #last = 0;

  private constructor(names: Names) {
    this.#names = names;
    this.#worker = this.#made();
  }

  #made(): Worker {
    const { worker: name } = this.#names;
    const worker = new Worker((policy ? policy.createScriptURL(name) : name) as string, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("answer" in data) return waiting?.resolve(data.answer as never);
      if (data.trapped) this.#renew();
      waiting?.reject(new Error(data.error));
    };
    worker.onerror = (event) => this.#fail(event.message || "The engine stopped.");
    return worker;
  }

  /** Begins with a new worker: the memory of one that trapped can't be trusted. */
  #renew(): void {
    this.#worker.terminate();
    this.#fail("The engine was started anew.");
    this.#worker = this.#made();
    void this.ask("start", { module: this.#names.module });
  }

  /** Loads the engine, as soon as it is built. `onWait` is told that it isn't yet. */
  static async load(onWait: () => void): Promise<{ engine: Engine; providers: Provider[] }> {
    for (;;) {
      const answer = await fetch(NAMES_AT, { cache: "no-cache" });
      if (answer.ok) {
        const names = (await answer.json()) as Names;
        const engine = new Engine(names);
        return { engine, providers: await engine.ask("start", { module: names.module }) };
      }
      if (answer.status !== 404) throw new Error(`The engine could not be loaded: status ${answer.status}.`);
      onWait();
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }

  ask<Name extends keyof Questions>(name: Name, argument: Questions[Name]["argument"]): Promise<Questions[Name]["answer"]> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, name, argument });
    });
  }

  #fail(sentence: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(sentence));
    this.#waiting.clear();
  }
}
