// Two versions of the command line in one project: the previous one, of tests/fixtures/previous, and this one.

import { execFileSync } from "node:child_process";
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";

import { readConfiguration } from "../../../packages/cli/src/project/configuration.mjs";
import { projectOf } from "../../../packages/cli/src/project/project.mjs";
import { startStack } from "../../../packages/cli/src/project/stack.mjs";
import { inRoot } from "../../../scripts/tools.mjs";
import { installedCli } from "../cli/installed_cli.mjs";

const FREE = ["--edge-port", "0", "--manage-port", "0", "--upstream-port", "0"];
const WORKERS = ["front", "hooks", "sender", "limiter", "edge", "manage", "upstream"];

/** A project with this keystile.toml. Nothing is installed until `run`. */
export function twoVersions(toml) {
  const cli = installedCli();
  const installed = cli.file("node_modules", "@keystile", "cli");
  const kept = (version) => cli.file("versions", version);
  mkdirSync(cli.file("versions"));
  renameSync(installed, kept("new"));
  mkdirSync(kept("old"));
  const tar = brotliDecompressSync(readFileSync(inRoot("tests", "fixtures", "previous", "cli.tar.br")));
  execFileSync("tar", ["-x", "--strip-components=1", "-C", kept("old")], { input: tar });
  // The fixture is without pages.
  cpSync(`${kept("new")}/dist/pages`, `${kept("old")}/dist/pages`, { recursive: true });
  cli.write("keystile.toml", toml);
  cli.write(".gitignore", ".keystile/\n.dev.vars\n");
  const log = openSync(cli.file("mixed.log"), "a");

  /** The workers of a version, each with its configuration, as `dev` of that version wrote them. */
  const written = (version, worker) => cli.file("written", version, worker, "wrangler.json");

  /** `npm install` of a version, and `keystile dev`, until it is ready. */
  async function run(version) {
    rmSync(installed, { recursive: true, force: true });
    cpSync(kept(version), installed, { recursive: true });
    const running = cli.start(["dev", ...FREE]);
    await running.says(/Ctrl-C stops everything/);
    rmSync(cli.file("written", version), { recursive: true, force: true });
    cpSync(cli.file(".keystile", "workers"), cli.file("written", version), { recursive: true });
    const stop = async () => {
      running.signal("SIGTERM");
      const code = await running.exit;
      if (code !== 0) throw new Error(`keystile dev ended with ${code}:\n${running.said.err}`);
    };
    return { stack: JSON.parse(cli.read(".keystile/stack.json")), stop };
  }

  /**
   * The stack, each worker of the version that is named; of the new one if none is, such as the sender, which the previous
   * version doesn't have. Both must have run.
   */
  async function mixed(versions) {
    const place = projectOf({}, { cwd: cli.directory, say() {} });
    const { summary } = await readConfiguration(place.file, place.home);
    const configs = Object.fromEntries(WORKERS.map((worker) => [worker, written(versions[worker] ?? "new", worker)]));
    const rootKey = /^KEYSTILE_ROOT_KEY=["']?([^"'\n]+)/m.exec(cli.read(".dev.vars"))[1];
    const options = { place, summary, configs, rootKey, ports: { edge: 0, manage: 0, upstream: 0 }, output: log };
    const running = await startStack(options);
    const stop = async () => {
      running.stop();
      await running.ended;
    };
    try {
      return { stack: await running.ready, stop };
    } catch (error) {
      running.stop();
      throw new Error(`${error.message}\n${cli.read("mixed.log")}`, { cause: error });
    }
  }

  return {
    run,
    mixed,
    remove() {
      closeSync(log);
      cli.remove();
    },
  };
}
