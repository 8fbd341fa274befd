#!/usr/bin/env node
// The command `create-keystile`, which `npm create keystile` runs. It says which Node it needs in words that an older
// one reads, too.

const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 12)) {
  const { main } = await import("../dist/main.mjs");
  process.exitCode = await main(process.argv.slice(2));
} else {
  console.error(`Keystile needs Node 22.12 or later; this is ${process.version}. Install it from https://nodejs.org.`);
  process.exitCode = 1;
}
