// Addresses that the command line takes for this machine, and those that begin like one and are elsewhere.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checked } from "../../../packages/cli/src/profiles.mjs";
import { refuseWhatCannotWork } from "../../../packages/cli/src/project/deploy.mjs";

const HERE = ["localhost", "api.localhost", "127.0.0.1", "127.1.2.3", "[::1]"];
const ELSEWHERE = ["127.x.example", "127.0.0.1.nip.io", "localhost.example", "mylocalhost", "192.0.2.7"];

/** A configuration whose upstream, senders' keys and GitHub's keys are at this host. */
const at = (host) => ({
  upstreams: [{ name: "api", url: `https://${host}` }],
  jwks_urls: [`https://${host}/jwks`],
  github_keys_url: `https://${host}/keys`,
  allow_loopback: false,
});

test("a deployment refuses all addresses of this machine, and no other's", () => {
  for (const host of HERE) {
    assert.throws(() => refuseWhatCannotWork("keystile.toml", at(host), { lacking: [] }), ({ message }) => {
      assert.equal(message.match(/this machine/g).length, 3, message);
      return true;
    });
  }
  for (const host of ELSEWHERE) refuseWhatCannotWork("keystile.toml", at(host), { lacking: [] });
});

test("a key goes over plain http to this machine alone", () => {
  for (const host of HERE) assert.equal(checked(`http://${host}/`), `http://${host}`);
  for (const host of ELSEWHERE) assert.throws(() => checked(`http://${host}`), /write https/);
});
