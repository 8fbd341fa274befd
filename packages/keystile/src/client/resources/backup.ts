// Exports of all that ledgers have, and their restoration into a new deployment.

import { objectIn } from "../answer.ts";
import { KeystileError } from "../error.ts";
import type { CallOptions } from "../options.ts";
import type { Transport } from "../transport.ts";
import type { ExportLine, RestorePart, RestoreProgress } from "../types.ts";

/** Lines of an export up to one that ends a page, and that line once more as JSON. */
export interface ExportPage {
  /** The lines as they are, each with its line end. A restore takes nothing else: their bytes are sealed. */
  text: string;
  /** It has `page`, `end`, `erased` (a tenant that was erased, in place of its export) or `complete`. */
  last: Pick<ExportLine, "page" | "end" | "erased" | "complete">;
}

const LAST_OF_PAGE = /^\{"(?:page|end|erased|complete)":/;

export class Backup {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /**
   * All that a tenant's ledger has, page by page: digests, never keys. An answer that is cut is gone on from. What comes is
   * whole if the last page has `end`; else this fails. `after` is the `mark` of a page, to go on later.
   */
  exportTenant(tenant: string, query: { after?: string } = {}, options?: CallOptions): AsyncGenerator<ExportPage, void, undefined> {
    const next = ({ last: { page } }: ExportPage) => (page ? { after: page.mark } : null);
    return whole(this.#api.parts("exportTenant", { path: { tenant }, query }, gatherer, next, options), "end");
  }

  /** The same of the operators and all tenants, one export after the other. It is whole if the last page has `complete`. */
  exportAll(query: { after?: string } = {}, options?: CallOptions): AsyncGenerator<ExportPage, void, undefined> {
    const next = ({ last: { page, end, erased } }: ExportPage) => {
      const after = (page ?? end ?? erased)?.mark;
      return after === undefined ? null : { after };
    };
    return whole(this.#api.parts("exportDeployment", { query }, gatherer, next, options), "complete");
  }

  /**
   * Takes a part of a tenant's export into its ledger, which must be empty: first `header` and `end`, the first and the last line,
   * then each `page` in its order. Each part may be sent again. With `erased`, the line of a tenant that was erased, it
   * only checks that such a deployment exported it: then erase the tenant. Needs the root key.
   */
  restoreTenant(tenant: string, part: RestorePart, options?: CallOptions): Promise<RestoreProgress> {
    return this.#api.call("restoreTenant", { path: { tenant }, body: part }, options);
  }

  /** The same of the operators, whose export is the first one of all. */
  restoreOperators(part: RestorePart, options?: CallOptions): Promise<RestoreProgress> {
    return this.#api.call("restoreOperators", { body: part }, options);
  }
}

/** Gathers the lines of an answer into pages. */
function gatherer(): (line: string) => ExportPage | undefined {
  let text = "";
  return (line) => {
    text += `${line}\n`;
    if (!LAST_OF_PAGE.test(line)) return undefined;
    const page = { text, last: objectIn(line, 200) };
    text = "";
    return page;
  };
}

async function* whole(pages: AsyncGenerator<ExportPage, void, undefined>, ending: "end" | "complete") {
  let last: ExportPage["last"] = {};
  for await (const page of pages) {
    ({ last } = page);
    yield page;
  }
  if (last[ending]) return;
  throw new KeystileError("NETWORK", "The export ended before its last line came, so it is not whole.", {});
}
