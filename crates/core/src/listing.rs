//! Lists by page: what may be asked of `GET keys` and `GET audit`, and the
//! opaque cursors that lead from page to page.
//!
//! A cursor is the place of the last row that was shown, not a number of rows,
//! so pages neither skip nor repeat while rows are added, and each costs the
//! same. Newest rows come first.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{fields::FieldError, id::KeyId, lifecycle::KeyStatus, timestamp::Timestamp, usage::report::Period};

/// Rows of a page, if nobody says.
pub const DEFAULT_LIMIT: u32 = 50;
/// Rows of a page, at most.
pub const MAX_LIMIT: u32 = 200;
/// Characters of the text to look for, at most.
pub const MAX_TEXT_CHARS: usize = 100;

/// The query of `GET keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyQuery {
    /// Only keys of this status.
    pub status: Option<KeyStatus>,
    /// Only keys with this text, in lower case, in name or display form.
    pub text: Option<String>,
    /// Rows at most.
    pub limit: u32,
    /// Only keys after this one.
    pub after: Option<KeyPlace>,
    /// Whether sums of each key's uses come along.
    pub include_usage: bool,
}

/// A key's place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPlace {
    /// When it was created.
    pub created_at: Timestamp,
    /// Of keys that were created in one millisecond: which.
    pub id: KeyId,
}

impl KeyPlace {
    /// As a cursor.
    #[must_use]
    pub fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("k{}.{}", self.created_at.as_millis(), self.id))
    }

    fn parse(cursor: &str) -> Option<Self> {
        let text = decoded(cursor)?;
        let (millis, id) = text.strip_prefix('k')?.split_once('.')?;
        Some(Self { created_at: Timestamp::from_millis(millis.parse().ok()?), id: KeyId::parse(id)? })
    }
}

/// The query of `GET audit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Rows at most.
    pub limit: u32,
    /// Only entries before this one.
    pub before: Option<AuditPlace>,
}

/// An audit entry's place in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditPlace(pub u64);

impl AuditPlace {
    /// As a cursor.
    #[must_use]
    pub fn cursor(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("a{}", self.0))
    }

    fn parse(cursor: &str) -> Option<Self> {
        decoded(cursor)?.strip_prefix('a')?.parse().ok().map(Self)
    }
}

/// Reads the query of `GET keys`.
///
/// # Errors
/// All its mistakes.
pub fn parse_key_query(pairs: Vec<(String, String)>) -> Result<KeyQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["status", "q", "limit", "cursor", "include"]);
    let query = KeyQuery {
        status: parameters.take("status", |text| {
            KeyStatus::parse(text).ok_or_else(|| "allowed are: active, disabled, revoked, expired".into())
        }),
        text: parameters.take("q", searched).flatten(),
        limit: parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT),
        after: parameters.take("cursor", |text| KeyPlace::parse(text).ok_or_else(foreign_cursor)),
        include_usage: parameters.take("include", included).is_some(),
    };
    parameters.finish()?;
    Ok(query)
}

/// Reads the query of `GET keys/{id}`: whether sums of its uses come along.
///
/// # Errors
/// All its mistakes.
pub fn parse_include(pairs: Vec<(String, String)>) -> Result<bool, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["include"]);
    let include_usage = parameters.take("include", included).is_some();
    parameters.finish()?;
    Ok(include_usage)
}

/// Reads the query of `GET keys/{id}/usage`: what the series is of.
///
/// # Errors
/// All its mistakes.
pub fn parse_usage_query(pairs: Vec<(String, String)>) -> Result<Period, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["period"]);
    let period =
        parameters.take("period", |text| Period::parse(text).ok_or_else(|| "allowed are: 24h, 7d, 30d".into()));
    parameters.finish()?;
    Ok(period.unwrap_or_default())
}

/// Reads the query of `GET audit`.
///
/// # Errors
/// All its mistakes.
pub fn parse_audit_query(pairs: Vec<(String, String)>) -> Result<AuditQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["limit", "cursor"]);
    let query = AuditQuery {
        limit: parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT),
        before: parameters.take("cursor", |text| AuditPlace::parse(text).ok_or_else(foreign_cursor)),
    };
    parameters.finish()?;
    Ok(query)
}

/// Reads the query of what takes no parameters.
///
/// # Errors
/// The parameters it has.
pub fn parse_no_query(pairs: Vec<(String, String)>) -> Result<(), Vec<FieldError>> {
    Parameters::new(pairs, &[]).finish()
}

/// A text as it is looked for, and as rows keep theirs for that.
#[must_use]
pub fn searchable(text: &str) -> String {
    text.to_lowercase()
}

fn searched(text: &str) -> Result<Option<String>, String> {
    match text.trim() {
        text if text.chars().count() > MAX_TEXT_CHARS => Err(format!("{MAX_TEXT_CHARS} characters at most")),
        "" => Ok(None),
        text => Ok(Some(searchable(text))),
    }
}

fn included(text: &str) -> Result<(), String> {
    if text == "usage" { Ok(()) } else { Err("allowed is: usage".into()) }
}

fn limit(text: &str) -> Result<u32, String> {
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("a whole number from 1 to {MAX_LIMIT} expected"))
}

fn foreign_cursor() -> String {
    "this is no `next_cursor` of such a list".into()
}

fn decoded(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

/// The parameters of a query, taken one by one.
struct Parameters {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Parameters {
    fn new(pairs: Vec<(String, String)>, known: &[&str]) -> Self {
        let mut errors = Vec::new();
        for (index, (name, _)) in pairs.iter().enumerate() {
            let field = || name.chars().take(64).collect();
            if !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
                errors.push(FieldError { field: field(), detail: format!("unknown parameter; known are: {known}") });
            } else if pairs.iter().take(index).any(|(earlier, _)| earlier == name) {
                errors.push(FieldError { field: field(), detail: "given twice".into() });
            }
        }
        Self { pairs, errors }
    }

    fn take<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let (_, text) = self.pairs.iter().find(|(parameter, _)| parameter == name)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.errors.push(FieldError { field: name.into(), detail });
                None
            }
        }
    }

    fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    fn mistakes(query: &[(&str, &str)]) -> Vec<String> {
        let errors = parse_key_query(pairs(query)).unwrap_err();
        errors.into_iter().map(|error| format!("{}: {}", error.field, error.detail)).collect()
    }

    #[test]
    fn nothing_said_is_the_first_fifty_of_all() {
        let query = parse_key_query(Vec::new()).unwrap();
        assert_eq!(query, KeyQuery { status: None, text: None, limit: 50, after: None, include_usage: false });
        assert_eq!(parse_key_query(pairs(&[("q", " ")])).unwrap().text, None);
    }

    #[test]
    fn everything_said_is_taken() {
        let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let place = KeyPlace { created_at: Timestamp::from_millis(-5), id };
        let cursor = place.cursor();
        let query =
            [("status", "expired"), ("q", "ZÄHLER"), ("limit", "200"), ("cursor", &cursor), ("include", "usage")];
        let expected = KeyQuery {
            status: Some(KeyStatus::Expired),
            text: Some("zähler".into()),
            limit: 200,
            after: Some(place),
            include_usage: true,
        };
        assert_eq!(parse_key_query(pairs(&query)), Ok(expected));
        let audit = parse_audit_query(pairs(&[("cursor", &AuditPlace(7).cursor())])).unwrap();
        assert_eq!(audit, AuditQuery { limit: 50, before: Some(AuditPlace(7)) });
    }

    #[test]
    fn one_key_and_its_usage_have_parameters_of_their_own() {
        assert_eq!(parse_include(pairs(&[])), Ok(false));
        assert_eq!(parse_include(pairs(&[("include", "usage")])), Ok(true));
        assert_eq!(parse_include(pairs(&[("include", "all")])).unwrap_err()[0].detail, "allowed is: usage");
        assert_eq!(parse_usage_query(pairs(&[])), Ok(Period::Day));
        assert_eq!(parse_usage_query(pairs(&[("period", "30d")])), Ok(Period::Month));
        assert_eq!(parse_usage_query(pairs(&[("period", "1y")])).unwrap_err()[0].detail, "allowed are: 24h, 7d, 30d");
    }

    #[test]
    fn each_mistake_names_its_parameter() {
        assert_eq!(mistakes(&[("limit", "0"), ("status", "on"), ("page", "2")]).len(), 3);
        for limit in ["0", "201", "-1", "1.5", "", "99999999999"] {
            assert_eq!(mistakes(&[("limit", limit)]), ["limit: a whole number from 1 to 200 expected"]);
        }
        assert_eq!(
            mistakes(&[("page", "2")]),
            ["page: unknown parameter; known are: status, q, limit, cursor, include"]
        );
        assert_eq!(mistakes(&[("limit", "1"), ("limit", "2")]), ["limit: given twice"]);
        for cursor in ["", "x", "é", AuditPlace(7).cursor().as_str()] {
            assert_eq!(mistakes(&[("cursor", cursor)]), vec![format!("cursor: {}", foreign_cursor())]);
        }
    }
}
