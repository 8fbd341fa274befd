// The commands of a text for a shell, without a shell: enough for what documents write.

/** In turn: an end of a command; a comment; a redirection; a word. */
const TOKEN = /\s*?(?:(\n|\|\|?|&&?|;|\(|\)|`|$)|(#[^\n]*)|(\d?(?:>>?|<<?<?)&?[ \t]*[^\s;|&()]*)|((?:"(?:\\[^]|[^"\\])*"|'[^']*'|\\[^]|[^\s;|&()<>"'`\\])+)|[^])/gy;
const ASSIGNMENT = /^\w+=/;
const HERE_DOCUMENT = /<<'?(\w+)'?\n[^]*?\n\1$/gm;

/** The words of each command in a text, without assignments before it, redirections, here-documents, and quotes. */
export function commandsIn(text) {
  const commands = [[]];
  for (const [, end, , , word] of text.replaceAll(HERE_DOCUMENT, "").replaceAll("\\\n", " ").matchAll(TOKEN)) {
    if (end !== undefined) commands.push([]);
    else if (word !== undefined && (commands.at(-1).length || !ASSIGNMENT.test(word))) commands.at(-1).push(plain(word));
  }
  return commands.filter((words) => words.length);
}

/** A word without its quotes. */
const plain = (word) => word.replaceAll(/"((?:\\[^]|[^"\\])*)"|'([^']*)'|\\([^])/g, (_, double, single, char) => double ?? single ?? char);
