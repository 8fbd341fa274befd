// The reader's input so far. It is kept in memory alone, and forgotten when the page is left.

import { readBase64, readHex, utf8 } from "./bytes";
import type { PastedRequest } from "./explanation";

export type BodyForm = "text" | "base64" | "hex";

export interface Draft {
  /** Whether a scheme is pasted, or a provider chosen. */
  own: boolean;
  provider: string;
  schemeText: string;
  headersText: string;
  bodyForm: BodyForm;
  bodyText: string;
  file: { name: string; bytes: Uint8Array } | undefined;
  secrets: string[];
  method: string;
  url: string;
  /** When the delivery arrived; empty for now. */
  time: string;
  params: Record<string, string>;
}

export const EMPTY: Draft = {
  own: false,
  provider: "",
  schemeText: "",
  headersText: "",
  bodyForm: "text",
  bodyText: "",
  file: undefined,
  secrets: [""],
  method: "POST",
  url: "",
  time: "",
  params: {},
};

/** The bytes of the body, or why it has none. */
export function bodyOf({ file, bodyForm, bodyText }: Draft): { bytes: Uint8Array; error?: string } {
  if (file) return { bytes: file.bytes };
  if (bodyForm === "text") return { bytes: utf8(bodyText) };
  const bytes = bodyForm === "hex" ? readHex(bodyText) : readBase64(bodyText);
  if (bytes) return { bytes };
  return { bytes: new Uint8Array(), error: bodyForm === "hex" ? "This is no hex: two digits for each byte." : "This is no base64." };
}

/** The time that a text stands for, seconds since 1970, or `undefined`. Empty is now. */
export function readTime(text: string): number | undefined {
  const bare = text.trim();
  if (bare === "") return Date.now() / 1000;
  if (/^\d{1,11}(\.\d+)?$/.test(bare)) return Number(bare);
  if (/^\d{12,14}$/.test(bare)) return Number(bare) / 1000;
  const time = Date.parse(bare);
  return Number.isNaN(time) ? undefined : time / 1000;
}

/** Takes the body and the URL of a pasted request if their fields are still empty, and its method if it differs. */
export function alsoTaken(draft: Draft, request: PastedRequest): { changes: Partial<Draft>; taken: string[] } {
  const changes: Partial<Draft> = {};
  const taken: string[] = [];
  if (request.body && !draft.file && draft.bodyText === "") {
    changes.bodyText = request.body;
    changes.bodyForm = request.body_is_base64 ? "base64" : "text";
    taken.push("the body");
  }
  const url = addressOf(request);
  if (url && draft.url === "") {
    changes.url = url;
    taken.push("the URL");
  }
  if (request.method && request.method !== draft.method) {
    changes.method = request.method;
    taken.push("the method");
  }
  return { changes, taken };
}

function addressOf({ url, headers }: PastedRequest): string | undefined {
  if (!url?.startsWith("/")) return url ?? undefined;
  const header = (name: string): string | undefined => headers.find(([other]) => other === name)?.[1];
  const host = header("x-forwarded-host") ?? header("host");
  return host ? `${header("x-forwarded-proto") ?? "https"}://${host}${url}` : url;
}

export const headerOf = (request: PastedRequest | undefined, name: string): string | undefined =>
  request?.headers.find(([other]) => other === name)?.[1];
