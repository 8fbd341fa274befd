// An upstream whose answer depends on the path.

export default {
  async fetch(request) {
    switch (new URL(request.url).pathname) {
      case "/odd/cached":
        return new Response("kept", { headers: { "Cache-Control": "private, max-age=60" } });
      case "/odd/cf":
        return Response.json(request.cf);
      case "/odd/redirect":
        return new Response(null, { status: 302, headers: { Location: "https://elsewhere.example/" } });
      case "/odd/moved":
        return Response.redirect(new URL("/odd/there?x=1", request.url), 307);
      case "/odd/error":
        return new Response("broken", { status: 500 });
      case "/odd/etag": {
        // Like Express: a request with no-cache is never answered with 304.
        const fresh = request.headers.get("If-None-Match") === '"v1"' && !/no-cache/.test(request.headers.get("Cache-Control"));
        return new Response(fresh ? null : "the body", { status: fresh ? 304 : 200, headers: { ETag: '"v1"' } });
      }
      case "/odd/cookies":
        return new Response("two", { headers: [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]] });
      case "/odd/cross-origin":
        return new Response("mine", {
          headers: {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Credentials": "true",
            "Keystile-Degraded": "spoofed",
            "Keystile-Request-Id": "spoofed",
          },
        });
      case "/odd/silent":
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        return new Response("too late");
      case "/odd/slowly": {
        const { readable, writable } = new TransformStream();
        const writing = (async () => {
          const writer = writable.getWriter();
          await new Promise((resolve) => setTimeout(resolve, 2_000));
          await writer.write(new TextEncoder().encode("the body"));
          await writer.close();
        })();
        writing.catch(() => {}); // The caller went away.
        return new Response(readable);
      }
      case "/odd/socket": {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.addEventListener("message", ({ data }) => server.send(data));
        const headers = { "Keystile-Request-Id": "spoofed", "Keystile-Degraded": "spoofed", "X-Own": "kept" };
        return new Response(null, { status: 101, webSocket: client, headers });
      }
      case "/odd/empty":
        return new Response(null, { status: 204 });
      default:
        return new Response("plain");
    }
  },
};
