// The guide in a project of the packed command line, without a clone: with the repository's configuration beside the
// project's own, each page's commands run there as they stand, with the answers that stand there.

import { after, before, describe, test } from "node:test";

import { writeConfig } from "../../../scripts/build.mjs";
import { assertAnswer } from "../../documents/answers.mjs";
import { withBlocks } from "../../documents/configuration.mjs";
import { blocksOf, commandsOf, PAGES } from "../../documents/pages.mjs";
import { runBlocks } from "../../documents/session.mjs";
import { installedCli } from "./installed_cli.mjs";

/** These begin with the `npm start` of a clone. */
const OF_A_CLONE = ["README.md", "docs/guide/start.md"];

const pages = PAGES.map((page) => ({ page, blocks: blocksOf(page) }));

describe("in a project", () => {
  let cli;
  let running;
  let around;
  before(async () => {
    cli = installedCli();
    await cli.run(["init", "--name", "Gate"]);
    cli.write("guide.toml", withBlocks(pages.flatMap(({ blocks }) => blocks).filter(({ mark }) => mark === "used")));
    running = cli.start(["dev", "--config", "guide.toml", "--edge-port", "0", "--manage-port", "0", "--upstream-port", "0"]);
    await running.says(/Ctrl-C stops everything/);
    const { summary } = await writeConfig({ config: cli.file("guide.toml"), configOut: cli.file("built.js") });
    around = { home: cli.directory, stack: JSON.parse(cli.read(".keystile/stack.json")), summary };
  });
  after(async () => {
    running?.signal("SIGTERM");
    await running?.exit;
    cli.remove();
  });

  for (const { page, blocks } of pages) {
    const commands = commandsOf(blocks);
    if (!commands.length || OF_A_CLONE.includes(page)) continue;
    test(page, async () => {
      const outputs = await runBlocks(commands, around);
      commands.forEach(({ answer }, index) => answer && assertAnswer(answer, outputs[index]));
    });
  }
});
