// The demo upstream: tells what reached it, so that a caller sees what the edge
// passes on and what it adds.

const ECHO_LIMIT = 64 * 1024;
const CHUNKS = 5;
const CHUNK_DELAY_MS = 200;

export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return echoSocket();
    if (url.pathname === "/stream" || url.pathname.endsWith("/stream")) return slowStream();
    const body = await read(request.body);
    return Response.json({
      method: request.method,
      path: url.pathname + url.search,
      headers: Object.fromEntries(request.headers),
      body,
    });
  },
};

/** The body's length, and its beginning as text. */
async function read(stream) {
  let length = 0;
  const kept = [];
  for await (const chunk of stream ?? []) {
    if (length < ECHO_LIMIT) kept.push(chunk.subarray(0, ECHO_LIMIT - length));
    length += chunk.byteLength;
  }
  return { length, echo: await new Blob(kept).text() };
}

function slowStream() {
  const { readable, writable } = new TransformStream();
  const writing = (async () => {
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    for (let chunk = 1; chunk <= CHUNKS; chunk += 1) {
      await writer.write(encoder.encode(`chunk ${chunk}\n`));
      await new Promise((resolve) => setTimeout(resolve, CHUNK_DELAY_MS));
    }
    await writer.close();
  })();
  writing.catch(() => {}); // The caller went away.
  return new Response(readable, { headers: { "content-type": "text/plain" } });
}

function echoSocket() {
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(data));
  return new Response(null, { status: 101, webSocket: client });
}
