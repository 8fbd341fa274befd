// The output of the workers on this machine: all of it goes to a log. The terminal gets what a worker logs or fails
// with, and none of wrangler's tables and notices.

const NOISE = [
  /^\s*$/,
  /^[⎔⛅╭╰│─┌└├┬┴┼]/u,
  /access to the following bindings:$/,
  /^(Binding +Resource|env\.|Service bindings, Durable Object bindings)/,
  /^Using (vars|secrets) defined in/,
  /^Attaching additional modules:?/,
  /^[- ]*(Name|Total)\b.*(Size|KiB|MiB)/,
  /^[- ]*\S+\.(js|wasm)\b/,
  /^\[wrangler:info\]/,
  /Ready on|Reloading local server|Local server updated/i,
];
/** Escape sequences of colours. */
const COLOURS = /\u001b\[[0-9;]*m/g;
const LAST_LINES = 15;

/** `take` gets the output, `begin` lets it through from then on, `last` is its end. `keep` gets all of it. */
export function workersOutput(say, keep) {
  let begun = false;
  let rest = "";
  const last = [];
  const line = (text) => {
    const plain = text.replace(COLOURS, "");
    if (plain.trim()) last.push(plain);
    last.splice(0, last.length - LAST_LINES);
    if (begun && !NOISE.some((noise) => noise.test(plain))) say(text);
  };
  return {
    take(text) {
      keep(text);
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      lines.forEach(line);
    },
    begin: () => (begun = true),
    last: () => last.map((each) => `${each}\n`).join(""),
  };
}
