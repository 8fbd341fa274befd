// The files of a project.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const OWN = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** Writes the project of these answers. */
export function writeProject(answers) {
  const home = path.resolve(answers.directory);
  const files = { ...common(answers), ...(answers.upstream ? {} : worker(answers)) };
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
  const text = readFileSync(new URL(`./templates/${template}.toml`, import.meta.url), "utf8")
    .replaceAll("NAME", () => titleOf(name))
    .replaceAll("PREFIX", () => prefix);
  const guarded = upstream ? text.replaceAll('service = "UPSTREAM"', () => `url = ${JSON.stringify(upstream)}`) : text;
  return HEAD + guarded + (upstream ? "" : DEPLOY);
}

const DEPLOY = `
# The worker behind the edge: the one in api/.
[deploy.services]
UPSTREAM = { config = "api/wrangler.toml" }
`;

const packageFile = ({ name, cli }) =>
  json({
    name: packageName(name),
    private: true,
    type: "module",
    scripts: { start: "keystile dev", check: "keystile check", deploy: "keystile deploy", keystile: "keystile" },
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

const readme = ({ name, template, upstream }) => `# ${titleOf(name)}

${template === "webhooks" ? "Webhooks" : "An API"} behind [Keystile](https://github.com/keystile/keystile): ${
  template === "webhooks" ? "deliveries are checked at the edge and handed on." : "keys are checked at the edge, in your own Cloudflare account."
}

\`\`\`sh
npm install
npm start                                   # everything on this machine; prints the addresses and what to call
${template === "webhooks" ? "" : `npx keystile keys create acme --name first   # in a second terminal
`}npm run check                               # keystile.toml: each mistake with its line
npm run deploy -- --dry-run                 # shows what a deploy would create
npm run deploy                              # to your Cloudflare account
\`\`\`

| file | |
|---|---|
| \`keystile.toml\` | what is guarded, and how |
${upstream ? "" : "| `api/` | the worker behind the edge |\n"}| \`.dev.vars\` | the secrets of this machine, made by \`npm start\`; not in git |
`;

const packageName = (name) => name.toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 50) || "my-gate";
const titleOf = (name) => name.replace(/[^ -~]|["\\]/g, "").slice(0, 64) || "Keystile";
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
