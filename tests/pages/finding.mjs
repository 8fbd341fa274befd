// How the tests find things on a page.

/** The page's title. */
export const heading = (page, name) => page.getByRole("heading", { level: 1, name });
/** The row of a table with this text in its header. */
export const row = (page, text) =>
  page.getByRole("row").filter({ has: page.getByRole("rowheader").filter({ hasText: text }) });
export const dialogOf = (page, name) => page.getByRole("dialog", { name });
export const alertOf = (page, name) => page.getByRole("alertdialog", { name });
/** The parameters of the address. */
export const params = (page) => Object.fromEntries(new URL(page.url()).searchParams);

/** The bodies that a page sends with this method to paths that end so. */
export function sent(page, method, end) {
  const bodies = [];
  page.on("request", (request) => {
    if (request.method() === method && new URL(request.url()).pathname.endsWith(end))
      bodies.push(request.postDataJSON());
  });
  return bodies;
}
