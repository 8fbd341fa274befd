// Bodies of requests, read into the platform's own buffers.

const FIRST_BYTES = 16 * 1024;

/// Whether a body is compressed, or encoded in another way.
export function isEncoded(request) {
  const encoding = request.headers.get("Content-Encoding");
  return encoding !== null && encoding.trim().toLowerCase() !== "identity";
}

/// A body's bytes, or one word that says why there are none. `room`, if it is given, reads the body instead, so that it
/// can share out memory among bodies.
///
/// The platform fills one buffer, even if the chunks are small. A chunk as an object of its own takes 5 KB, so a body
/// of single bytes would take 5,000 times its length. The buffer grows with the bytes received, not with the announced
/// length.
export async function readBody(request, limit, deadlineMs, room) {
  const announced = Number(request.headers.get("Content-Length"));
  if (announced > limit) return "too large";
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader({ mode: "byob" });
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, deadlineMs, "too slow");
  });
  try {
    const read = await Promise.race([room ? room.read(reader, limit, announced) : readAll(reader, limit), late]);
    // The rest is not read.
    if (typeof read === "string") reader.cancel(read).catch(() => {});
    return read;
  } catch {
    return "broken off";
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(reader, limit) {
  let bytes = new Uint8Array(Math.min(FIRST_BYTES, limit + 1));
  let length = 0;
  for (;;) {
    // Fewer bytes than requested come only at the end of the body.
    const { done, value } = await reader.readAtLeast(bytes.length - length, bytes.subarray(length));
    if (done) return new Uint8Array(value.buffer, 0, length);
    length += value.length;
    if (length > limit) return "too large";
    bytes = new Uint8Array(value.buffer);
    if (length < bytes.length) continue;
    const larger = new Uint8Array(Math.min(2 * length, limit + 1));
    larger.set(bytes);
    bytes = larger;
  }
}
