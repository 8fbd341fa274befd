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

/// The maximum length of a field's name in a mistake, characters.
pub const MAX_FIELD_CHARS: usize = 64;
/// The maximum number of unknown fields that are named; there may be thousands.
const MAX_UNKNOWN: usize = 8;

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
    let Value::Number(number) = value else { return None };
    number.as_i64().or_else(|| whole_text(&number.to_string()))
}

/// A whole number that is written with a fraction of nothing or with an exponent.
fn whole_text(text: &str) -> Option<i64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let zeros = exponent.parse::<i64>().ok()?.checked_sub(fraction.len() as i64)?;
    let digits: i64 = [whole, fraction].concat().parse().ok()?;
    if digits == 0 {
        return Some(0);
    }
    let (power, times) = (10_i64.checked_pow(u32::try_from(zeros.unsigned_abs()).ok()?)?, zeros >= 0);
    if times { digits.checked_mul(power) } else { (digits % power == 0).then(|| digits / power) }
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
        let unknown = self.object.len();
        for (index, field) in self.object.keys().take(MAX_UNKNOWN).enumerate() {
            let detail = match index {
                0 => format!("unknown field; known are: {known}"),
                _ => "unknown field".to_string(),
            };
            self.errors.push(FieldError { field: field.chars().take(MAX_FIELD_CHARS).collect(), detail });
        }
        if unknown > MAX_UNKNOWN {
            let detail = format!("{} more fields are unknown", unknown - MAX_UNKNOWN);
            self.errors.push(FieldError { field: String::new(), detail });
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
    fn a_whole_number_is_one_in_any_spelling() {
        for (text, number) in [
            ("5", 5),
            ("-5", -5),
            ("5.0", 5),
            ("5e0", 5),
            ("50.00E-1", 5),
            ("0.05e+2", 5),
            ("-0", 0),
            ("-0.0", 0),
            ("0e99", 0),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775807.0", i64::MAX),
        ] {
            assert_eq!(whole(&serde_json::from_str(text).unwrap()), Some(number), "{text}");
        }
        for text in ["5.5", "1e-1", "1e19", "9223372036854775808", "1e99999999999999999999", "\"5\"", "null", "true"] {
            assert_eq!(whole(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn unknown_fields_are_named_up_to_a_few() {
        let body: Value = (0..1_000).map(|index| (index.to_string(), Value::Null)).collect::<Map<_, _>>().into();
        let mut fields = Fields::new(body).unwrap();
        let _ = fields.optional("name", Ok);
        let errors = fields.finish().unwrap_err();
        assert_eq!(errors.len(), MAX_UNKNOWN + 1);
        assert_eq!(errors.iter().filter(|error| error.detail.contains("known are: name")).count(), 1);
        assert_eq!(errors[MAX_UNKNOWN].detail, "992 more fields are unknown");
    }

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
