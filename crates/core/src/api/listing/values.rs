//! The values of a query's parameters, each with the sentence that says what is expected instead.

use alloc::{
    format,
    string::{String, ToString},
};

use crate::{
    base::{id::KeyId, timestamp::Timestamp},
    ledger::{plan::MAX_DAYS, query::searchable},
    receiver::delivery::Outcome,
};

/// The default number of rows in a page.
pub const DEFAULT_LIMIT: u32 = 50;
/// The maximum number of rows in a page.
pub const MAX_LIMIT: u32 = 200;
/// The maximum length of the text to search for, characters.
pub const MAX_TEXT_CHARS: usize = 100;

/// The maximum length of an id or a type to look for, characters.
const MAX_EXACT_CHARS: usize = 512;

pub(super) fn searched(text: &str) -> Result<Option<String>, String> {
    match text.trim() {
        text if text.chars().count() > MAX_TEXT_CHARS => Err(format!("{MAX_TEXT_CHARS} characters at most")),
        "" => Ok(None),
        text => Ok(Some(searchable(text))),
    }
}

pub(super) fn exact(text: &str) -> Result<String, String> {
    let fits = (1..=MAX_EXACT_CHARS).contains(&text.chars().count());
    fits.then(|| text.to_string()).ok_or_else(|| format!("1 to {MAX_EXACT_CHARS} characters expected"))
}

pub(super) fn outcome(text: &str) -> Result<Outcome, String> {
    let found = Outcome::ALL.iter().find(|outcome| outcome.as_str() == text);
    found.copied().ok_or_else(|| "allowed are: delivered, queued, failed, dead".into())
}

pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| "a time expected, such as 2026-11-26T18:00:00Z".into())
}

/// Six bytes in base64url, as [`Keyring`](crate::Keyring) names its secrets.
pub(super) fn fingerprint(text: &str) -> Result<String, String> {
    let fits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    fits.then(|| text.to_string()).ok_or_else(|| "the `fingerprint` of a secret expected, 8 characters".into())
}

pub(super) fn key_id(text: &str) -> Result<KeyId, String> {
    KeyId::parse(text).ok_or_else(|| "a key's id expected, such as key_4bTzV9cXk07Hq2mN1pRs".into())
}

pub(super) fn included(text: &str) -> Result<(), String> {
    if text == "usage" { Ok(()) } else { Err("allowed is: usage".into()) }
}

pub(super) fn limit(text: &str) -> Result<u32, String> {
    whole(text, MAX_LIMIT)
}

pub(super) fn days(text: &str) -> Result<u32, String> {
    whole(text, MAX_DAYS)
}

pub(super) fn whole(text: &str, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("a whole number from 1 to {most} expected"))
}

pub(super) fn foreign_cursor() -> String {
    "this is no `next_cursor` of such a list".into()
}
