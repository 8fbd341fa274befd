// An API in Express, as docs/guide/upstreams.md has it behind the edge. PORT, SECRET, and CHECK, the module that has
// `isFromKeystile`, are in the environment.

import { createHash } from "node:crypto";
import { createServer } from "node:http";

import express from "express";
import { WebSocketServer } from "ws";

const { PORT, SECRET, CHECK } = process.env;
const { isFromKeystile } = await import(CHECK);

const app = express();
app.set("trust proxy", 1);
const api = express.Router();
app.use("/express", api);

// In a router, where Express shortens `req.url`.
api.use((req, res, next) => (isFromKeystile(req, SECRET, "express") ? next() : res.sendStatus(403)));

api.get("/whoami", (req, res) => {
  const link = `${req.protocol}://${req.host}${req.originalUrl}`;
  res.json({ link, ip: req.ip, secure: req.secure, tenant: req.get("Keystile-Tenant") });
});
api.get("/moved", (req, res) => res.redirect(307, `${req.protocol}://${req.host}/express/there?x=1`));
api.get("/moved-within", (req, res) => res.redirect(307, "/express/there?x=1"));
api.get("/moved-beside", (req, res) => res.redirect(307, "there?x=1"));
api.post("/things", (req, res) => res.status(201).location("/express/things/7").end());
api.get("/cookies", (req, res) => {
  res.cookie("session", "a b", { httpOnly: true, sameSite: "lax" }).cookie("theme", "dark", { path: "/express" });
  res.json({ sent: req.get("Cookie") ?? null });
});
// Express makes the ETag itself, and compares it.
api.get("/document", (req, res) => res.send("the document"));
const file = Buffer.from("0123456789".repeat(100));
api.get("/file", (req, res) => {
  const [range] = req.range(file.length) ?? [];
  if (!range) return res.set("Accept-Ranges", "bytes").type("text").send(file);
  res.status(206).set("Content-Range", `bytes ${range.start}-${range.end}/${file.length}`);
  res.type("text").send(file.subarray(range.start, range.end + 1));
});
api.get("/events", (req, res) => {
  res.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-cache" }).flushHeaders();
  let event = 0;
  const timer = setInterval(() => {
    res.write(`data: ${++event}\n\n`);
    if (event < 5) return;
    clearInterval(timer);
    res.end();
  }, 200);
});
api.post("/upload", async (req, res) => {
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of req) {
    hash.update(chunk);
    length += chunk.length;
  }
  res.json({ length, sha256: hash.digest("hex") });
});
api.get("/download", async (req, res) => {
  const chunk = Buffer.alloc(1024 * 1024, 7);
  res.set("Content-Length", String(50 * chunk.length));
  for (let sent = 0; sent < 50; sent += 1) {
    if (!res.write(chunk)) await new Promise((resolve) => res.once("drain", resolve));
  }
  res.end();
});

// How many calls ended before it answered.
let abandoned = 0;
api.get("/abandoned", (req, res) => res.json({ abandoned }));
api.get("/silent", (req, res) => res.on("close", () => (abandoned += 1)));

const server = createServer(app);
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
server.on("upgrade", (req, socket, head) => {
  if (!isFromKeystile(req, SECRET, "express")) return socket.destroy();
  sockets.handleUpgrade(req, socket, head, (open) => open.on("message", (data, binary) => open.send(data, { binary })));
});
server.listen(Number(PORT), "127.0.0.1");
