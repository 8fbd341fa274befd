// Deliveries that fail for common reasons. They are signed when they are asked for, so they are fresh.

import type { Draft } from "./draft";
import type { Engine } from "./engine";

interface Example {
  title: string;
  make: (engine: Engine) => Promise<Partial<Draft>>;
}

const signed = async (engine: Engine, provider: string, secret: string, body: string): Promise<Partial<Draft>> => {
  const request = { scheme: provider, secret, url: "https://hooks.example.com/in", body, now: Date.now() / 1000, params: {} };
  const { headers, url } = await engine.ask("sample", { request });
  return { provider, secrets: [secret], url, bodyText: body, headersText: headers.map(([name, value]) => `${name}: ${value}`).join("\n") };
};

export const EXAMPLES: Example[] = [
  {
    title: "A body that was parsed and written again",
    make: async (engine) => {
      const body = '{"action":"opened","number":7,"title":"Größe < 5 MB"}';
      const example = await signed(engine, "github", "It's a Secret to Everybody", body);
      return { ...example, bodyText: JSON.stringify(JSON.parse(body), undefined, 2) };
    },
  },
  {
    title: "A secret that was copied with its quotes",
    make: async (engine) => {
      const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
      const example = await signed(engine, "standard-webhooks", secret, '{"type":"invoice.paid"}');
      return { ...example, secrets: [`"${secret}"`] };
    },
  },
  {
    title: "A URL behind a proxy",
    make: async (engine) => {
      const example = await signed(engine, "square", "a-signature-key", '{"type":"payment.created"}');
      return { ...example, url: "http://10.0.0.7:8080/in", headersText: `${example.headersText ?? ""}\nx-forwarded-host: hooks.example.com` };
    },
  },
  {
    title: "A genuine delivery, for comparison",
    make: (engine) => signed(engine, "github", "It's a Secret to Everybody", '{"action":"opened","number":7}'),
  },
];
