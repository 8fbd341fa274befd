// Keys written directly into the storage of the local runtime, while it is stopped: rows of the feed's SQLite, and rows
// and files of the KV namespace.

import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { Failed } from "../scripts/run.mjs";
import { inRoot } from "../scripts/tools.mjs";
import { startWorkers } from "./workers.mjs";

const directoryOf = (name) => inRoot("build", "bench", "state", name);
/** The tables by which a database is known. */
const KV = "_mf_entries";
const FEED = "current";

/**
 * Makes a directory of state in which these workers of Keystile have one key, which the management API made, in KV and
 * in the feed. Returns its `directory` and the `key`.
 */
export async function makeState(name, workers, scopes) {
  const directory = directoryOf(name);
  removeState(name);
  const stack = await startWorkers(workers, { state: directory });
  try {
    const { key } = await stack.manage("POST", "/v1/tenants/first/keys", { name: "the first", scopes });
    const kv = await stack.kv("KEYS", "manage");
    for (let waits = 0; (await kv.list()).keys.length === 0; waits += 1) {
      if (waits > 600) throw new Failed("The first key did not come to KV within a minute.");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return { directory, key };
  } finally {
    await stack.close();
  }
}

/** A million keys take 600 MB. */
export const removeState = (name) => rmSync(directoryOf(name), { recursive: true, force: true });

/**
 * Stores keys of keys.mjs: `inKv` in KV and in the feed, `inFeed` in the feed alone, those that `changed` in the feed
 * and its log, and so many `others`, whose values in KV are all the same, since nobody asks for them: a million files
 * would only fill the disk.
 */
export async function store(directory, { inKv = [], inFeed = [], changed = [], others = 0 }) {
  const feed = await openDatabase(directory, FEED);
  const intoFeed = feed.prepare("INSERT INTO current (digest, tenant, version, record) VALUES (?, ?, 1, ?)");
  feed.exec("BEGIN");
  for (const { digest, tenant, record } of [...inKv, ...inFeed, ...changed]) intoFeed.run(digest, tenant, record);
  const intoLog = feed.prepare("INSERT INTO log (digest, version) VALUES (?, 1)");
  for (const { digest } of changed) intoLog.run(digest);
  feed.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 WHERE ${others} > 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${others})
    INSERT INTO current (digest, tenant, version, record)
    SELECT lower(hex(randomblob(32))), 'tenant-' || (n % 1000), 1, (SELECT record FROM current LIMIT 1) FROM numbers`);
  feed.exec("COMMIT");
  feed.close();

  const kv = await openDatabase(directory, KV);
  const blobs = path.join(path.dirname(path.dirname(kv.file)), "keys", "blobs");
  mkdirSync(blobs, { recursive: true });
  const intoKv = kv.prepare(`INSERT INTO ${KV} (key, blob_id) VALUES (?, ?)`);
  kv.exec("BEGIN");
  for (const { address, value } of inKv) {
    const blob = randomBytes(40).toString("hex");
    writeFileSync(path.join(blobs, blob), value);
    intoKv.run(address, blob);
  }
  kv.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 WHERE ${others} > 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${others})
    INSERT INTO ${KV} (key, blob_id)
    SELECT 'k1/' || substr(lower(hex(randomblob(22))), 1, 43), (SELECT blob_id FROM ${KV} LIMIT 1) FROM numbers`);
  kv.exec("COMMIT");
  kv.close();
}

/** The database below `directory` that has this table. */
async function openDatabase(directory, table) {
  const { DatabaseSync } = await import("node:sqlite").catch(() => {
    throw new Failed(`Keys are stored by node:sqlite, which Node has from 22.13 on. This is ${process.version}.`);
  });
  const files = readdirSync(directory, { recursive: true }).filter((file) => file.endsWith(".sqlite"));
  for (const file of files.map((each) => path.join(directory, each))) {
    const database = new DatabaseSync(file);
    const found = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
    if (found) return Object.assign(database, { file });
    database.close();
  }
  throw new Failed(`No database below ${directory} has the table ${table}: the local runtime keeps it elsewhere.`);
}
