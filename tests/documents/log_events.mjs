// The events that the workers log, read from their source: each call of `log::error`, `log::warn` and `log::info` with
// its event and its fields.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { inRoot } from "../../scripts/tools.mjs";

/** The crates of each worker that log, and those that all workers share. */
const WORKERS = { edge: "edge", manage: "manage", hooks: "hooks", limiter: "limiter", sender: "sender", runtime: "all" };
const CALL = /\b(?:log|lines)::(error|warn|info)\(/g;
const EVENT = /^[a-z]+(?:_[a-z]+)*$/;

/** The events: [{worker, level, event, fields}], sorted by worker and event, each once. */
export function loggedEvents() {
  const all = new Map();
  for (const [crate, worker] of Object.entries(WORKERS)) {
    const files = sourcesOf(crate);
    for (const { level, event, fields, at } of files.flatMap((file) => [...callsIn(file, files)])) {
      if (!EVENT.test(event)) throw new Error(`${at}: ${event} is no name of an event`);
      const key = `${worker} ${event}`;
      const known = all.get(key) ?? { worker, event, levels: new Set(), fields: new Set() };
      known.levels.add(level);
      for (const field of fields) known.fields.add(field);
      all.set(key, known);
    }
  }
  const sorted = [...all.values()].sort((one, other) => (`${one.worker} ${one.event}` < `${other.worker} ${other.event}` ? -1 : 1));
  return sorted.map(({ levels, fields, ...rest }) => ({ ...rest, levels: [...levels].sort(), fields: [...fields].sort() }));
}

function sourcesOf(crate) {
  const directory = inRoot("crates", crate, "src");
  const names = readdirSync(directory, { recursive: true }).filter((name) => /\.(rs|js)$/.test(name) && !/(^|\/)tests/.test(name));
  return names.map((name) => {
    const text = readFileSync(path.join(directory, name), "utf8").split("#[cfg(test)]")[0];
    return { at: `crates/${crate}/src/${name}`, text };
  });
}

/** The calls of a file. Where a function is given the event by its callers, theirs. */
function* callsIn({ at, text }, files) {
  for (const found of text.matchAll(CALL)) {
    const [event, fields] = argumentsFrom(text, found.index + found[0].length);
    const level = found[1];
    const names = fieldNames(fields, text.slice(0, found.index), at);
    if (event.startsWith('"')) yield { level, event: JSON.parse(event), fields: names, at };
    else for (const named of eventsOf(event, text.slice(0, found.index), at, files)) yield { level, event: named, fields: names, at };
  }
  // The edge's JavaScript has one of its own.
  for (const [, level, event, rest] of text.matchAll(/console\.\w+\(JSON\.stringify\(\{ level: "(\w+)", event: "(\w+)"(.*?) \}\)\)/g)) {
    yield { level, event, fields: [...rest.matchAll(/, (\w+)/g)].map(([, name]) => name), at };
  }
}

/** The names of the fields in `&[("name", value), …]`, or in the last such list before, if it is a variable. */
function fieldNames(argument, before, at) {
  const list = /^&\w+/.test(argument) ? before.slice(before.lastIndexOf("let fields =")) : argument;
  if (list === before || !list.includes("[")) throw new Error(`${at}: no fields in ${argument}`);
  const end = list.indexOf("];") < 0 ? list.length : list.indexOf("];");
  return [...list.slice(0, end).matchAll(/\("(\w+)",/g)].map(([, name]) => name);
}

/** The events that a variable may be: those that stand before it, or that callers of its function give. */
function eventsOf(variable, before, at, files) {
  const format = /^&format!\("\{class\}(\w+)"\)$/.exec(variable);
  if (format) return classes().map((name) => `${name}${format[1]}`);
  const [, name, parameters] = [...before.matchAll(/\bfn (\w+)(?:<[^>]*>)?\(([^)]*)\)/g)].at(-1);
  const body = before.slice(before.lastIndexOf(`fn ${name}`));
  if (!new RegExp(`\\b${variable}: &str`).test(parameters)) {
    const given = [...body.matchAll(/(?<!log::\w+\()(?<=[(\s])"(\w+)",/g)].map(([, text]) => text).filter((text) => EVENT.test(text) && text.includes("_"));
    if (!given.length) throw new Error(`${at}: no event is found for ${variable} in ${name}`);
    return given.filter((text) => text !== "request_id");
  }
  const place = parameters.split(",").findIndex((parameter) => parameter.trim().startsWith(`${variable}:`));
  const calls = files.flatMap(({ text }) =>
    [...text.matchAll(new RegExp(`(?<!fn )\\b${name}\\(`, "g"))].map((call) => argumentsFrom(text, call.index + call[0].length)[place]),
  );
  const literal = calls.filter((argument) => argument?.startsWith('"')).map((argument) => JSON.parse(argument));
  const passed = calls.filter((argument) => argument === variable);
  const outer = passed.length ? within(variable, at, files) : [];
  if (literal.length + outer.length === 0) throw new Error(`${at}: nobody gives ${name} an event`);
  return [...new Set([...literal, ...outer])];
}

/** The events that a function is given which passes them on (`within_time` of the runtime's KV). */
function within(variable, at, files) {
  const { text } = files.find((file) => file.at === at);
  return [...text.matchAll(/\bwithin_time\(/g)].flatMap((call) => {
    const [event] = argumentsFrom(text, call.index + call[0].length);
    return event.startsWith('"') ? [JSON.parse(event)] : [];
  });
}

/** The classes of objects whose alarms log. */
function classes() {
  const all = ["hooks", "manage", "limiter", "sender"].flatMap(sourcesOf).flatMap(({ text }) => [...text.matchAll(/alarm::carry_out\([^"]*"(\w+)"/g)]);
  return all.map(([, name]) => name);
}

/** The arguments of a call whose bracket ends at this place, each as its text. */
function argumentsFrom(text, from) {
  const found = [];
  let [depth, start, quoted] = [0, from, false];
  for (let at = from; ; at += 1) {
    const letter = text[at];
    if (letter === undefined) throw new Error("a call without an end");
    if (quoted) {
      if (letter === "\\") at += 1;
      else if (letter === '"') quoted = false;
      continue;
    }
    if (letter === '"') quoted = true;
    else if ("([{".includes(letter)) depth += 1;
    else if (depth === 0 && ",)".includes(letter)) {
      found.push(text.slice(start, at).trim());
      start = at + 1;
      if (letter === ")") return found.filter(Boolean);
    } else if (")]}".includes(letter)) depth -= 1;
  }
}
