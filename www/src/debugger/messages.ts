// The messages between the page and the worker of the engine.

import type { Explanation, PastedRequest, Provider, Sample, SchemeInfo } from "./explanation";

/** A provider's id, or a scheme. */
export type SchemeChoice = string | Record<string, unknown>;

export interface ExplainRequest {
  scheme: SchemeChoice;
  secrets: string[];
  method: string;
  url: string;
  headers: [name: string, value: string][];
  /** Seconds since 1970. */
  now: number;
  params: Record<string, string>;
}

export interface SampleRequest {
  scheme: SchemeChoice;
  secret: string;
  url: string;
  body: string | null;
  now: number;
  params: Record<string, string>;
}

/** The questions, with what each is asked with and what it answers. */
export interface Questions {
  start: { argument: { module: string }; answer: Provider[] };
  explain: { argument: { request: ExplainRequest; body: Uint8Array }; answer: Explanation };
  scheme: { argument: { text: string }; answer: SchemeInfo };
  request: { argument: { text: string }; answer: PastedRequest };
  sample: { argument: { request: SampleRequest }; answer: Sample };
  secret: { argument: { scheme: SchemeChoice; random: Uint8Array }; answer: string | null };
}

export type Question = { [Name in keyof Questions]: { id: number; name: Name; argument: Questions[Name]["argument"] } }[keyof Questions];

/** An answer, or the sentence that says why there is none. After a trap the engine can't be asked again. */
export type Answer = { id: number; answer: Questions[keyof Questions]["answer"] } | { id: number; error: string; trapped: boolean };
