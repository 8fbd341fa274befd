// The engine's answers, as crates/debugger writes them in JSON.

export interface Explanation {
  verdict: Verdict;
  steps: Steps;
  /** Proven mistakes: each alone explains the verdict. */
  causes: Cause[];
  /** Possible mistakes, without proof. */
  hints: Hint[];
  search: { tries: number; ending: "not_needed" | "not_possible" | "found" | "exhausted" | "tries" | "time" };
}

export interface Verdict {
  valid: boolean;
  code: string;
  detail: string;
  /** The index of the secret that matched. */
  secret: number | null;
  timestamp: number | null;
  event_id: string | null;
  event_type: string | null;
  body_authenticated: boolean;
}

export interface Problem {
  code: string;
  detail: string;
}

export interface Steps {
  secrets: SecretStep[];
  problem: Problem | null;
  readings: Reading[];
}

export interface SecretStep {
  index: number;
  key_lengths: number[];
  forms: string[];
  problem: string | null;
}

/** The values that the engine read for one group of signatures of one signed item. */
export interface Reading {
  item: number | null;
  sources: { place: string; values: string[] }[];
  entries: Entry[];
  problem: Problem | null;
  timestamp: TimestampStep | null;
  messages: MessageStep[];
  comparisons: Comparison[];
  checks: { place: string; stated: string[]; expected: string; holds: boolean }[];
}

export interface Entry {
  text: string;
  used: boolean;
  note: string;
  length: number | null;
}

export interface TimestampStep {
  place: string;
  text: string | null;
  unit: string;
  time: number | null;
  now: number;
  age: number | null;
  past: number;
  future: number;
  enforced: boolean;
  signed: boolean;
  problem: Problem | null;
}

export interface MessageStep {
  template: string;
  parts: MessagePart[];
  length: number;
  problem: Problem | null;
}

export interface MessagePart {
  label: string;
  /** Null for what may be secret. */
  bytes: { hex: string; length: number } | null;
  length: number;
}

export interface Comparison {
  secret: number;
  message: number;
  algorithm: string;
  form: string;
  /** Null for public keys. */
  computed: string | null;
  /** The index of the entry that matches. */
  entry: number | null;
}

export interface Cause {
  code: string;
  number: number;
  sentence: string;
  changes: Change[];
  verdict: string;
  mend: Mend;
}

export interface Change {
  code: string;
  subject: string;
  sentence: string;
  secret: number | null;
  difference: Difference | null;
}

export interface Difference {
  offset: number;
  given: Excerpt;
  signed: Excerpt;
}

export interface Excerpt {
  byte: string | null;
  hex: string;
  start: number;
  length: number;
}

export interface Hint {
  code: string;
  number: number;
  sentence: string;
  mend: Mend;
}

export interface Mend {
  sentence: string;
  frameworks: [name: string, line: string][];
}

/** The parts of a delivery that a scheme reads, and the input that it needs from the reader. */
export interface SchemeInfo {
  scheme: Record<string, unknown>;
  signature: string[];
  headers: string[] | null;
  secret_forms: string[];
  public_key: boolean;
  token: boolean;
  params: string[];
  reads_url: boolean;
  reads_method: boolean;
  can_sign: boolean;
  body_authenticated: boolean;
}

export interface Provider extends SchemeInfo {
  id: string;
  name: string;
  evidence: string;
  unconfirmed: boolean;
  note: string | null;
}

export interface PastedRequest {
  form: string;
  method: string | null;
  url: string | null;
  headers: [name: string, value: string][];
  body: string | null;
  body_is_base64: boolean;
  notes: string[];
}

export interface Sample {
  method: string;
  url: string;
  headers: [name: string, value: string][];
  body: string;
}
