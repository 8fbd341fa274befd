//! Structured logs: one JSON object per line. They never contain a key, header or body.

use serde_json::{Map, Value};

/// Logs an event for information.
pub fn info(event: &str, fields: &[(&str, Value)]) {
    worker::console_log!("{}", line("info", event, fields));
}

/// Logs an event that needs attention.
pub fn warn(event: &str, fields: &[(&str, Value)]) {
    worker::console_warn!("{}", line("warn", event, fields));
}

/// Logs a fault.
pub fn error(event: &str, fields: &[(&str, Value)]) {
    worker::console_error!("{}", line("error", event, fields));
}

fn line(level: &str, event: &str, fields: &[(&str, Value)]) -> String {
    let mut line = Map::new();
    line.insert("level".into(), level.into());
    line.insert("event".into(), event.into());
    line.extend(fields.iter().map(|(name, value)| ((*name).to_string(), value.clone())));
    Value::Object(line).to_string()
}
