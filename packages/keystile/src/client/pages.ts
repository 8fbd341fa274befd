// A list, page by page or item by item.

import { unreadable } from "./answer.ts";

/** `for await (const each of list)` reads all pages; `page()` one of them, as the API answers it. */
export class List<Item, Page extends { next_cursor: string | null }> implements AsyncIterable<Item> {
  readonly #read: (cursor: string | undefined) => Promise<Page>;
  readonly #items: (page: Page) => readonly Item[];

  constructor(read: (cursor: string | undefined) => Promise<Page>, items: (page: Page) => readonly Item[]) {
    this.#read = read;
    this.#items = items;
  }

  /** The first page, or the one after the page that had this `next_cursor`. */
  async page(cursor?: string): Promise<Page> {
    const page = await this.#read(cursor);
    if (!Array.isArray(this.#items(page))) throw unreadable();
    return page;
  }

  async *pages(): AsyncGenerator<Page, void, undefined> {
    let cursor: string | undefined;
    do {
      const page: Page = await this.page(cursor);
      yield page;
      // Nothing but a text leads on: an answer without one would be the first page again.
      cursor = typeof page.next_cursor === "string" ? page.next_cursor : undefined;
    } while (cursor !== undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.#items(page);
  }
}
