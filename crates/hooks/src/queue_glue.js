// Queues, and the objects of long bodies, in JavaScript: the `worker` crate's types
// for both would add 10 KiB to the upload.

/** Puts texts into a queue, all or none. Resolves once they are durable there. */
export async function sendAll(queue, texts) {
  await queue.sendBatch(texts.map((body) => ({ body, contentType: "text" })));
}

/** Calls the object of a body. Bytes are a part of it, null an empty answer. */
export async function callBody(bodies, name, path, bytes) {
  const answer = await bodies.getByName(name).fetch(`https://object${path}`, { method: "POST", body: bytes });
  if (!answer.ok) throw new Error(`the object answered ${answer.status}`);
  return answer.status === 204 ? null : new Uint8Array(await answer.arrayBuffer());
}
