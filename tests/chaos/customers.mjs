// Clients that change keys, and what they may rely on: a model of each key by the answers that came.

import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";

const TENANTS = ["acme", "globex", "initech"];
const PAGE = 200;
/** The verdict on a key of each status. */
const VERDICTS = { active: "VALID", disabled: "DISABLED", revoked: "REVOKED", expired: "EXPIRED" };
/** The changes of a key that its status allows. */
const CHANGES = {
  active: ["revoke", "disable", "rename", "rename", "rotate"],
  disabled: ["enable", "enable", "rename", "revoke"],
};

/** The status after a change; a rename keeps it, and a rotation without overlap ends the key in its own way. */
const RESULTS = { revoke: "revoked", disable: "disabled", enable: "active" };

const one = (list) => list[Math.floor(Math.random() * list.length)];
const at = (key, action = "") => `/v1/tenants/${key.tenant}/keys/${key.id}${action}`;

export class Customers {
  /**
   * Keys by id: {id, tenant, client, text, known: {version, status, name}, asked}. `known` is of the last answer, and
   * `asked` the change whose answer did not come.
   */
  #keys = new Map();
  #acknowledged = 0;

  counts() {
    return { "acknowledged changes": this.#acknowledged, keys: this.#keys.size };
  }

  /** The keys, each with what is `known` of it. */
  all() {
    return [...this.#keys.values()];
  }

  /** One client: changes its own keys, one request at a time. */
  async work(api, client, going) {
    const keep = ["create", ...Array(8).fill("change")];
    const make = ["create", "create", "import"];
    while (going.on) {
      const isOwn = (key) => key.client === client && !key.asked && CHANGES[key.known.status];
      const own = [...this.#keys.values()].filter(isOwn);
      const act = {
        create: () => this.#create(api, client),
        import: () => this.#import(api, client),
        change: () => this.#change(api, one(own)),
      }[one(own.length < 3 ? make : [...keep, "import"])];
      if (!(await act())) return;
    }
  }

  async #create(api, client) {
    const tenant = one(TENANTS);
    const asked = { name: `created ${randomUUID()}`, scopes: ["read:leads"] };
    const answer = await api.change("POST", `/v1/tenants/${tenant}/keys`, asked);
    return this.#acknowledge(answer, 201, ({ id, key, version, status, name }) =>
      this.#keys.set(id, { id, tenant, client, text: key, known: { version, status, name } }),
    );
  }

  async #import(api, client) {
    const tenant = one(TENANTS);
    const texts = Array.from({ length: 5 }, () => `sk_chaos_${randomBytes(24).toString("hex")}`);
    const lines = texts.map((text) => ({
      digest: createHash("sha256").update(text).digest("hex"),
      display: text.slice(0, 13),
      name: "imported",
      scopes: ["read:leads"],
    }));
    const answer = await api.change("POST", `/v1/tenants/${tenant}/keys/import`, { keys: lines });
    return this.#acknowledge(answer, 200, ({ results }) => {
      for (const { id, line, status } of results) {
        assert.equal(status, "imported");
        const known = { version: 1, status: "active", name: "imported" };
        this.#keys.set(id, { id, tenant, client, text: texts[line], known });
      }
    });
  }

  async #change(api, key) {
    const asked = one(CHANGES[key.known.status]);
    key.asked = asked;
    if (asked === "rotate") return this.#rotate(api, key);
    const name = `renamed ${randomUUID()}`;
    const answer =
      asked === "rename" ? await api.change("PATCH", at(key), { name }) : await api.change("POST", at(key, `/${asked}`));
    return this.#acknowledge(answer, 200, ({ version, status, name }) => {
      key.known = { version, status, name };
      key.asked = undefined;
    });
  }

  async #rotate(api, old) {
    const answer = await api.change("POST", at(old, "/rotate"), {});
    return this.#acknowledge(answer, 201, ({ id, key, version, status, name, replaces }) => {
      this.#keys.set(id, { ...old, id, text: key, known: { version, status, name }, asked: undefined });
      old.known = { version: replaces.version, status: replaces.status, name: replaces.name };
      old.asked = undefined;
    });
  }

  /** Takes an answer over. False if none came, or a fault: then the stack is being killed. */
  #acknowledge(answer, wanted, take) {
    if (!answer || answer.status >= 500) return false;
    assert.equal(answer.status, wanted, JSON.stringify(answer.body));
    this.#acknowledged += 1;
    take(answer.body);
    return true;
  }

  /** Every key whose revocation was acknowledged is refused, by the first question that the edge gets. */
  async refusesTheRevoked(api) {
    for (const key of this.#keys.values()) {
      if (key.known.status !== "revoked" || key.checked) continue;
      const { code } = await api.verify(key.text);
      assert.equal(code, "REVOKED", `${key.id} was revoked before the kill`);
      key.checked = true;
    }
  }

  /** Every key is as acknowledged, or has beside that the one change whose answer did not come. */
  async kept(api) {
    const shown = await this.#shown(api);
    for (const key of this.#keys.values()) {
      const real = shown.get(key.id);
      assert.ok(real, `${key.id} was acknowledged and is lost`);
      const happened = real.version - key.known.version;
      const said = `${key.id}: ${JSON.stringify(key)}, and now ${JSON.stringify(real)}`;
      assert.ok(happened === 0 || (happened === 1 && key.asked), said);
      const status = happened === 0 ? key.known.status : (RESULTS[key.asked] ?? real.status);
      assert.equal(real.status, status, said);
      if (happened === 0) assert.equal(real.name, key.known.name, said);
      key.known = { version: real.version, status: real.status, name: real.name };
      key.asked = undefined;
    }
  }

  /** The log has an entry for each version of each key. */
  async audited(api) {
    const entries = new Map();
    for (const tenant of TENANTS) {
      const log = await api.read(`/v1/tenants/${tenant}/audit/export`);
      for (const line of log.split("\n").filter(Boolean)) {
        const { key_id } = JSON.parse(line);
        entries.set(key_id, (entries.get(key_id) ?? 0) + 1);
      }
    }
    for (const { id, known } of this.#keys.values()) {
      const found = entries.get(id) ?? 0;
      assert.equal(found, known.version, `${id} has ${known.version} versions and ${found} audit entries`);
    }
  }

  /** The edge's verdict on each key is that of its status in the ledger. */
  async agree(api) {
    const rest = [...this.#keys.values()].filter((key) => key.agreed !== key.known.version);
    while (rest.length) {
      const agrees = async (key) => {
        const { code } = await api.verify(key.text);
        assert.equal(code, VERDICTS[key.known.status], `${key.id} is ${key.known.status} in the ledger`);
        key.agreed = key.known.version;
      };
      await Promise.all(rest.splice(0, 16).map(agrees));
    }
  }

  /** All keys of all tenants, as the ledgers show them. */
  async #shown(api) {
    const shown = new Map();
    for (const tenant of TENANTS) {
      let cursor = "";
      do {
        const query = new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) });
        const page = await api.read(`/v1/tenants/${tenant}/keys?${query}`);
        for (const key of page.keys) shown.set(key.id, key);
        cursor = page.next_cursor;
      } while (cursor);
    }
    return shown;
  }
}
