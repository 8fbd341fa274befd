// A product's own backend, no more of it than the key page needs: it serves a settings page, and gives the customer who
// is signed in there a portal session of Keystile.
//
//   KEYSTILE_URL           where the management worker answers: http://127.0.0.1:8788
//   KEYSTILE_OPERATOR_KEY  an operator key with keys:read, keys:write and audit:read of the customers' tenants
//   PORT                   3000 unless given

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const PUBLIC = new URL("public/", import.meta.url);
const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/host.js": ["host.js", "text/javascript; charset=utf-8"],
  "/host.css": ["host.css", "text/css; charset=utf-8"],
};

/**
 * The server, not yet listening.
 *   keystile     where Keystile answers
 *   operatorKey  stays here: no browser ever sees it
 *   scopes       what the customers' keys may have
 */
export function hostPage({ keystile, operatorKey, scopes = ["read:leads", "write:leads"] }) {
  return createServer((request, response) => {
    answer(request, { keystile, operatorKey, scopes })
      .catch((error) => {
        console.error(error);
        return { status: 502, body: "Keystile could not be asked; the log says why.\n" };
      })
      .then(({ status = 200, headers = {}, body = "" }) => response.writeHead(status, headers).end(body));
  });
}

async function answer(request, { keystile, operatorKey, scopes }) {
  const { pathname } = new URL(request.url, "http://host.invalid");
  const file = request.method === "GET" && FILES[pathname];
  if (file) return page(file, keystile);
  const isOurs = request.headers["sec-fetch-site"] === "same-origin";
  if (request.method !== "POST" || !["/keystile-session", "/open-keys"].includes(pathname)) return { status: 404 };
  // Another site must not make the customer's browser ask for a session.
  if (!isOurs) return { status: 403, body: "Only this product's own pages may ask for this.\n" };
  const session = await portalSession({ keystile, operatorKey, scopes, customer: signedIn(request) });
  // A link for once, which opens Keystile's own page, or a token for the element in this page.
  if (pathname === "/open-keys") return { status: 303, headers: { Location: session.url, "Cache-Control": "no-store" } };
  return {
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
    body: JSON.stringify({ token: session.token }),
  };
}

/** Your product's own sign-in goes here: the customer's account, and the person who uses it. */
const signedIn = () => ({ tenant: "acme", person: { id: "user_4711", name: "Ada Lovelace" } });

/** Makes a portal session for that person: what it may do, and the scopes that its keys may have. */
async function portalSession({ keystile, operatorKey, scopes, customer: { tenant, person } }) {
  const response = await fetch(new URL(`/v1/tenants/${tenant}/portal-sessions`, keystile), {
    method: "POST",
    headers: { Authorization: `Bearer ${operatorKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ actor: person, may: ["keys:read", "keys:write", "audit:read"], scopes, expires_in_seconds: 900 }),
  });
  if (!response.ok) throw new Error(`Keystile answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** A file with the product's policy: Keystile's origin in script-src and connect-src is all that the element needs. */
async function page([name, type], keystile) {
  const text = await readFile(new URL(name, PUBLIC), "utf8");
  const { origin } = new URL(keystile);
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${origin}`,
    `connect-src 'self' ${origin}`,
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    `form-action 'self' ${origin}`,
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return {
    headers: { "Content-Type": type, "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store" },
    body: text.replaceAll("%KEYSTILE%", origin),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { KEYSTILE_URL: keystile = "http://127.0.0.1:8788", KEYSTILE_OPERATOR_KEY: operatorKey, PORT: port = "3000" } = process.env;
  if (!operatorKey) {
    console.error("Set KEYSTILE_OPERATOR_KEY: an operator key with keys:read, keys:write and audit:read.");
    process.exit(1);
  }
  hostPage({ keystile, operatorKey }).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));
}
