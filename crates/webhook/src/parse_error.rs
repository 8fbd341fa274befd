//! The error of a text that isn't a place, path or template.

use alloc::{format, string::String};
use core::fmt;

/// An error: a place, path or template can't be read. The sentence says what is wrong and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(String);

impl ParseError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for ParseError {}

impl From<ParseError> for String {
    fn from(error: ParseError) -> Self {
        error.0
    }
}

/// A text that somebody wrote, shortened and without control characters, for an error message.
pub(crate) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let cut = if text.chars().nth(64).is_some() { "…" } else { "" };
    format!("\"{short}{cut}\"")
}
