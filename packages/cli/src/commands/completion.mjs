// keystile completion: the shell asks this program which words may come next.

import { WrongUsage } from "../failed.mjs";

const SHELLS = {
  bash: `_keystile() {
  local IFS=$'\\n'
  COMPREPLY=($(keystile completion --words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _keystile keystile`,
  zsh: `#compdef keystile
_keystile() {
  local -a found
  found=("\${(@f)$(keystile completion --words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
}
compdef _keystile keystile`,
  fish: `complete -c keystile -f -a '(keystile completion --words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};

export const completion = {
  name: "completion",
  summary: "write what makes a shell complete these commands",
  arguments: [{ name: "shell", summary: Object.keys(SHELLS).join(", "), values: Object.keys(SHELLS), optional: true, rest: true }],
  options: { words: { type: "boolean", summary: "write the words that may come after those behind --, as the shells ask" } },
  details: `
bash:  keystile completion bash >> ~/.bashrc
zsh:   keystile completion zsh > "\${fpath[1]}/_keystile"
fish:  keystile completion fish > ~/.config/fish/completions/keystile.fish`,
  run({ values, positionals, io, commands }) {
    if (values.words) {
      const found = nextWords(commands, positionals);
      return found.length > 0 ? io.out(found.join("\n")) : undefined;
    }
    const script = Object.hasOwn(SHELLS, positionals[0]) && SHELLS[positionals[0]];
    if (!script) throw new WrongUsage(`Write the shell: ${Object.keys(SHELLS).join(", ")}.`);
    return io.out(script);
  },
};

/** The words that may be in place of the last of these, which is not yet complete. */
export function nextWords(commands, words) {
  const before = words.slice(0, -1);
  const begun = words.at(-1) ?? "";
  const command = commands
    .filter(({ name }) => name.split(" ").every((word, at) => before[at] === word))
    .sort((a, b) => b.name.length - a.name.length)[0];
  const longer = commandWords(commands, before);
  const found = command ? [...longer, ...wordsOf(command, before, begun)] : longer;
  return [...new Set(found)].filter((word) => word.startsWith(begun)).sort();
}

function commandWords(commands, before) {
  const names = commands.map(({ name }) => name.split(" "));
  const going = names.filter((name) => name.length > before.length && before.every((word, at) => name[at] === word));
  return going.map((name) => name[before.length]);
}

function wordsOf({ name, arguments: named = [], options = {} }, before, begun) {
  const last = before.at(-1)?.replace(/^--/, "");
  const awaiting = before.at(-1)?.startsWith("--") ? options[last] : undefined;
  if (awaiting?.type === "string") return awaiting.values ?? [];
  if (begun.startsWith("-")) {
    const free = Object.entries(options).filter(([option, { multiple }]) => multiple || !before.includes(`--${option}`));
    return [...free.map(([option]) => `--${option}`), "--help"];
  }
  const given = before.slice(name.split(" ").length).filter((word) => !word.startsWith("-")).length;
  return named[given]?.values ?? [];
}
