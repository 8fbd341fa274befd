//! The places of mistakes in a file.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The line of the value at `path`, or of the nearest table around it.
pub(crate) fn line_of(text: &str, path: &[String]) -> usize {
    line(text, locate(text, path))
}

/// The line of a byte.
pub(crate) fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

/// The offset of the value at `path`, or of the nearest table around it.
fn locate(text: &str, path: &[String]) -> usize {
    let Ok(table) = DeTable::parse(text) else { return 0 };
    let mut offset = 0;
    let mut value: Option<&DeValue<'_>> = None;
    for (depth, step) in path.iter().enumerate() {
        let next = match value {
            None if depth == 0 => table.get_ref().get(step.as_str()),
            Some(DeValue::Table(table)) => table.get(step.as_str()),
            Some(DeValue::Array(values)) => step.parse::<usize>().ok().and_then(|index| values.get(index)),
            _ => None,
        };
        let Some(next) = next else { break };
        offset = next.span().start;
        value = Some(next.get_ref());
    }
    offset
}

/// The path of the setting at a span of the text, such as `routes.0.strict`; empty outside of all.
pub(crate) fn path_at(text: &str, span: &Range<usize>) -> String {
    let Ok(table) = DeTable::parse(text) else { return String::new() };
    let mut path = Vec::new();
    if in_table(table.get_ref(), span, &mut path) { path.join(".") } else { String::new() }
}

/// Looks for the span among a table's keys and values, and leaves the way to it in `path`.
fn in_table(table: &DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    table
        .iter()
        .any(|(key, value)| step(key.get_ref(), path, |path| key.span() == *span || in_value(value, span, path)))
}

fn in_value(value: &Spanned<DeValue<'_>>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    let deeper = match value.get_ref() {
        DeValue::Table(table) => in_table(table, span, path),
        DeValue::Array(items) => items
            .iter()
            .enumerate()
            .any(|(index, item)| step(&index.to_string(), path, |path| in_value(item, span, path))),
        _ => false,
    };
    deeper || value.span() == *span
}

fn step(name: &str, path: &mut Vec<String>, found: impl FnOnce(&mut Vec<String>) -> bool) -> bool {
    path.push(name.into());
    let is_here = found(path);
    if !is_here {
        path.pop();
    }
    is_here
}
