// The data points that workers write to Analytics Engine, where a dataset is bound: docs/reference/metrics.md.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { ALLOW_LOOPBACK, startReceiver } from "../../support/receiver.mjs";
import { eventually, startRig } from "../../support/rig.mjs";

let rig, receiver;
before(async () => {
  [rig, receiver] = await Promise.all([
    startRig({ name: "points", edges: { edge1: { points: true } }, handles: true, settings: ALLOW_LOOPBACK }),
    startReceiver(),
  ]);
});
after(async () => {
  await rig.close();
  await receiver.close();
});

/** A point with its documented names. */
const named = ({ indexes: [tenant], blobs: [kind, name, outcome, detail], doubles: [count, ms, ...rest] }) => {
  return { tenant, kind, name, outcome, detail, count, ms, times: rest.slice(0, 6), age: rest[6] };
};
/** Collects a worker's points until these assertions hold of all of them. */
async function collects(worker, assertion) {
  const all = [];
  return eventually(
    async () => {
      all.push(...(await rig.points(worker)).map(named));
      return assertion(all);
    },
    { within: 30_000 },
  );
}
const sum = (points, field = "count") => points.reduce((total, point) => total + point[field], 0);

test("verdicts are counted exactly, by tenant, route and code, whatever the number of points", async () => {
  const key = await rig.create("counted", { scopes: ["read:leads", "write:leads"] });
  const revoked = await rig.create("counted");
  await rig.manage("POST", `/v1/tenants/counted/keys/${revoked.id}/revoke`, {});
  for (let request = 0; request < 7; request += 1) await rig.edge("edge1", "/api/leads", { key: key.key });
  await rig.edge("edge1", "/api/leads", { key: revoked.key });
  await rig.edge("edge1", "/api/leads", {});
  await rig.edge("edge1", "/nowhere", { key: key.key });
  const operator = await rig.operator("*", ["verify"]);
  const body = JSON.stringify({ key: key.key });
  const headers = { "Content-Type": "application/json" };
  const verify = await rig.edge("edge1", "/keystile/v1/verify", { key: operator.key, method: "POST", headers, body });
  assert.equal(verify.status, 200);
  await collects("edge1", (all) => {
    const of = (kind, outcome, name) => {
      return all.filter((point) => point.kind === kind && point.outcome === outcome && [undefined, point.name].includes(name));
    };
    const valid = of("verdict", "VALID", "/api/leads/*");
    assert.equal(sum(valid), 7);
    assert.ok(valid.every(({ tenant }) => tenant === "counted"));
    // The first asked storage; what it waited is in one bucket.
    assert.equal(valid.reduce((waited, { times }) => waited + times.reduce((a, b) => a + b), 0), 1);
    assert.ok(valid.some(({ age }) => age > 0), "the age of the feed's copy");
    assert.deepEqual(of("verdict", "REVOKED").map(({ tenant, count }) => [tenant, count]), [["counted", 1]]);
    assert.deepEqual(of("verdict", "MISSING_CREDENTIAL").map(({ tenant, name }) => [tenant, name]), [["", "/api/leads/*"]]);
    assert.deepEqual(of("verdict", "NOT_ROUTED").map(({ tenant, name }) => [tenant, name]), [["", ""]]);
    assert.equal(sum(of("upstream", "2xx")), 7);
    assert.deepEqual(of("verdict", "VALID", "/v1/verify").map(({ tenant, count }) => [tenant, count]), [["counted", 1]]);
  });
});

test("a request to the management API is a point, and a stranger's path names no tenant", async () => {
  await rig.points("manage");
  await rig.manage("GET", "/v1/tenants/counted/keys");
  await rig.manage("GET", "/v1/tenants/somebodys-guess/keys", undefined, { key: null });
  const points = (await rig.points("manage")).map(named);
  const shown = points.map(({ tenant, kind, name, outcome, count }) => [tenant, kind, name, outcome, count]);
  assert.deepEqual(shown, [
    ["counted", "request", "GET /v1/tenants/{tenant}/keys", "200", 1],
    ["", "request", "GET /v1/tenants/{tenant}/keys", "401", 1],
  ]);
});

test("attempts to send an event are counted by endpoint, outcome and type", async () => {
  const { body } = await rig.manage("POST", "/v1/tenants/sending/event-endpoints", { url: receiver.url("/sending") });
  receiver.answer = () => 503;
  await rig.create("sending");
  await eventually(() => assert.equal(receiver.at("/sending").length, 1));
  await collects("sender", (all) => {
    const of = all.filter(({ name }) => name === body.id);
    assert.deepEqual(
      of.map(({ tenant, kind, outcome, detail, count, times }) => [tenant, kind, outcome, detail, count, times.reduce((a, b) => a + b)]),
      [["sending", "attempt", "refused", "key.created", 1, 1]],
    );
  });
});

test("the page has the kinds that there are", () => {
  const page = readFileSync(inRoot("docs", "reference", "metrics.md"), "utf8");
  const source = readFileSync(inRoot("crates", "core", "src", "metrics", "points.rs"), "utf8");
  const kinds = /pub enum Kind \{([^}]+)\}/.exec(source)[1].match(/^ {4}(\w+),$/gm).map((line) => line.trim().slice(0, -1).toLowerCase());
  const [, rows] = /^\| `blob1` \| `blob2` .*\n.*\n((?:\|.*\n)+)/m.exec(page);
  assert.deepEqual([...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind), kinds);
});
