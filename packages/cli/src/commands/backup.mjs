// keystile export and keystile restore: all that ledgers have, out into a file, and back into a new deployment.

import { apiCommand } from "../api.mjs";
import { Failed } from "../failed.mjs";
import { fileOfUser } from "../new_file.mjs";
import { answer, plain, Progress, writeWhole } from "../output.mjs";
import { ExportFile } from "./export_file.mjs";

/** Keys that are named which a restore did not take. */
const SHOWN = 50;

export const BACKUP = [
  apiCommand({
    name: "export",
    summary: "write all that is needed for a restore: digests of keys, never keys",
    options: {
      tenant: { type: "string", value: "TENANT", summary: "this tenant alone (default: operators and all tenants)" },
      to: { type: "string", value: "FILE", summary: "a new file, in place of stdout" },
    },
    details: `
Needs the scope tenants:export, of all tenants without --tenant. A file appears under its name once it is whole. On stdout
only the exit code 0 says that all of it came. What is in it is confidential: names, addresses, metadata.`,
    async run({ keystile, values, io }) {
      const file = values.to === undefined ? undefined : fileOfUser("to", values.to, io.say);
      const pages = values.tenant === undefined ? keystile.backup.exportAll() : keystile.backup.exportTenant(values.tenant);
      const progress = new Progress(io);
      const sum = { ledgers: 0, keys: 0, audit: 0, bytes: 0 };
      const said = () => `${sum.ledgers} ledgers, ${sum.keys} keys, ${(sum.bytes / 1e6).toFixed(1)} MB`;
      try {
        for await (const { text, last } of pages) {
          if (file) file.write(text);
          else await writeWhole(io, text.trimEnd());
          sum.bytes += Buffer.byteLength(text);
          if (last.end) {
            sum.ledgers += 1;
            for (const count of ["keys", "audit"]) sum[count] += last.end.counts[count];
          }
          progress.at(said());
        }
        file?.keep();
      } catch (error) {
        const left = file ? ` What came is in ${file.part}.` : "";
        progress.at(`${said()}. This is not whole: don't keep it as a backup.${left}`);
        throw error;
      } finally {
        progress.end();
      }
    },
  }),
  apiCommand({
    name: "restore",
    summary: "take an export into a deployment that is empty, with the root key",
    arguments: [{ name: "file", summary: "what keystile export wrote" }],
    options: { tenant: { type: "string", value: "TENANT", summary: "of an export of all, this tenant alone" } },
    details: `
The deployment must have the KEYSTILE_SECRET of the old one, and its prefixes. The file is checked as a whole before
anything is sent. A restore that was interrupted goes on when the same is run again. Endpoints for events come back paused.
Exit code 1 if a key was not taken.`,
    async run({ keystile, at, values, positionals: [path], io }) {
      const file = await ExportFile.open(path);
      try {
        const exports = file.exports.filter(({ tenant }) => values.tenant === undefined || tenant === values.tenant);
        const erased = file.erased.filter(({ tenant }) => values.tenant === undefined || tenant === values.tenant);
        if (exports.length + erased.length === 0) throw new Failed(`There is no tenant "${plain(values.tenant)}" in ${path}.`);
        const sum = { ledgers: 0, keys: 0, refused_keys: 0, erased: [], still_there: [], paused_endpoints: 0 };
        const progress = new Progress(io);
        try {
          for (const each of exports) await restore(keystile, file, each, sum, progress, io);
          for (const each of erased) await eraseAgain(keystile, each, sum);
        } catch (error) {
          const goesOn = !isRefusal(error);
          const there = `${sum.ledgers} of ${exports.length} ledgers are there.`;
          progress.at(goesOn ? `${there} Run the same again to go on.` : sum.ledgers > 0 ? there : "");
          throw error;
        } finally {
          progress.end();
        }
        const gone = sum.erased.length > 0 ? ` ${sum.erased.length} tenants that were erased are erased here, too.` : "";
        await answer(io, values, sum, `Restored ${sum.ledgers} ledgers with ${sum.keys} keys into ${at.url}.${gone}`);
        if (sum.paused_endpoints > 0) {
          io.say(`${sum.paused_endpoints} endpoints for events are paused. To have one get events: keystile events update ENDPOINT --status active`);
        }
        for (const tenant of sum.still_there) {
          io.say(`${plain(tenant)} was erased where this was exported, and is here. To erase it: keystile tenants erase ${plain(tenant)}`);
        }
        return sum.refused_keys > 0 || sum.still_there.length > 0 ? 1 : 0;
      } finally {
        file.close();
      }
    },
  }),
];

/** Whether the same again would be refused again. */
const isRefusal = ({ status, code }) => status >= 400 && status < 500 && ![408, 429].includes(status) && code !== "IDEMPOTENCY_KEY_IN_USE";

/** Sends one export, from the first page that isn't there yet. */
async function restore(keystile, file, each, sum, progress, io) {
  const { tenant, header, end, pages, keys } = each;
  const send = (part) =>
    tenant === null ? keystile.backup.restoreOperators(part) : keystile.backup.restoreTenant(tenant, part);
  const whose = tenant === null ? "operators" : plain(tenant);
  let state = await send({ header, end });
  let shown = 0;
  while (!state.complete) {
    state = await send({ page: file.text(pages[state.restored_pages]) });
    progress.at(`${whose}: ${state.restored_pages} of ${state.pages} pages`);
    for (const { id, detail } of state.refused) {
      if (shown < SHOWN) io.say(`${whose}: ${plain(id)} was not taken: ${detail}`);
      shown += 1;
    }
  }
  sum.ledgers += 1;
  sum.keys += keys - state.refused_keys;
  sum.refused_keys += state.refused_keys;
  sum.paused_endpoints += each.endpoints;
  if (state.refused_keys > 0) io.say(`${whose}: ${state.refused_keys} keys were not taken.`);
}

/**
 * Erases the name of a tenant that was erased, so that nobody gets it again. One of which there is more here than a
 * suspension is left to people. The deployment checks the line first: anybody can write one who can write to the file.
 */
async function eraseAgain(keystile, { tenant, line }, sum) {
  const { erasure, keys, suspended, version } = await keystile.tenants.get(tenant);
  if (!erasure) {
    await keystile.backup.restoreTenant(tenant, { erased: line });
    const isUsed = Object.values(keys).some((count) => count > 0) || version > (suspended ? 2 : 1);
    if (isUsed) return void sum.still_there.push(tenant);
    if (!suspended) await keystile.tenants.suspend(tenant, { ahead: true });
    await keystile.tenants.erase(tenant, tenant);
  }
  sum.erased.push(tenant);
}
