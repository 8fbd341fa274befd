// What queues and the objects of long bodies take in JavaScript.

/// Puts a text into a queue. Resolves once it is durable there.
export async function send(queue, text) {
  await queue.send(text, { contentType: "text" });
}

/// Stores a part of a body in the object of this name.
export async function storePart(bodies, name, part, bytes) {
  await ask(bodies, name, `store/${part}`, bytes);
}

/// A part of a body, or null if there is none.
export async function loadPart(bodies, name, part) {
  const answer = await ask(bodies, name, `load/${part}`, null);
  return answer.status === 204 ? null : new Uint8Array(await answer.arrayBuffer());
}

/// Deletes a body.
export async function forgetBody(bodies, name) {
  await ask(bodies, name, "forget", null);
}

async function ask(bodies, name, path, body) {
  const answer = await bodies.getByName(name).fetch(`https://object/${path}`, { method: "POST", body });
  if (!answer.ok) throw new Error(`the object answered ${answer.status}`);
  return answer;
}
