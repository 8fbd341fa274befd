// What an event costs: the rows that each object writes for it, as the platform bills them. docs/guide/runbook.md has the
// sum.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";

import { eventually, startRig } from "../../support/rig.mjs";

const DEPLOYMENT = "_deployment";

let rig, receiver;
let received = 0;
before(async () => {
  receiver = http.createServer((request, response) => {
    received += 1;
    request.resume();
    response.writeHead(204).end();
  });
  await once(receiver.listen(0, "127.0.0.1"), "listening");
  const settings = { "[edge]": "[events]\nallow_loopback = true\n\n[edge]" };
  rig = await startRig({ name: "event-costs", edges: {}, handles: true, settings });
});
after(async () => {
  await rig.close();
  receiver.closeAllConnections();
  receiver.close();
});

const asked = async (binding, name, path) => (await rig.senderHandle(`__object/${binding}/${name}/${path}`, {})).body;
/** The rows of an object's statements, and one for each alarm that was set, since the last call of this. */
async function written(binding, name) {
  const rows = await asked(binding, name, "__rows_written");
  return rows + (await asked(binding, name, "__alarms_set"));
}
/** Waits until the routers have handed everything over. */
const handedOver = (tenant) =>
  eventually(async () => {
    for (const name of [tenant, DEPLOYMENT]) assert.equal((await asked("EVENT_ROUTER", name, "state")).waiting, 0, name);
  });
const ofEvents = async (tenant) => {
  const statements = await rig.statements(tenant);
  return statements.filter(([text]) => /\bevents\b/.test(text)).reduce((sum, [, , rows]) => sum + rows, 0);
};
test("a change without endpoints, and with one", async () => {
  const key = await rig.create("thrifty");
  await handedOver("thrifty");
  await rig.statements("thrifty");
  for (const router of ["thrifty", DEPLOYMENT]) await written("EVENT_ROUTER", router);
  const rename = (name) => rig.manage("PATCH", `/v1/tenants/thrifty/keys/${key.id}`, { name });
  const settled = async (count) => {
    await eventually(() => assert.equal(received, count), { within: 30_000 });
    await eventually(async () => assert.equal((await rig.sql("thrifty", "SELECT count(*) AS n FROM events"))[0].n, 0));
    await handedOver("thrifty");
    await new Promise((resolve) => setTimeout(resolve, 500));
  };
  await rename("without an endpoint");
  await settled(0);
  const without = {
    ledger: await ofEvents("thrifty"),
    router: await written("EVENT_ROUTER", "thrifty"),
    deployment: await written("EVENT_ROUTER", DEPLOYMENT),
  };
  const sum = (rows) => Object.values(rows).reduce((all, each) => all + each, 0);
  assert.ok(without.router > 0 && sum(without) <= 14, JSON.stringify(without));

  const url = `http://127.0.0.1:${receiver.address().port}/events`;
  const { body: endpoint } = await rig.manage("POST", "/v1/tenants/thrifty/event-endpoints", { url });
  await rename("so that its object is there");
  await settled(1);
  await ofEvents("thrifty");
  for (const router of ["thrifty", DEPLOYMENT]) await written("EVENT_ROUTER", router);
  await written("EVENT_ENDPOINT", endpoint.id);
  await rename("with an endpoint");
  await settled(2);
  const withOne = {
    ledger: await ofEvents("thrifty"),
    router: await written("EVENT_ROUTER", "thrifty"),
    deployment: await written("EVENT_ROUTER", DEPLOYMENT),
    endpoint: await written("EVENT_ENDPOINT", endpoint.id),
  };
  assert.ok(withOne.endpoint > 0 && sum(withOne) <= 36, JSON.stringify(withOne));
});

test("a hand-over and a redrive of one event don't read all that waits", async () => {
  const url = `http://127.0.0.1:${receiver.address().port}/events`;
  const { body: endpoint } = await rig.manage("POST", "/v1/tenants/crowded/event-endpoints", { url });
  const before = received;
  await rig.create("crowded");
  await eventually(() => assert.equal(received, before + 1), { within: 30_000 });
  await handedOver("crowded");
  // Its figures are reported, which takes a count, once a minute at most.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const [waiting, later] = [20_000, Date.now() + 86_400_000];
  const sql = async (statement) => {
    const { body } = await rig.senderHandle(`__object/EVENT_ENDPOINT/${endpoint.id}/__sql`, statement);
    assert.equal(body.error, null);
  };
  await sql(`INSERT INTO queue (event, lane, numbered, received_at, head, due_at, attempts)
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${waiting})
    SELECT printf('evt_%020d', n), n, '{}', ${Date.now()}, 1, ${later}, 0 FROM n`);
  const letter = `evt_${"9".repeat(20)}`;
  await sql(`INSERT INTO dead_letters (event, lane, numbered, received_at, attempts, reason, buried_at)
    VALUES ('${letter}', 'x', '{"id":"${letter}","type":"key.created","body":"{}"}', 0, 0, 'attempts_failed', ${Date.now()})`);
  await asked("EVENT_ENDPOINT", endpoint.id, "__statements");
  await rig.create("crowded");
  await eventually(() => assert.equal(received, before + 2), { within: 30_000 });
  const { body } = await rig.manage("POST", `/v1/tenants/crowded/event-endpoints/${endpoint.id}/dead-letters/${letter}/redrive`);
  assert.equal(body.status, "queued");
  await eventually(() => assert.equal(received, before + 3), { within: 30_000 });
  const statements = await asked("EVENT_ENDPOINT", endpoint.id, "__statements");
  assert.ok(statements.length > 10);
  assert.deepEqual(statements.filter(([, read]) => read > 1_000), []);
});
