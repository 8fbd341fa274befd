// Lists that look for something among very many keys: an answer has looked at a part of them. It may have none and go on.

/** How many parts are asked for before the reader decides. */
const PARTS = 10;

interface Part {
  keys: readonly unknown[];
  next_cursor: string | null;
}

/** The first part from this place on that has something; if none has, the last one that was asked for. */
export async function firstFound<P extends Part>(
  from: string | undefined,
  part: (cursor: string | undefined) => Promise<P>,
): Promise<P> {
  let found = await part(from);
  for (let asked = 1; asked < PARTS && found.keys.length === 0 && found.next_cursor; asked += 1) {
    found = await part(found.next_cursor);
  }
  return found;
}
