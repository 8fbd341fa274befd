//! JSON bodies, field by field: all mistakes are collected, and unknown fields are refused by name.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{error::Error, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::base::{code::Code, problem::Problem};

/// One mistake in a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// A sentence that says what is wrong and what is allowed.
    pub detail: String,
    /// The field, `scopes` or `allowed_ips.2`.
    pub field: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A mistake of the whole has no field.
        if self.field.is_empty() { f.write_str(&self.detail) } else { write!(f, "{}: {}", self.field, self.detail) }
    }
}

impl Error for FieldError {}

/// The 422 that lists a body's mistakes.
#[must_use]
pub fn invalid(errors: &[FieldError]) -> Problem {
    let first = errors.first().map(ToString::to_string).unwrap_or_default();
    let detail = match errors.len() {
        0 | 1 => first,
        count => format!("{first} ({} more in `errors`)", count - 1),
    };
    Problem::new(Code::InvalidRequest, detail).with("errors", json!(errors))
}

/// The text that a client sent, for an error message: short and without control characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).map(|c| if c.is_control() { '�' } else { c }).collect();
    let cut = if text.chars().nth(64).is_some() { "…" } else { "" };
    format!("\"{short}{cut}\"")
}

/// A whole number in any spelling: in JSON 5.0 is 5.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        let whole = number as i64;
        (whole as f64 == number).then_some(whole)
    })
}

/// The fields of a JSON object, taken one by one. The remaining ones are unknown.
pub(crate) struct Fields {
    object: Map<String, Value>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields {
    pub(crate) fn new(body: Value) -> Result<Self, Vec<FieldError>> {
        match body {
            Value::Object(object) => Ok(Self { object, known: Vec::new(), errors: Vec::new() }),
            _ => Err(alloc::vec![FieldError { field: String::new(), detail: "a JSON object expected".into() }]),
        }
    }

    /// Takes a field that must be there. Null counts as absent.
    pub(crate) fn required<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.object.get(field).is_none_or(Value::is_null) {
            self.missing(field, "this is required");
        }
        self.optional(field, parse)
    }

    /// Takes a field that may be absent. Null counts as absent.
    pub(crate) fn optional<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.object.get(field).is_some_and(Value::is_null) {
            self.object.remove(field);
        }
        self.optional_or_null(field, parse)
    }

    pub(crate) fn optional_or_null<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(field);
        match parse(self.object.remove(field)?) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.errors.push(FieldError { field: field.into(), detail });
                None
            }
        }
    }

    pub(crate) fn missing(&mut self, field: &str, detail: &str) {
        if !self.failed(field) {
            self.errors.push(FieldError { field: field.into(), detail: detail.into() });
        }
    }

    pub(crate) fn failed(&self, field: &str) -> bool {
        self.errors.iter().any(|error| error.field == field)
    }

    pub(crate) fn finish(mut self) -> Result<(), Vec<FieldError>> {
        let known = match self.known.as_slice() {
            [] => "none".to_string(),
            known => known.join(", "),
        };
        for field in self.object.keys() {
            let detail = format!("unknown field; known are: {known}");
            self.errors.push(FieldError { field: field.chars().take(64).collect(), detail });
        }
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_mistake_of_the_whole_body_is_said_without_a_field() {
        let errors = Fields::new(json!([])).err().unwrap();
        assert_eq!(invalid(&errors).detail, "a JSON object expected");
    }

    #[test]
    fn quoted_text_is_short_and_printable() {
        assert_eq!(quoted("a\nb"), "\"a\u{fffd}b\"");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), 67);
    }
}
