// Whether the comparison is fair: that the rivals send the upstream what Keystile
// sends it, and answer what Keystile answers, but for ids of requests.

import assert from "node:assert/strict";

/** Everything that the edits are for, once in a request. */
const ODD_REQUEST = {
  method: "POST",
  target: "/api/leads/echo?page=2&q=%2Fa",
  body: '{"name":"Ada"}',
  headers: {
    "Content-Type": "application/json",
    Forwarded: "host=internal",
    "X-Forwarded-Host": "internal",
    X_HTTP_Method_Override: "DELETE",
    "Keystile-Tenant": "another",
    keystile_key_id: "another",
    "X-Cached": "yes",
    "X-Kept": "yes",
  },
};
const EXPECTED_TO_REACH_IT = ["keystile-tenant", "keystile-key-id", "x-kept"];

/** Throws an assertion that says which rival differs, and in what. */
export async function checkSameness({ urls, headers, forgedHeaders, tokenHeaders = headers, target }) {
  for (const request of [{ target: `${target}/echo` }, ODD_REQUEST, { target }]) {
    const send = (name) => {
      const credential = name === "oauth" ? tokenHeaders : headers;
      return outcome(urls[name], { ...request, headers: { ...credential, ...request.headers } });
    };
    const ours = await send("keystile");
    assert.equal(ours.status, 200, `Keystile answered ${JSON.stringify(ours)}`);
    for (const rival of ["same_edits", "hono", "oauth"]) {
      assert.deepEqual(await send(rival), ours, `${rival} differs from Keystile`);
    }
    assert.notDeepEqual(await send("bare"), ours, "The bare forwarder edits headers");
  }
  const odd = await outcome(urls.keystile, { ...ODD_REQUEST, headers: { ...headers, ...ODD_REQUEST.headers } });
  for (const name of EXPECTED_TO_REACH_IT) assert.ok(odd.body.headers[name], `The upstream sees no ${name}`);

  const refused = (name) => outcome(urls[name], { target, headers: forgedHeaders });
  const ours = await refused("keystile");
  assert.equal(ours.status, 401, `Keystile answered ${JSON.stringify(ours)}`);
  assert.deepEqual(await refused("refuse"), ours, "refuse differs from Keystile");
}

/** An answer, with what the upstream saw in its body, without what no two answers have in common. */
async function outcome(url, { method = "GET", target, headers, body }) {
  const response = await fetch(url + target, { method, headers, body });
  const text = (await response.text())
    .replaceAll(/req_[0-9A-Za-z]{14}/g, "req_…")
    // The port that this subject was asked at.
    .replaceAll(new URL(url).host, "host");
  const answered = Object.fromEntries(response.headers);
  assert.match(answered["keystile-request-id"] ?? "req_" + "0".repeat(14), /^req_[0-9A-Za-z]{14}$/);
  if (answered["keystile-request-id"]) answered["keystile-request-id"] = "req_…";
  return { status: response.status, headers: answered, body: JSON.parse(text) };
}
