//! The line numbers of mistakes in a file.

use toml::de::{DeTable, DeValue};

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
