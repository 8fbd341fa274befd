// Signs a sample, to try a receiver with.

import { useRef, useState } from "preact/hooks";

import { CopyButton } from "../components/copy";
import { Field } from "../components/field";
import type { Draft } from "./draft";
import type { Engine } from "./engine";
import type { Sample } from "./explanation";
import { Prose } from "./prose";
import type { Chosen } from "./use_engine";

interface Props {
  engine: Engine;
  draft: Draft;
  chosen: Chosen;
  onUse: (draft: Partial<Draft>) => void;
}

export function SampleMaker({ engine, draft, chosen, onUse }: Props) {
  const [url, setUrl] = useState("http://127.0.0.1:8787/hooks/demo");
  const [ownBody, setOwnBody] = useState(false);
  const [made, setMade] = useState<{ sample?: Sample; secret?: string; random?: boolean; error?: string }>({});
  const source = useRef<HTMLPreElement>(null);
  const { choice, info } = chosen;
  const first = draft.secrets.find((secret) => secret !== "");
  const make = async (): Promise<void> => {
    if (choice === undefined) return setMade({ error: "Choose above who signs it." });
    try {
      const random = crypto.getRandomValues(new Uint8Array(24));
      const secret = first ?? (await engine.ask("secret", { scheme: choice, random })) ?? "";
      const body = ownBody ? draft.bodyText : null;
      const request = { scheme: choice, secret, url, body, now: Date.now() / 1000, params: draft.params };
      setMade({ sample: await engine.ask("sample", { request }), secret, random: first === undefined });
    } catch (error) {
      setMade({ error: (error as Error).message });
    }
  };
  const { sample, secret, error } = made;
  const cannot = info && !info.can_sign;
  return (
    <section class="sample" aria-labelledby="sample">
      <h2 id="sample">Sign a sample</h2>
      <p class="hint">
        A delivery signed as the sender would sign it, with the first secret from above, or a new one. It is genuine for as long as its timestamp is
        fresh.
      </p>
      <div class="sample-form">
        <Field label="URL of your receiver">
          {(control) => (
            <input {...control} type="url" class="mono" autocomplete="off" spellcheck={false} dir="ltr" value={url} onInput={(event) => setUrl(event.currentTarget.value)} />
          )}
        </Field>
        <label class="tick">
          <input type="checkbox" checked={ownBody} onChange={() => setOwnBody(!ownBody)} /> Sign the text of the body from above
        </label>
        <button type="button" class="button primary" aria-disabled={cannot} onClick={() => !cannot && void make()}>
          Sign a sample
        </button>
      </div>
      {cannot && <p class="hint">{info.token ? "This sender signs nothing: it sends the token itself." : "Only the sender has the private key for this scheme."}</p>}
      {error && (
        <p class="error" role="alert">
          <Prose text={error} />
        </p>
      )}
      {sample && (
        <div class="sample-made">
          {made.random && (
            <p>
              The secret is new: <bdi class="value mono">{secret}</bdi>
            </p>
          )}
          <pre ref={source} class="mono" dir="ltr" tabIndex={0} role="region" aria-label="The sample as a curl command">
            {curlOf(sample)}
          </pre>
          <div class="actions">
            <CopyButton text={curlOf(sample)} label="Copy the curl command" source={source}>
              Copy
            </CopyButton>
            <button
              type="button"
              class="button"
              onClick={() =>
                onUse({
                  own: draft.own,
                  provider: draft.provider,
                  schemeText: draft.schemeText,
                  params: draft.params,
                  secrets: [secret ?? ""],
                  method: sample.method,
                  url: sample.url,
                  headersText: sample.headers.map(([name, value]) => `${name}: ${value}`).join("\n"),
                  bodyText: sample.body,
                })
              }
            >
              Look at it above
            </button>
          </div>
        </div>
      )}
    </section>
  );
}

/** A command for POSIX shells. A body with control characters is written as bash's $'…'. */
function curlOf({ method, url, headers, body }: Sample): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  // eslint-disable-next-line no-control-regex
  const data = /[\u0000-\u0008\u000b-\u001f]/.test(body)
    ? `$'${body.replaceAll(/[\\']/g, "\\$&").replaceAll("\r", "\\r").replaceAll("\n", "\\n").replaceAll(/[\u0000-\u001f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`)}'`
    : quoted(body);
  const lines = [`curl -X ${method} ${quoted(url)}`, ...headers.map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)}`), `  --data-binary ${data}`];
  return lines.join(" \\\n");
}
