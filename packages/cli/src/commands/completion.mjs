// keystile completion: the shell asks this program which words may come next.

import { WrongUsage } from "../failed.mjs";

/**
 * The lines that begin the scripts of bash and zsh: the program is that on the PATH, or that of the project, as `npx
 * keystile` finds it. `npx` itself is completed where nothing else does that.
 */
const PROGRAM = `_keystile_words() {
  if command -v keystile >/dev/null; then keystile completion --words -- "$@"
  elif [ -x node_modules/.bin/keystile ]; then node_modules/.bin/keystile completion --words -- "$@"
  else npx --no-install keystile completion --words -- "$@"
  fi 2>/dev/null
}`;

const SHELLS = {
  bash: `${PROGRAM}
_keystile() {
  local IFS=$'\\n' first=1
  if [ "\${1##*/}" = npx ]; then
    first=2
    [ "\${COMP_WORDS[1]}" = keystile ] && [ "$COMP_CWORD" -gt 1 ] || return 0
  fi
  COMPREPLY=($(_keystile_words "\${COMP_WORDS[@]:first:COMP_CWORD-first+1}"))
}
complete -o default -F _keystile keystile
complete -p npx >/dev/null 2>&1 || complete -o default -F _keystile npx`,
  zsh: `#compdef keystile npx
${PROGRAM}
_keystile() {
  local first=2
  if [[ "\${words[1]:t}" == npx ]]; then
    first=3
    if [[ "$words[2]" != keystile || $CURRENT -lt 3 ]]; then _files; return; fi
  fi
  local -a found
  found=("\${(@f)$(_keystile_words "\${(@)words[first,CURRENT]}")}")
  if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
}
if [[ "$funcstack[1]" == _keystile ]]; then
  _keystile "$@"
else
  compdef _keystile keystile
  (( \${+_comps[npx]} )) || compdef _keystile npx
fi`,
  fish: `function _keystile_words
  if command -q keystile; keystile completion --words -- $argv
  else if test -x node_modules/.bin/keystile; node_modules/.bin/keystile completion --words -- $argv
  else; npx --no-install keystile completion --words -- $argv
  end 2>/dev/null
end
complete -c keystile -f -a '(_keystile_words (commandline -opc)[2..] (commandline -ct))'
complete -c npx -f -n 'contains -- keystile (commandline -opc)[2]' -a '(_keystile_words (commandline -opc)[3..] (commandline -ct))'`,
};

export const completion = {
  name: "completion",
  summary: "write what makes a shell complete these commands",
  arguments: [{ name: "shell", summary: Object.keys(SHELLS).join(", "), values: Object.keys(SHELLS), optional: true, rest: true }],
  options: { words: { type: "boolean", summary: "write the words that may come after those behind --, as the shells ask" } },
  details: `
bash:  keystile completion bash >> ~/.bashrc
zsh:   keystile completion zsh > "\${fpath[1]}/_keystile"
fish:  keystile completion fish > ~/.config/fish/conf.d/keystile.fish

Where keystile is a development dependency, write npx before these. Then npx keystile is completed, too, by the program of
the project in the present directory.`,
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
