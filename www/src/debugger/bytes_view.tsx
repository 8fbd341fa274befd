// Bytes in which everything can be seen, and the first difference between two of them.

import { useState } from "preact/hooks";

import { fromHex, runs, spacedHex } from "./bytes";
import type { Difference, Excerpt } from "./explanation";

export function Runs({ bytes, more = false }: { bytes: Uint8Array; more?: boolean }) {
  return (
    <>
      {runs(bytes, more).map(({ text, mark }, at) =>
        mark === undefined ? (
          <span key={at}>{text}</span>
        ) : (
          <span key={at} class="invisible" title={mark}>
            {text}
            {/* The line is broken where the bytes break it. */}
            {mark === "line feed" && "\n"}
          </span>
        ),
      )}
    </>
  );
}

/** The beginning of some bytes as text or in hex. */
export function BytesView({ hex, length, label }: { hex: string; length: number; label: string }) {
  const [inHex, setInHex] = useState(false);
  const bytes = fromHex(hex);
  const more = length - bytes.length;
  if (length === 0) return <p class="hint">Nothing: no bytes.</p>;
  return (
    <div class="bytes">
      <pre class="mono" dir="ltr" tabIndex={0} role="region" aria-label={label}>
        {inHex ? spacedHex(bytes) : <Runs bytes={bytes} more={more > 0} />}
        {more > 0 && <span class="hint">{`\n… and ${more.toLocaleString("en-GB")} bytes more`}</span>}
      </pre>
      <button type="button" class="link fine" aria-pressed={inHex} aria-label={`${label} in hex`} onClick={() => setInHex(!inHex)}>
        {inHex ? "Text" : "Hex"}
      </button>
    </div>
  );
}

export function DifferenceView({ difference, subject }: { difference: Difference; subject: string }) {
  const { offset, given, signed } = difference;
  return (
    <div class="difference">
      <p>
        First difference in the {subject} at byte {offset.toLocaleString("en-GB")}: <b>{byteName(given)}</b> here, <b>{byteName(signed)}</b> where it
        was signed.
      </p>
      <dl class="mono" dir="ltr">
        <div>
          <dt>here</dt>
          <dd>
            <Around excerpt={given} offset={offset} />
          </dd>
          <dd class="fine">{given.length.toLocaleString("en-GB")} bytes</dd>
        </div>
        <div>
          <dt>signed</dt>
          <dd>
            <Around excerpt={signed} offset={offset} />
          </dd>
          <dd class="fine">{signed.length.toLocaleString("en-GB")} bytes</dd>
        </div>
      </dl>
    </div>
  );
}

const NAMES: Record<string, string> = {
  "00": "NUL",
  "09": "tab",
  "0a": "line feed",
  "0d": "carriage return",
  "20": "space",
  ef: "maybe a byte order mark",
};

function byteName({ byte }: Excerpt): string {
  if (byte === null) return "the end";
  const code = Number.parseInt(byte, 16);
  const name = NAMES[byte] ?? (code > 0x20 && code < 0x7f ? String.fromCharCode(code) : undefined);
  return name ? `${byte} (${name})` : byte;
}

/** The bytes around the difference, with the differing one marked. */
function Around({ excerpt, offset }: { excerpt: Excerpt; offset: number }) {
  const bytes = fromHex(excerpt.hex);
  const at = offset - excerpt.start;
  // A character of several bytes is marked whole.
  let end = at + 1;
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end++;
  const cut = excerpt.start + bytes.length < excerpt.length;
  return (
    <>
      {excerpt.start > 0 && "…"}
      <Runs bytes={bytes.subarray(0, at)} more />
      <mark>{at < bytes.length ? <Runs bytes={bytes.subarray(at, end)} /> : <span title="the end">∎</span>}</mark>
      <Runs bytes={bytes.subarray(end)} more={cut} />
      {cut && "…"}
    </>
  );
}
