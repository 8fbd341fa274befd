// The bodies that the isolate holds, each in one buffer of the platform, and the room that they take together.
//
// A body that is being received takes more room as its bytes come. If there is no room left for another one, the bodies
// that come too slowly lose theirs, the slowest first. A slow body that is in nobody's way keeps its room.

/// The bytes of the bodies that the isolate may hold. An isolate has 128 MB, and a body is in it twice while it is
/// verified.
const MOST_HELD = 32 * 1024 * 1024;
/// The first buffer of a body, bytes. It takes no room.
const FIRST_BYTES = 16 * 1024;
/// A body comes fast enough if a part of its room fills up in this time, milliseconds. So it would be complete in about
/// a minute, and it has half a minute.
const PARTS = 32;
const PART_MS = 2_000;
/// The time after which a body that has lost its room lets go of the memory, milliseconds.
const NOTICED_MS = 250;
/// No delivery takes longer, milliseconds. The platform may end a request whose room nobody leaves then.
const LONGEST_HELD_MS = 120_000;

const rooms = new Set();

/** The room that one body takes, until `leave`. */
export class Room {
  #since = Date.now();
  #bytes = 0;
  /** The time when the last part came, or undefined once the body is complete. */
  #movedAt = this.#since;
  #lost = false;

  constructor() {
    rooms.add(this);
  }

  leave() {
    rooms.delete(this);
  }

  /** Reads a body. Returns its bytes, or one word that says why there are none, "no room" among others. */
  async read(reader, limit, announced) {
    let watch;
    // Another request takes the room away, and no request may touch another's stream.
    const lost = new Promise((resolve) => {
      watch = setInterval(() => this.#lost && resolve("no room"), NOTICED_MS);
    });
    try {
      return await Promise.race([this.#readAll(reader, limit, announced), lost]);
    } finally {
      clearInterval(watch);
      this.#movedAt = undefined;
    }
  }

  async #readAll(reader, limit, announced) {
    let bytes = new Uint8Array(Math.min(FIRST_BYTES, limit + 1));
    for (let length = 0; ; ) {
      const part = Math.max(FIRST_BYTES, Math.floor(bytes.length / PARTS));
      // Fewer bytes than requested come only at the end of the body.
      const { done, value } = await reader.readAtLeast(Math.min(part, bytes.length - length), bytes.subarray(length));
      if (done) return this.#lost ? "no room" : new Uint8Array(value.buffer, 0, length);
      this.#movedAt = Date.now();
      length += value.length;
      if (length > limit) return "too large";
      bytes = new Uint8Array(value.buffer);
      if (length < bytes.length) continue;
      // A quarter is proof enough that the announced length is meant. The byte more is for the end of the body.
      const fits = length < announced && announced <= 4 * length;
      const size = fits ? announced + 1 : Math.min(2 * length, limit + 1);
      if (!this.#take(size - length)) {
        this.leave();
        release(bytes);
        return drain(reader, limit - length);
      }
      const larger = new Uint8Array(size);
      larger.set(bytes);
      release(bytes);
      bytes = larger;
    }
  }

  /** Takes more room, from slow bodies if need be. Returns whether there is so much. */
  #take(bytes) {
    if (!rooms.has(this)) return false;
    let missing = bytes - MOST_HELD;
    for (const room of rooms) missing += room.#bytes;
    const losers = [];
    for (const room of missing > 0 ? this.#slow() : []) {
      if (missing <= 0) break;
      losers.push(room);
      missing -= room.#bytes;
    }
    if (missing > 0) return false;
    for (const room of losers) {
      room.#lost = true;
      room.leave();
    }
    this.#bytes += bytes;
    return true;
  }

  /** The other bodies with room that come too slowly, the slowest first, and those whose requests have ended. */
  #slow() {
    const now = Date.now();
    const since = (room) => room.#movedAt ?? room.#since;
    const isSlow = (room) => now - since(room) > (room.#movedAt === undefined ? LONGEST_HELD_MS : PART_MS);
    const others = [...rooms].filter((room) => room !== this && room.#bytes > 0);
    return others.filter(isSlow).sort((a, b) => since(a) - since(b));
  }
}

/** Forgets the bodies of an instance that ended by a trap. */
export function vacate() {
  rooms.clear();
}

/** Frees a buffer that is of no more use now, and not when the collector of garbage comes to it. */
export function release(bytes) {
  bytes.buffer.transfer(0);
}

// Reads the rest and keeps none of it: a sender that goes on writing to a request that was answered sees its connection
// end, and not the answer.
async function drain(reader, most) {
  let left = most;
  for (let bytes = new Uint8Array(FIRST_BYTES); ; ) {
    const { done, value } = await reader.readAtLeast(bytes.length, bytes);
    if (done) return "no room";
    left -= value.length;
    if (left < 0) return "too large";
    bytes = new Uint8Array(value.buffer);
  }
}
