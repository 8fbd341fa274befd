// The upstream of every subject: it takes each event, and says how many it took.

let taken = 0;

export default {
  async fetch(request) {
    if (request.method === "GET") return Response.json(taken);
    await request.arrayBuffer();
    taken += 1;
    return new Response(null, { status: 204 });
  },
};
