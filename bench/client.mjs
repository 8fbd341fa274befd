// Requests to a worker's own port over connections that are kept, as a client of a busy service sends them.

import http from "node:http";

export class Client {
  constructor({ connections = 64 } = {}) {
    this.agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Sends a request; returns its answer: `{status, headers, text, sent, received}`, by `performance.now()`. */
  ask(url, { method = "GET", headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
      const sent = performance.now();
      const request = http.request(url, { agent: this.agent, method, headers: { ...headers, ...length } }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part) => (text += part));
        answer.on("end", () => {
          const { statusCode: status, headers } = answer;
          resolve({ status, headers, text, sent, received: performance.now() });
        });
        answer.on("error", reject);
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  close() {
    this.agent.destroy();
  }
}

/**
 * So many callers, each of which calls again once it was answered, for so long or until `call` returns false. Returns
 * the calls a second.
 */
export async function closedLoop(callers, seconds, call) {
  const began = performance.now();
  const end = began + seconds * 1000;
  let calls = 0;
  const caller = async () => {
    while (performance.now() < end) {
      if ((await call()) === false) return;
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return (calls / (performance.now() - began)) * 1000;
}
