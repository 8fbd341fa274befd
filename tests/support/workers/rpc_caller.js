// Another worker of the account, with bindings to the edge and to a tenant's ledger. It calls a method of one of them
// by RPC and answers with the outcome as text.

export default {
  async fetch(request, env) {
    const { binding, method } = await request.json();
    const target = binding === "LEDGER" ? env.LEDGER.getByName("acme") : env[binding];
    try {
      await target[method]();
      return Response.json("called");
    } catch (error) {
      return Response.json(String(error));
    }
  },
};
