// `keystile init`: writes keystile.toml and what else a project lacks. It changes no file that is there, but for the
// lines that .gitignore lacks.

import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";

import { VERSION } from "../version.mjs";
import { checkText, readConfiguration } from "./configuration.mjs";
import { addLines, missingLines } from "./git_ignore.mjs";

export const init = {
  name: "init",
  summary: "write keystile.toml and what else is missing; nothing is overwritten",
  details: `
To a .gitignore that is there it adds .keystile/ and .dev.vars, which has secrets, unless git ignores them.`,
  options: {
    name: { type: "string", value: "NAME", summary: "the deployment's name (default: the directory's)" },
    json: { type: "boolean", summary: "the names of the files that were written, changed and kept, as a line of JSON" },
  },
  async run({ values, io }) {
    const name = values.name ?? path.basename(io.cwd);
    const files = {
      "keystile.toml": configuration(name),
      "package.json": packageFile(name),
      ".gitignore": "node_modules/\n.keystile/\n.dev.vars\n",
    };
    await checkText(files["keystile.toml"], "keystile.toml");
    const facts = { written: [], changed: [], kept: [] };
    for (const [file, text] of Object.entries(files)) {
      const at = path.join(io.cwd, file);
      const isThere = existsSync(at);
      if (!isThere) writeFileSync(at, text);
      const missing = file === ".gitignore" ? missingLines(io.cwd) : [];
      facts[!isThere ? "written" : missing.length ? "changed" : "kept"].push(file);
      if (missing.length) {
        addLines(io.cwd, missing);
        io.say(`✓ ${file} has ${missing.join(" and ")} now`);
      } else io.say(isThere ? `  ${file} is there, and stays as it is` : `✓ ${file}`);
    }
    await readConfiguration(path.join(io.cwd, "keystile.toml"), io.cwd);
    io.say("\nNext: npx keystile dev");
    if (values.json) io.out(JSON.stringify(facts));
  },
};

/** The name as a key's prefix: lower-case letters, and not those that begin operators' keys. */
function prefixOf(name) {
  const letters = name.toLowerCase().replace(/[^a-z]/g, "").slice(0, 12);
  return letters.length < 2 || /^ks(op|root)/.test(letters) ? "demo" : letters;
}
const titleOf = (name) => name.replace(/[^ -~]|["\\]/g, "").trim().slice(0, 64) || "Keystile";
/** For a name without a Latin letter or digit: not the same for two such projects, which would be one deployment. */
const UNNAMED = `gate-${randomBytes(2).toString("hex")}`;
/** The name as npm and Cloudflare take it. */
const plainName = (name) => name.toLowerCase().replace(/[^a-z0-9-]+/g, "-").slice(0, 40).replace(/^-+|-+$/g, "") || UNNAMED;

const configuration = (name) => `# The one configuration of all workers. \`keystile check\` says each mistake with its line and what to write.
# Every setting: https://github.com/keystile/keystile/blob/main/docs/reference/configuration.md

name = "${titleOf(name)}"

[keys]
prefix = "${prefixOf(name)}"   # keys begin with it: ${prefixOf(name)}_live_…, ${prefixOf(name)}_test_…

# The scopes: what a key may be allowed to do.
[[scopes]]
name = "read"
[[scopes]]
name = "write"

[edge]
when_feed_unreachable = "kv"   # or "deny"

# Where guarded requests go: a service binding, or url = "https://…".
[[upstreams]]
name = "api"
service = "UPSTREAM"

[[routes]]
path = "/api/*"
upstream = "api"
read = ["read"]
write = ["write"]

# In your Cloudflare account. The workers' names begin with this one: another name is another deployment.
[deploy]
name = "${plainName(name)}"

# The worker behind UPSTREAM is a demo that answers with the request that reached it. Write the name of your own worker,
# or { config = "…" }, the path of its wrangler file.
[deploy.services]
UPSTREAM = "${plainName(name)}-demo-upstream"
`;

const packageFile = (name) =>
  `${JSON.stringify(
    {
      name: plainName(name),
      private: true,
      scripts: { start: "keystile dev", check: "keystile check", deploy: "keystile deploy", wrangler: "keystile wrangler --" },
      devDependencies: { "@keystile/cli": VERSION },
      allowScripts: { esbuild: true, workerd: true },
    },
    null,
    2,
  )}\n`;
