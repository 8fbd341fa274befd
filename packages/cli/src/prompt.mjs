// A secret from the person at the terminal, unseen, or from stdin.

import { Failed } from "./failed.mjs";

const [ENTER, END, INTERRUPT, BACKSPACE] = [/[\r\n]/, "\u0004", "\u0003", /[\b\u007f]/];

/** Asks for a secret; without a terminal it is all of stdin. */
export async function secretFrom(io, question) {
  if (io.stdin?.isTTY) return typed(io, question);
  let text = "";
  for await (const chunk of io.stdin ?? []) text += chunk;
  return text.trim();
}

function typed({ stdin, stderr }, question) {
  // Before the question: whoever answers at once is not shown either.
  stdin.setRawMode(true);
  stdin.setEncoding("utf8").resume();
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let text = "";
    const end = (settle) => {
      stdin.off("data", read).setRawMode(false).pause();
      stderr.write("\n");
      settle();
    };
    const read = (typed) => {
      for (const char of typed) {
        if (ENTER.test(char) || char === END) return end(() => resolve(text.trim()));
        if (char === INTERRUPT) return end(() => reject(new Failed("Nothing was kept.")));
        text = BACKSPACE.test(char) ? text.slice(0, -1) : text + char;
      }
      return undefined;
    };
    stdin.on("data", read);
  });
}
