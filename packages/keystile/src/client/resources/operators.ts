// Operators: the keys that open this API.

import { List } from "../pages.ts";
import { type Shown, shown, type WithoutIdempotencyKey } from "../shown.ts";
import type { CallOptions, OptionsOf } from "../options.ts";
import type { Transport } from "../transport.ts";
import type {
  ChangedOperator,
  CreatedOperator,
  FilterOf,
  KeptOperator,
  NewOperator,
  Operator,
  OperatorPage,
  QueryOf,
  Revocation,
  RotatedOperator,
  Rotation,
} from "../types.ts";

export class Operators {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** Creates an operator, as `keys.create` a key. */
  create(operator: NewOperator, options?: WithoutIdempotencyKey<"createOperator">): Promise<Shown<CreatedOperator>>;
  create(operator: NewOperator, options: OptionsOf<"createOperator">): Promise<CreatedOperator>;
  create(body: NewOperator, options: OptionsOf<"createOperator"> = {}): Promise<CreatedOperator> {
    return shown(this.#api.call("createOperator", { body }, options), options);
  }

  /** Operators, newest first. */
  list(filter: FilterOf<"listOperators"> = {}, options?: CallOptions): List<Operator, OperatorPage> {
    const read = (cursor?: string) => this.#api.call("listOperators", { query: { ...filter, cursor } }, options);
    return new List(read, ({ keys }) => keys);
  }

  get(id: string, query: QueryOf<"getOperator"> = {}, options?: CallOptions): Promise<Operator> {
    return this.#api.call("getOperator", { path: { id }, query }, options);
  }

  /** Revokes an operator for good. */
  revoke(id: string, body: Revocation = {}, options?: OptionsOf<"revokeOperator">): Promise<ChangedOperator> {
    return this.#api.call("revokeOperator", { path: { id }, body }, options);
  }

  /** Makes a successor, as `keys.rotate`. */
  rotate(id: string, rotation?: Rotation, options?: WithoutIdempotencyKey<"rotateOperator">): Promise<Shown<RotatedOperator>>;
  rotate(id: string, rotation: Rotation, options: OptionsOf<"rotateOperator">): Promise<RotatedOperator>;
  rotate(id: string, body: Rotation = {}, options: OptionsOf<"rotateOperator"> = {}): Promise<RotatedOperator> {
    return shown(this.#api.call("rotateOperator", { path: { id }, body }, options), options);
  }

  /** Takes back the end that a rotation set; the successor lives on. */
  cancelRotation(id: string, options?: OptionsOf<"cancelOperatorRotation">): Promise<KeptOperator> {
    return this.#api.call("cancelOperatorRotation", { path: { id } }, options);
  }
}
