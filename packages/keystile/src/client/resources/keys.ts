// The keys of a tenant.

import { List } from "../pages.ts";
import { type Shown, shown, type WithoutIdempotencyKey } from "../shown.ts";
import type { CallOptions, OptionsOf } from "../options.ts";
import type { Transport } from "../transport.ts";
import type {
  AddedToLimit,
  ChangedKey,
  CreatedKey,
  FilterOf,
  Imported,
  ImportLine,
  Key,
  KeptKey,
  KeyPage,
  KeyPatch,
  LimitStates,
  NewKey,
  QueryOf,
  Revocation,
  Revocations,
  RevokedKeys,
  RotatedKey,
  Rotation,
  Usage,
} from "../types.ts";

export class Keys {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /**
   * Creates a key. Its text is in `key`, in this answer and in no other. With an `idempotencyKey` of yours the answer
   * may be a repeated one, whose `key` is null.
   */
  create(tenant: string, key: NewKey, options?: WithoutIdempotencyKey<"createKey">): Promise<Shown<CreatedKey>>;
  create(tenant: string, key: NewKey, options: OptionsOf<"createKey">): Promise<CreatedKey>;
  create(tenant: string, body: NewKey, options: OptionsOf<"createKey"> = {}): Promise<CreatedKey> {
    return shown(this.#api.call("createKey", { path: { tenant }, body }, options), options);
  }

  /** Imports up to 5,000 keys by their digests. Look at `failed`: each line stands for itself. */
  import(tenant: string, keys: readonly ImportLine[], options?: OptionsOf<"importKeys">): Promise<Imported> {
    return this.#api.call("importKeys", { path: { tenant }, body: { keys: [...keys] } }, options);
  }

  /** Keys, newest first. */
  list(tenant: string, filter: FilterOf<"listKeys"> = {}, options?: CallOptions): List<Key, KeyPage> {
    const read = (cursor?: string) => this.#api.call("listKeys", { path: { tenant }, query: { ...filter, cursor } }, options);
    return new List(read, ({ keys }) => keys);
  }

  get(tenant: string, id: string, query: QueryOf<"getKey"> = {}, options?: CallOptions): Promise<Key> {
    return this.#api.call("getKey", { path: { tenant, id }, query }, options);
  }

  /** Changes the fields that are there; `null` removes. */
  update(tenant: string, id: string, patch: KeyPatch, options?: OptionsOf<"updateKey">): Promise<ChangedKey> {
    return this.#api.call("updateKey", { path: { tenant, id }, body: patch }, options);
  }

  /** Revokes a key for good. */
  revoke(tenant: string, id: string, body: Revocation = {}, options?: OptionsOf<"revokeKey">): Promise<ChangedKey> {
    return this.#api.call("revokeKey", { path: { tenant, id }, body }, options);
  }

  /** Revokes up to 1,000 keys. If the answer says `more`, call again. */
  revokeMany(tenant: string, which: Revocations, options?: OptionsOf<"revokeKeys">): Promise<RevokedKeys> {
    return this.#api.call("revokeKeys", { path: { tenant }, body: which as never }, options);
  }

  /** Makes a successor, whose text is in `key` as of a creation. Without an overlap the old key ends at once. */
  rotate(tenant: string, id: string, rotation?: Rotation, options?: WithoutIdempotencyKey<"rotateKey">): Promise<Shown<RotatedKey>>;
  rotate(tenant: string, id: string, rotation: Rotation, options: OptionsOf<"rotateKey">): Promise<RotatedKey>;
  rotate(tenant: string, id: string, body: Rotation = {}, options: OptionsOf<"rotateKey"> = {}): Promise<RotatedKey> {
    return shown(this.#api.call("rotateKey", { path: { tenant, id }, body }, options), options);
  }

  /** Takes back the end that a rotation set; the successor lives on. */
  cancelRotation(tenant: string, id: string, options?: OptionsOf<"cancelKeyRotation">): Promise<KeptKey> {
    return this.#api.call("cancelKeyRotation", { path: { tenant, id } }, options);
  }

  disable(tenant: string, id: string, options?: OptionsOf<"disableKey">): Promise<ChangedKey> {
    return this.#api.call("disableKey", { path: { tenant, id } }, options);
  }

  enable(tenant: string, id: string, options?: OptionsOf<"enableKey">): Promise<ChangedKey> {
    return this.#api.call("enableKey", { path: { tenant, id } }, options);
  }

  /** Makes the metadata `{}`, and takes its earlier values out of the audit log. */
  eraseMetadata(tenant: string, id: string, options?: OptionsOf<"eraseKeyMetadata">): Promise<ChangedKey> {
    return this.#api.call("eraseKeyMetadata", { path: { tenant, id } }, options);
  }

  usage(tenant: string, id: string, query: QueryOf<"getKeyUsage"> = {}, options?: CallOptions): Promise<Usage> {
    return this.#api.call("getKeyUsage", { path: { tenant, id }, query }, options);
  }

  /** The key's rate limits and quotas, with what is left of them. */
  limits(tenant: string, id: string, options?: CallOptions): Promise<LimitStates> {
    return this.#api.call("getKeyLimits", { path: { tenant, id } }, options);
  }

  /** More of a quota that each key has for itself, until its period ends. */
  addToQuota(tenant: string, id: string, name: string, amount: number, options?: OptionsOf<"addToKeyQuota">): Promise<AddedToLimit> {
    return this.#api.call("addToKeyQuota", { path: { tenant, id, name }, body: { amount } }, options);
  }
}
