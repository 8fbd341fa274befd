// An API of Hono that guards itself. A request without a good key gets the edge's own refusal, and no handler runs.

import { Hono } from "hono";
import { keystile } from "keystile/hono";

/** The customers' notes, by tenant; a database in a real API. */
const notes = new Map<string, string[]>();
const app = new Hono();

// Anybody may ask this.
app.get("/health", (c) => c.text("ok"));

app.get("/notes", keystile({ scopes: ["read"] }), (c) => {
  // The tenant is the key's. Never take it from the request.
  const { tenant } = c.get("keystile");
  return c.json({ tenant, notes: notes.get(tenant) ?? [] });
});

app.post("/notes", keystile({ scopes: ["write"] }), async (c) => {
  const { tenant } = c.get("keystile");
  notes.set(tenant, [...(notes.get(tenant) ?? []), await c.req.text()]);
  return c.body(null, 201);
});

// A revoked key must not delete anything: `strict` has the edge ask its feed about each request.
app.delete("/notes", keystile({ scopes: ["write"], strict: true }), (c) => {
  notes.delete(c.get("keystile").tenant);
  return c.body(null, 204);
});

export default app;
