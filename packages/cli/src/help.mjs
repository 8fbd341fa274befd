// The help, from the table of commands.

const EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage. Data goes to stdout, everything else to stderr.";

/** The help of all these commands, a line each. */
export function helpOfAll(commands) {
  return `keystile: API keys and webhook signatures, checked at the edge.

Usage: keystile COMMAND [OPTIONS]

${lines(commands.map((command) => [title(command), command.summary]))}

  keystile COMMAND --help   the options of a command
  keystile --version        the version

${EXIT_CODES}`;
}

/** The help of one command. */
export function helpOf(command) {
  const { summary, details, arguments: named = [], options = {} } = command;
  const explained = named.filter((each) => each.summary).map((each) => [each.name.toUpperCase(), each.summary]);
  const all = { ...options, help: { type: "boolean", short: "h", summary: "show this help" } };
  const parts = [
    `${summary}`,
    `Usage: keystile ${title(command)} [OPTIONS]`,
    explained.length && lines(explained),
    lines(Object.entries(all).map(([name, option]) => [shownOption(name, option), summaryOf(option)])),
    details?.trim(),
  ];
  return parts.filter(Boolean).join("\n\n");
}

const title = ({ name, arguments: named = [] }) => [name, ...named.map(shown)].join(" ");

function shown({ name, optional, rest }) {
  const text = `${name.toUpperCase()}${rest ? "…" : ""}`;
  return optional ? `[${text}]` : text;
}

const shownOption = (name, { type, short, value = "VALUE" }) =>
  `${short ? `-${short}, ` : ""}--${name}${type === "string" ? ` ${value}` : ""}`;

const summaryOf = ({ summary = "", default: preset }) =>
  preset === undefined || preset === false ? summary : `${summary} (default: ${preset})`;

function lines(pairs) {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`.trimEnd()).join("\n");
}
