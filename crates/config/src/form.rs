//! The form of the file: its brackets, its settings' names and types. Mistakes are told in the words of the file's
//! author, not in those of the parser.

use toml::de::{DeTable, DeValue};

use crate::{lines, raw::RawConfig};

/// The tables that are written once, by their paths.
const TABLES: [&[&str]; 10] = [
    &["keys"],
    &["edge"],
    &["edge", "cors"],
    &["relays"],
    &["audit"],
    &["usage"],
    &["limits"],
    &["portal"],
    &["deploy"],
    &["deploy", "services"],
];
/// The tables of which there may be several.
const LISTS: [&str; 8] = ["scopes", "presets", "upstreams", "routes", "rate_limits", "quotas", "plans", "webhooks"];

/// Reads the file's form.
///
/// # Errors
/// The mistakes, each with its line. Wrong brackets come first and alone, since all below them is misread.
pub(crate) fn read(text: &str) -> Result<RawConfig, Vec<String>> {
    let wrong = brackets(text);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let name = text.get(span.clone()).unwrap_or_default();
        let message = in_words(error.message(), name);
        let line = lines::line(text, span.start);
        let place = lines::path_at(text, &span);
        vec![if place.is_empty() { format!("{line}: {message}") } else { format!("{line}: {place}: {message}") }]
    })
}

/// Tables that have the brackets of the other kind.
fn brackets(text: &str) -> Vec<String> {
    // A mistake of syntax is told when the file is read.
    let Ok(root) = DeTable::parse(text) else { return Vec::new() };
    let mut mistakes = Vec::new();
    let mut mistake = |offset, message| mistakes.push(format!("{}: {message}", lines::line(text, offset)));
    for path in TABLES {
        let mut found = root.get_ref().get(path.first().copied().unwrap_or_default());
        for step in path.iter().skip(1) {
            found = found.and_then(|value| value.get_ref().get(*step));
        }
        let Some(value) = found.filter(|value| !value.get_ref().is_table()) else { continue };
        let name = path.join(".");
        mistake(value.span().start, format!("{name}: write [{name}], in single brackets, and its settings below"));
    }
    for name in LISTS {
        let Some(value) = root.get_ref().get(name) else { continue };
        let items_are_tables = match value.get_ref() {
            DeValue::Array(items) => items.iter().all(|item| item.get_ref().is_table()),
            _ => false,
        };
        if !items_are_tables {
            let message = format!("{name}: write [[{name}]], in double brackets, above the settings of each");
            mistake(value.span().start, message);
        }
    }
    mistakes
}

/// The parser's message in the words of the file's author. `name` is the text at its place.
fn in_words(message: &str, name: &str) -> String {
    let lone = |text: &str| text.trim_matches('`').to_string();
    if matches!(message, "integer number overflowed" | "JSON number out of range") {
        return "no setting takes so large a number; write a smaller one".into();
    }
    if message == "duplicate key" {
        return format!("\"{name}\" is written twice; keep one of them");
    }
    if let Some(missing) = message.strip_prefix("missing field ") {
        let missing = lone(missing);
        let is_table = TABLES.contains(&[missing.as_str()].as_slice());
        return if is_table { format!("write the table [{missing}]") } else { format!("write {missing} = … here") };
    }
    if let Some((unknown, known)) = message.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", ")) {
        return format!("there is no setting \"{}\" here; {}", lone(unknown), known.replace("expected", "write"));
    }
    if let Some((unknown, known)) = message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", ")) {
        let known = known.trim_start_matches("expected ").replace('`', "\"");
        return format!("write {known}, not \"{}\"", lone(unknown));
    }
    let mismatch = message.strip_prefix("invalid type: ").or(message.strip_prefix("invalid value: "));
    if let Some((written, wanted)) = mismatch.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("write {}, not {}", wish(wanted, written), as_written(written));
    }
    message.into()
}

/// The values that a setting takes, from the name that serde has for them.
fn wish<'a>(wanted: &'a str, written: &str) -> &'a str {
    match wanted {
        "a string" => "a text in quotation marks",
        "a boolean" => "true or false, without quotation marks",
        "a sequence" => "a list in square brackets",
        "u8" | "u16" | "u32" | "u64" | "usize" if written.starts_with("integer `-") => "a number that is not negative",
        "u8" | "u16" | "u32" | "u64" | "usize" if written.starts_with("integer") => "a smaller number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        _ if wanted.starts_with("struct ") || wanted == "a map" => "a table",
        other => other,
    }
}

/// A value that was written, from serde's name for it: "integer `5`", "string \"x\"", "map".
fn as_written(found: &str) -> &str {
    match found {
        "map" => "a table",
        "sequence" => "a list",
        _ => found.split_once(' ').map_or(found, |(kind, value)| match kind {
            "string" | "integer" | "boolean" => value.trim_matches('`'),
            _ => value.trim_start_matches("point ").trim_matches('`'),
        }),
    }
}
