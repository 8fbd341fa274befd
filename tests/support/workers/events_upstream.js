// An upstream of webhooks: it remembers the events that it received, and answers as the test sets it, for
// all paths or for single ones.

let taken = [];
let mode = { status: 200 };

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__taken") return Response.json(taken.splice(0));
    if (pathname === "/__mode") {
      mode = { status: 200, ...(await request.json()) };
      return Response.json(mode);
    }
    const { status, body = null, type, wait = 0 } = { ...mode, ...mode.paths?.[pathname] };
    const bytes = new Uint8Array(await request.arrayBuffer());
    taken.push({
      method: request.method,
      path: pathname,
      headers: Object.fromEntries(request.headers),
      body: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")),
    });
    if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
    const headers = { "Keystile-Tenant": "spoofed", "Set-Cookie": "a=1", ...(type ? { "Content-Type": type } : {}) };
    return new Response(body, { status, headers });
  },
};
