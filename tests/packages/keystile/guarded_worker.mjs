// A Worker that guards itself: by `keystile/hono`, and by `keystile/guard` alone. Its bindings lead to the edge's
// entrypoint, and to faults in its place.

import { WorkerEntrypoint } from "cloudflare:workers";
import { Hono } from "hono";
import { Guard } from "keystile/guard";
import { keystile } from "keystile/hono";

const app = new Hono();
/** The default and the own reports of faults, since the last time that somebody asked. */
let reports = [];
console.error = (...said) => reports.push(said.map(String).join(" "));

const told = (c) => {
  const { headers, ...facts } = c.get("keystile");
  return c.json({ ...facts, headers: Object.fromEntries(headers) });
};

app.get("/leads", keystile({ scopes: ["read:leads"], environment: "live" }), told);
app.post("/leads", keystile({ scopes: ["write:leads", "admin"], any_of: true }), told);
app.get("/costly", keystile({ cost: 15 }), told);
app.get("/free", keystile({ cost: 0 }), told);
app.get("/strict", keystile({ strict: true }), told);
app.get("/cached", keystile(), (c) => c.text("cached", 200, { "Cache-Control": "max-age=60", RateLimit: '"own";r=1' }));
app.get("/fails", keystile(), () => {
  throw new Error("the handler's own");
});
app.get("/unknown-scope", keystile({ scopes: ["read:laeds"] }), told);

app.get("/worded", keystile({ scopes: ["admin"], onRefused: ({ code }) => ({ error: code }) }), told);
app.get("/texted", keystile({ scopes: ["admin"], onRefused: async ({ code }) => `no: ${code}` }), told);
app.get("/unworded", keystile({ scopes: ["admin"], onRefused: () => {} }), told);
app.get("/let-in", keystile({ scopes: ["admin"], onRefused: () => new Response("let in", { status: 200 }) }), told);
app.get(
  "/wording-fails",
  keystile({
    scopes: ["admin"],
    onRefused: () => {
      throw new Error("the wording's own");
    },
  }),
  told,
);

for (const fault of ["HANGING", "THROWING", "LYING", "WITHOUT", "HTML"]) {
  app.get(`/faults/${fault}`, keystile({ binding: fault, timeout_ms: 200 }), told);
}
app.get("/faults/none", keystile({ binding: "NONE" }), told);
app.get(
  "/faults/reported",
  keystile({ binding: "THROWING", onUnavailable: (error) => reports.push(`own: ${error.message}`) }),
  told,
);
app.get("/__reports", (c) => {
  const before = reports;
  reports = [];
  return c.json(before);
});
app.onError((error, c) => c.text(error.message, 500));

/** The verdict on what stands in the body: a request's parts, or a key. */
app.post("/__verify", async (c) => {
  const { request, demand } = await c.req.json();
  const verdict = await new Guard({ binding: c.env.KEYSTILE }).verify(request, demand);
  const response = verdict.response?.();
  return c.json({ verdict, headers: [...verdict.headers], sent: response && [response.status, await response.text()] });
});

export default app;

export class Hanging extends WorkerEntrypoint {
  verify() {
    return new Promise((resolve) => setTimeout(resolve, 3_000));
  }
}

export class Throwing extends WorkerEntrypoint {
  verify() {
    throw new Error("out of order");
  }
}

/** It says "valid", but of nobody. */
export class Lying extends WorkerEntrypoint {
  verify() {
    return Response.json({ valid: true, code: "VALID" });
  }
}

/** An edge from before it had the method. */
export class Without extends WorkerEntrypoint {}

export class Html extends WorkerEntrypoint {
  verify() {
    return new Response("<h1>200</h1>", { headers: { "Content-Type": "text/html" } });
  }
}
