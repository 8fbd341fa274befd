//! The shape of a key that is issued here, and the reasons why a text does not have it.

use alloc::{format, string::String};
use core::{error::Error, fmt};

use super::{environment::Environment, prefix::KeyPrefix};
use crate::base::base62;

/// The number of random characters: 32 of base62 are 190 bits.
pub const RANDOM_LEN: usize = 32;
/// The number of characters of the tag.
pub const TAG_LEN: usize = 6;
/// The prefix of operator keys. No configured prefix may begin with it.
pub const OPERATOR_PREFIX: &str = "ksop";
/// The maximum length of a key, characters: the longest prefix, an environment, two underscores, random part and tag.
pub const MAX_KEY_LEN: usize = KeyPrefix::MAX_LEN + 6 + RANDOM_LEN + TAG_LEN;

/// The sort of a key: its issuer and the place that accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A tenant's key for guarded routes, in this environment.
    Api(Environment),
    /// An operator's key, for the management API and `verify`.
    Operator,
    /// A tenant's key for guarded routes that another system issued. Its environment is in its record alone.
    Imported,
}

/// The sort of a key that is issued here and has a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IssuedKind {
    Api(Environment),
    Operator,
}

impl From<IssuedKind> for KeyKind {
    fn from(kind: IssuedKind) -> Self {
        match kind {
            IssuedKind::Api(environment) => Self::Api(environment),
            IssuedKind::Operator => Self::Operator,
        }
    }
}

/// The reason why a text is not one of this deployment's keys. The messages never repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseKeyError {
    /// There is nothing between the scheme and the end of the header.
    Empty,
    /// White space before, after or inside the key.
    Whitespace,
    /// The text is longer than any key.
    TooLong,
    /// A character that is not a letter, digit or underscore; in an imported key, one that is not printable or would
    /// break a header.
    InvalidCharacter,
    /// Another prefix than this deployment's, or none.
    UnknownPrefix,
    /// Neither `live` nor `test` after the prefix.
    UnknownEnvironment,
    /// Too many or too few characters after the last underscore.
    WrongLength,
    /// The last six characters do not fit the rest: the key was mistyped, cut or forged.
    BadTag,
    /// An operator's key or a root key, where an API key is needed.
    NotForOperators,
    /// An API key, where an operator's key is needed.
    NeedsOperator,
    /// Neither an operator's key nor a root key, where one of them is needed.
    NoOperator,
}

impl ParseKeyError {
    /// A sentence for the person who sent the key.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Empty => "The key is empty.",
            Self::Whitespace => "The key has white space before, after or inside it; send it without.",
            Self::TooLong => "The key is longer than any key can be.",
            Self::InvalidCharacter => "The key has a character that no key here has.",
            Self::UnknownPrefix => "The key does not begin with a prefix that is issued here.",
            Self::UnknownEnvironment => "The key says neither `live` nor `test` after its prefix.",
            Self::WrongLength => "The key is too short or too long; perhaps it was cut when it was copied.",
            Self::BadTag => "The key's checksum is wrong: a character was mistyped or changed.",
            Self::NotForOperators => "This is an operator key or the root key; an API key is needed here.",
            Self::NeedsOperator => "This is an API key; an operator key is needed here, which begins with `ksop_`.",
            Self::NoOperator => "This is neither an operator key, which begins with `ksop_`, nor the root key.",
        }
    }
}

impl fmt::Display for ParseKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail())
    }
}

impl Error for ParseKeyError {}

/// The parts of a key whose tag is not checked yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyShape<'a> {
    /// The text that the tag covers.
    pub(crate) tagged: &'a str,
    pub(crate) tag: &'a str,
    pub(crate) kind: IssuedKind,
}

impl<'a> KeyShape<'a> {
    pub(crate) fn parse(text: &'a str, prefixes: &[KeyPrefix]) -> Result<Self, ParseKeyError> {
        let (head, body) = split_checked(text)?;
        if head == OPERATOR_PREFIX {
            return Err(ParseKeyError::NotForOperators);
        }
        let (prefix, environment) = head.rsplit_once('_').unwrap_or((head, ""));
        let known = |prefix: &str| prefixes.iter().any(|known| known.as_str() == prefix);
        let kind = match Environment::parse(environment) {
            Some(environment) if known(prefix) => IssuedKind::Api(environment),
            Some(_) => return Err(ParseKeyError::UnknownPrefix),
            None if known(prefix) || known(head) => return Err(ParseKeyError::UnknownEnvironment),
            None => return Err(ParseKeyError::UnknownPrefix),
        };
        Self::with_body(text, body, kind)
    }

    pub(crate) fn parse_operator(text: &'a str) -> Result<Self, ParseKeyError> {
        let (head, body) = split_checked(text)?;
        if head != OPERATOR_PREFIX {
            return Err(ParseKeyError::NoOperator);
        }
        Self::with_body(text, body, IssuedKind::Operator)
    }

    fn with_body(text: &'a str, body: &str, kind: IssuedKind) -> Result<Self, ParseKeyError> {
        if body.len() != RANDOM_LEN + TAG_LEN {
            return Err(ParseKeyError::WrongLength);
        }
        let (tagged, tag) = text.split_at_checked(text.len() - TAG_LEN).ok_or(ParseKeyError::InvalidCharacter)?;
        Ok(Self { tagged, tag, kind })
    }
}

/// Splits the text at its last underscore.
fn split_checked(text: &str) -> Result<(&str, &str), ParseKeyError> {
    if text.is_empty() {
        return Err(ParseKeyError::Empty);
    }
    if text.chars().any(char::is_whitespace) {
        return Err(ParseKeyError::Whitespace);
    }
    if !text.bytes().all(|byte| base62::is_base62(byte) || byte == b'_') {
        return Err(ParseKeyError::InvalidCharacter);
    }
    if text.len() > MAX_KEY_LEN {
        return Err(ParseKeyError::TooLong);
    }
    Ok(text.rsplit_once('_').unwrap_or(("", text)))
}

/// The part of a key before its random part.
pub(crate) fn head(kind: IssuedKind, prefix: &KeyPrefix) -> String {
    match kind {
        IssuedKind::Api(environment) => format!("{}_{}_", prefix.as_str(), environment.as_str()),
        IssuedKind::Operator => format!("{OPERATOR_PREFIX}_"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn shape(text: &str) -> Result<IssuedKind, ParseKeyError> {
        let prefixes = vec![KeyPrefix::parse("knq").unwrap(), KeyPrefix::parse("keloa_pk").unwrap()];
        KeyShape::parse(text, &prefixes).map(|shape| shape.kind)
    }

    const BODY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVabcdef";

    #[test]
    fn each_mistake_has_its_own_cause() {
        assert_eq!(shape(""), Err(ParseKeyError::Empty));
        assert_eq!(shape(&format!("knq_live_{BODY} ")), Err(ParseKeyError::Whitespace));
        assert_eq!(shape(&format!("knq_live_{BODY}\u{a0}")), Err(ParseKeyError::Whitespace));
        assert_eq!(shape(&"k".repeat(10_000)), Err(ParseKeyError::TooLong));
        assert_eq!(shape(&format!("knq_live_{BODY}é")), Err(ParseKeyError::InvalidCharacter));
        assert_eq!(shape("token"), Err(ParseKeyError::UnknownPrefix));
        assert_eq!(shape(&format!("other_live_{BODY}")), Err(ParseKeyError::UnknownPrefix));
        assert_eq!(shape(&format!("_{BODY}")), Err(ParseKeyError::UnknownPrefix));
        assert_eq!(shape(&format!("ksop_{BODY}")), Err(ParseKeyError::NotForOperators));
        assert_eq!(shape(&format!("knq_prod_{BODY}")), Err(ParseKeyError::UnknownEnvironment));
        assert_eq!(shape(&format!("knq_{BODY}")), Err(ParseKeyError::UnknownEnvironment));
        assert_eq!(shape("knq_live_short"), Err(ParseKeyError::WrongLength));
        assert_eq!(shape(&format!("knq_live_{BODY}0")), Err(ParseKeyError::WrongLength));
    }

    #[test]
    fn prefixes_may_have_several_words() {
        assert_eq!(shape(&format!("keloa_pk_test_{BODY}")), Ok(IssuedKind::Api(Environment::Test)));
        assert_eq!(shape(&format!("knq_live_{BODY}")), Ok(IssuedKind::Api(Environment::Live)));
    }
}
