// The commands in docs/reference/cli.md, from the table of commands. tests/documents/cli.test.mjs holds the page to it.

/** The line of the page below which everything is made from the table. */
export const MADE = "<!-- Below this line: UPDATE_DOCS=1 node --test tests/documents/cli.test.mjs -->";

/** Options that so many commands have that the page explains them once. */
const COMMON = ["json", "profile", "url", "wait", "if-version", "yes", "limit", "all"];

/** The commands as Markdown, a section for each group. */
export function referenceOf(commands) {
  return groupsOf(commands)
    .map(([group, members]) => [`## ${group}`, ...members.map(section)].join("\n\n"))
    .join("\n\n");
}

/** By first words, in the order of the table. Commands of one word are together, at the end. */
function groupsOf(commands) {
  const groups = new Map();
  const ALONE = "Further commands";
  for (const command of commands) {
    const words = command.name.split(" ");
    const group = words.length > 1 ? `\`keystile ${words[0]}\`` : ALONE;
    groups.set(group, [...(groups.get(group) ?? []), command]);
  }
  const alone = groups.get(ALONE);
  groups.delete(ALONE);
  return [...groups, ...(alone ? [[ALONE, alone]] : [])];
}

function section({ name, summary, arguments: named = [], options = {}, details }) {
  const usage = [name, ...named.map(shown)].join(" ");
  const common = Object.keys(options).filter((option) => isCommon(option, options[option]));
  const own = Object.entries(options).filter(([option]) => !common.includes(option));
  const rows = [
    ...named.filter((each) => each.summary).map((each) => [each.name.toUpperCase(), each.summary]),
    ...own.map(([option, each]) => [`${each.short ? `-${each.short}, ` : ""}--${option}${each.type === "string" ? ` ${each.value ?? "VALUE"}` : ""}`, each.summary]),
  ];
  const table = rows.length > 0 ? ["| | |", "|---|---|", ...rows.map(([left, right]) => `| \`${left}\` | ${cell(right)} |`)].join("\n") : undefined;
  const also = common.length > 0 ? `Also ${common.map((option) => `\`--${option}\``).join(", ")}.` : undefined;
  return [`### \`keystile ${usage}\``, sentence(summary), table, also, details && paragraphs(details)].filter(Boolean).join("\n\n");
}

/** An option of a common name that means something else here is explained here. */
const MEANINGS = { all: "all of them" };
const isCommon = (name, { summary }) => COMMON.includes(name) && (MEANINGS[name] === undefined || MEANINGS[name] === summary);

const shown = ({ name, optional, rest }) => {
  const text = `${name.toUpperCase()}${rest ? "…" : ""}`;
  return optional ? `[${text}]` : text;
};

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const cell = (text = "") => text.replaceAll("|", "\\|");

/** Details as paragraphs; lines in columns stay as they are. */
function paragraphs(details) {
  const isColumns = (text) => / {2}/.test(text);
  return details.trim().split("\n\n").map((text) => (isColumns(text) ? `\`\`\`text not-run="a part of the help"\n${text}\n\`\`\`` : text)).join("\n\n");
}
