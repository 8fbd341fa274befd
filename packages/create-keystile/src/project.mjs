// The files of a project.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const OWN = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** Writes the project of these answers. */
export function writeProject(answers) {
  const home = path.resolve(answers.directory);
  const files = { ...common(answers), ...(answers.upstream ? {} : worker(answers)), ...(answers.template === "webhooks" && SENDER) };
  for (const [file, text] of Object.entries(files)) {
    const at = path.join(home, file);
    mkdirSync(path.dirname(at), { recursive: true });
    writeFileSync(at, text);
  }
}

const common = (answers) => ({
  "keystile.toml": configuration(answers),
  "package.json": packageFile(answers),
  "README.md": readme(answers),
  ".gitignore": "node_modules/\n.keystile/\n.wrangler/\n.dev.vars\n",
});

const HEAD = `# The one configuration of all workers. \`npm run check\` says each mistake with its line and what to write.
# Every setting: https://github.com/keystile/keystile/blob/main/docs/reference/configuration.md

`;

function configuration({ template, name, prefix, upstream }) {
  const text = templateText(template)
    .replace("NAME", () => titleOf(name))
    .replaceAll("PREFIX", () => prefix);
  const guarded = upstream ? text.replaceAll('service = "UPSTREAM"', () => `url = ${JSON.stringify(upstream)}`) : text;
  return HEAD + guarded + deployment(name) + (upstream ? "" : SERVICES);
}

const templateText = (template) => readFileSync(new URL(`./templates/${template}.toml`, import.meta.url), "utf8");

/** A name of its own: a second project in the same account would otherwise take the place of the first. */
const deployment = (name) => `
# In your Cloudflare account. The workers' names begin with this one: another name is another deployment.
[deploy]
name = "${deploymentName(name)}"
`;

const SERVICES = `
# The worker behind the edge: the one in api/.
[deploy.services]
UPSTREAM = { config = "api/wrangler.toml" }
`;

const packageFile = ({ name, template, cli }) =>
  json({
    name: packageName(name),
    private: true,
    type: "module",
    scripts: {
      start: "keystile dev",
      check: "keystile check",
      deploy: "keystile deploy",
      keystile: "keystile",
      wrangler: "keystile wrangler --",
      ...(template === "webhooks" ? { send: "node send.mjs" } : {}),
    },
    devDependencies: { "@keystile/cli": cli ? `file:${path.resolve(cli)}` : OWN.version },
    // Newer versions of npm ask before they run these two packages' install scripts.
    allowScripts: { esbuild: true, workerd: true },
  });

/** The worker behind the edge. */
const worker = ({ name, template }) => ({
  "api/wrangler.toml": `# The worker behind the edge. Only the edge reaches it, by a service binding.
name = "${packageName(name)}-api"
main = "src/index.ts"
compatibility_date = "2026-11-01"
workers_dev = false
preview_urls = false
`,
  "api/src/index.ts": template === "webhooks" ? EVENTS : API,
});

const API = `// Your API. Whatever reaches it has a key: the edge checked it, and says whose it is.

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    return Response.json({
      path: pathname,
      tenant: request.headers.get("keystile-tenant"),
      key: request.headers.get("keystile-key-id"),
      scopes: request.headers.get("keystile-scopes")?.split(" ") ?? [],
    });
  },
};
`;

const EVENTS = `// Your worker. Whatever reaches it by /events is genuine, fresh, and came once: Keystile checked the sender's signature.

export default {
  async fetch(request: Request): Promise<Response> {
    const source = request.headers.get("keystile-webhook-source");
    const event = await request.json();
    console.log(\`\${source}: \${JSON.stringify(event)}\`);
    return new Response(null, { status: 204 });
  },
};
`;

/** A sender of the source `demo`. */
const SENDER = {
  "send.mjs": `// Sends a delivery to the source "demo" as its sender would, signed with the secret of this machine: Standard Webhooks.

import { createHmac, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

if (!existsSync(".keystile/stack.json")) {
  console.error("Nothing runs here. Start it first, in another terminal: npm start");
  process.exit(1);
}
const [, secret] = /^DEMO_WEBHOOK_SECRET="?whsec_([^"\\n]+)/m.exec(readFileSync(".dev.vars", "utf8"));
const { edge } = JSON.parse(readFileSync(".keystile/stack.json", "utf8"));

const id = \`msg_\${randomUUID()}\`;
const at = Math.floor(Date.now() / 1000);
const body = JSON.stringify({ type: "lead.created" });
const signature = createHmac("sha256", Buffer.from(secret, "base64")).update(\`\${id}.\${at}.\${body}\`).digest("base64");

const headers = { "Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": at, "webhook-signature": \`v1,\${signature}\` };
const response = await fetch(\`\${edge}/hooks/demo\`, { method: "POST", headers, body });
console.log(response.status, await response.text());
`,
};

const readme = ({ name, template, upstream }) => `# ${titleOf(name)}

${template === "webhooks" ? "Webhooks" : "An API"} behind [Keystile](https://github.com/keystile/keystile): ${
  template === "webhooks" ? "deliveries are checked at the edge and handed on." : "keys are checked at the edge, in your own Cloudflare account."
}

\`\`\`sh
npm install
npm start                                   # everything on this machine; prints the addresses and what to call
                                            # the rest is for a second terminal
${template === "webhooks" ? "npm run send                                # a delivery, signed as its sender would" : `npx keystile keys create acme --name first --scope ${firstScope(template)}`}
npm run check                               # keystile.toml: each mistake with its line
npm run deploy -- --dry-run                 # shows what a deploy would create
npm run deploy                              # to your Cloudflare account
\`\`\`

| file | |
|---|---|
| \`keystile.toml\` | what is guarded, and how |
${upstream ? "" : "| `api/` | the worker behind the edge |\n"}${template === "webhooks" ? "| `send.mjs` | a sender, to try it |\n" : ""}| \`.dev.vars\` | the secrets of this machine, made by \`npm start\`; not in git |
`;

/** A scope that the template defines. */
const firstScope = (template) => /^\[\[scopes\]\]\nname = "(.+?)"/m.exec(templateText(template))[1];

/** For a name without a Latin letter or digit: not the same for two such projects, which would be one deployment. */
const UNNAMED = `gate-${randomBytes(2).toString("hex")}`;
const packageName = (name) => name.toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 50) || UNNAMED;
/** The name that the workers' names begin with. */
const deploymentName = (name) => packageName(name).slice(0, 40).replace(/-+$/, "");
const titleOf = (name) => name.replace(/[^ -~]|["\\]/g, "").trim().slice(0, 64) || "Keystile";
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
