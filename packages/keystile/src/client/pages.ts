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
    const { next_cursor: next } = page;
    // A page without it would pass for the last one.
    if (!Array.isArray(this.#items(page)) || (typeof next !== "string" && next !== null)) throw unreadable();
    return page;
  }

  async *pages(): AsyncGenerator<Page, void, undefined> {
    let cursor: string | null | undefined;
    do {
      const page: Page = await this.page(cursor ?? undefined);
      yield page;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.#items(page);
  }
}
