//! The key itself: its text, its parts, its digest.
//!
//! ```text
//! knq_live_7Hq2cXk0…             {prefix}_{environment}_{32 random base62}{6 base62 tag}
//! ksop_4bTzV9…                   ksop_{32 random base62}{6 base62 tag}       (operator keys)
//! ```
//!
//! A [`PlainKey`] is a secret: it redacts itself in `Debug`, has no `Display`
//! and no `Serialize`, and leaves by [`PlainKey::reveal`] alone. What may be
//! stored, logged and shown is its [`KeyDigest`] and its [`KeyDisplay`].
//! Keys are minted and parsed by a [`Keyring`](crate::Keyring), which holds the
//! secret that the tag needs. A `PlainKey` that exists was issued here and has a
//! valid tag, or is of the form of [`imported`] keys, which have
//! no tag: [`PlainKey::kind`] says which.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    base62,
    imported::{self, ImportedPrefix, MAX_DISPLAYED},
};

/// Characters drawn at random: 32 of base62 are 190 bits.
pub const RANDOM_LEN: usize = 32;
/// Characters of the keyed tag.
pub const TAG_LEN: usize = 6;
/// Characters of the random part that the display form shows.
const DISPLAYED: usize = 4;
/// The prefix of operator keys. No configured prefix may begin with it.
pub const OPERATOR_PREFIX: &str = "ksop";
/// No key is longer: a longest prefix, an environment, two underscores, random and tag.
pub const MAX_KEY_LEN: usize = KeyPrefix::MAX_LEN + 6 + RANDOM_LEN + TAG_LEN;

/// Live keys reach live data, test keys test data; a route accepts one of them or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Environment {
    Live,
    Test,
}

impl Environment {
    /// As it stands in a key, in JSON and in headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    /// Reads [`as_str`](Self::as_str) back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "live" => Some(Self::Live),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

/// A deployment's own prefix: lower-case words joined by `_`, such as `knq` or `keloa_pk`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyPrefix(Box<str>);

impl KeyPrefix {
    /// Characters at most.
    pub const MAX_LEN: usize = 24;

    /// Parses a prefix.
    ///
    /// # Errors
    /// A sentence that says what a prefix looks like.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if text.len() > Self::MAX_LEN {
            return Err("a prefix has 24 characters at most");
        }
        if !text.split('_').all(word) {
            return Err("a prefix is lower-case words joined by `_`, such as \"knq\" or \"acme_sk\"");
        }
        if text.starts_with("ksop") || text.starts_with("ksroot") {
            return Err("prefixes that begin with `ksop` or `ksroot` belong to operator keys");
        }
        Ok(Self(text.into()))
    }

    /// The prefix as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What sort of key a text is: who issues it and where it is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A customer's key, for guarded routes.
    Api(Environment),
    /// An operator's key, for the management API and `verify`.
    Operator,
    /// A customer's key that another system issued, for guarded routes. Its
    /// environment is in its record alone.
    Imported,
}

/// What sort of key is issued here, with a tag.
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

/// A whole key in the clear: with a tag that was checked or just made, or
/// imported, and then only its form was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainKey {
    text: String,
    kind: KeyKind,
}

impl PlainKey {
    /// Only a keyring builds keys: it alone can say that the tag is right.
    pub(crate) fn issued(text: String, kind: IssuedKind) -> Self {
        Self { text, kind: kind.into() }
    }

    /// A text that begins as imported keys do.
    pub(crate) fn parse_imported(text: &str) -> Result<Self, ParseKeyError> {
        imported::check_form(text)?;
        Ok(Self { text: text.into(), kind: KeyKind::Imported })
    }

    /// The secret text, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What sort of key this is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The environment that the text of a customer's key says.
    #[must_use]
    pub fn environment(&self) -> Option<Environment> {
        match self.kind {
            KeyKind::Api(environment) => Some(environment),
            KeyKind::Operator | KeyKind::Imported => None,
        }
    }

    /// SHA-256 of the text: how ledger, feed and caches know the key.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(&self.text)
    }

    /// What may be shown ever after. Where the secret part of an imported key
    /// begins its text does not say, so little of that is.
    #[must_use]
    pub fn display(&self) -> KeyDisplay {
        let secret = RANDOM_LEN + TAG_LEN - DISPLAYED;
        let shown = match self.kind {
            KeyKind::Imported => DISPLAYED,
            KeyKind::Api(_) | KeyKind::Operator => self.text.len().saturating_sub(secret),
        };
        KeyDisplay(self.text.get(..shown).unwrap_or_default().into())
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainKey({}…)", self.display())
    }
}

/// The part of a key that may be shown, logged and stored: prefix and four
/// characters, `knq_live_7Hq2`. Of an imported key what its importer
/// [states](crate::imported::KeyForms::parse_display), `sk_live_...ab12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyDisplay(Box<str>);

impl KeyDisplay {
    /// Characters at most: of an imported key's, which are the longest.
    const MAX_LEN: usize = ImportedPrefix::MAX_LEN + MAX_DISPLAYED;

    /// Reads a stored one back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(imported::is_imported_character);
        (plain && text.len() <= Self::MAX_LEN).then(|| Self(text.into()))
    }
}

impl fmt::Display for KeyDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a key's text. A fast hash is right for 190 random bits: there is
/// nothing to guess.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Digests a text, whatever it is.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// A digest that was computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits, as ledger and feed store it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let nibble = |n: u8| char::from(HEX.get(usize::from(n)).copied().unwrap_or(b'0'));
        self.0.iter().flat_map(|&byte| [nibble(byte >> 4), nibble(byte & 15)]).collect()
    }

    /// Reads [`to_hex`](Self::to_hex) back, in either case.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let nibbles: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
        let bytes: Vec<u8> = nibbles
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [high, low] => Some(high << 4 | low),
                _ => None,
            })
            .collect();
        if nibbles.len() != 64 {
            return None;
        }
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyDigest({}…)", self.to_hex().get(..8).unwrap_or_default())
    }
}

impl Serialize for KeyDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for KeyDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("64 hexadecimal digits expected"))
    }
}

/// Why a text is not one of this deployment's keys. The messages never repeat
/// what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseKeyError {
    /// Nothing between the scheme and the end of the header.
    Empty,
    /// White space before, after or inside.
    Whitespace,
    /// Longer than any key.
    TooLong,
    /// Something that is no letter, digit or underscore; of an imported key,
    /// what is not printable or would break a header.
    InvalidCharacter,
    /// Not the prefix of this deployment, or no prefix at all.
    UnknownPrefix,
    /// Neither `live` nor `test` after the prefix.
    UnknownEnvironment,
    /// Too many or too few characters after the last underscore.
    WrongLength,
    /// The last six characters don't belong to the rest: mistyped, cut or forged.
    BadTag,
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
        }
    }
}

/// A key taken apart, with nothing known of its tag yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyShape<'a> {
    /// Everything that the tag covers.
    pub(crate) tagged: &'a str,
    pub(crate) tag: &'a str,
    pub(crate) kind: IssuedKind,
}

impl<'a> KeyShape<'a> {
    pub(crate) fn parse(text: &'a str, prefixes: &[KeyPrefix]) -> Result<Self, ParseKeyError> {
        let (head, body) = split_checked(text)?;
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
            return Err(ParseKeyError::UnknownPrefix);
        }
        Self::with_body(text, body, IssuedKind::Operator)
    }

    fn with_body(text: &'a str, body: &str, kind: IssuedKind) -> Result<Self, ParseKeyError> {
        if body.len() != RANDOM_LEN + TAG_LEN {
            return Err(ParseKeyError::WrongLength);
        }
        // All ASCII by now, so the split is at a character.
        let (tagged, tag) = text.split_at(text.len() - TAG_LEN);
        Ok(Self { tagged, tag, kind })
    }
}

/// Everything before the last underscore, and what follows it.
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
    text.rsplit_once('_').ok_or(ParseKeyError::UnknownPrefix)
}

/// What stands before the random part.
pub(crate) fn head(kind: IssuedKind, prefix: &KeyPrefix) -> String {
    match kind {
        IssuedKind::Api(environment) => format!("{}_{}_", prefix.as_str(), environment.as_str()),
        IssuedKind::Operator => format!("{OPERATOR_PREFIX}_"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::ToString, vec};
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

    #[test]
    fn prefixes_that_would_confuse_are_refused() {
        for bad in ["", "KNQ", "knq_", "_knq", "1knq", "kn-q", "ksop", "ksop_live", "ksroot", &"k".repeat(25)] {
            assert!(KeyPrefix::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_and_display_hold_four_characters_of_the_secret() {
        let key = PlainKey::issued(format!("knq_live_{BODY}"), IssuedKind::Api(Environment::Live));
        assert_eq!(format!("{key:?}"), "PlainKey(knq_live_0123…)");
        assert_eq!(key.display().to_string(), "knq_live_0123");
        let imported = PlainKey::parse_imported(&"sk_live_0123456789".repeat(10)).unwrap();
        assert_eq!(format!("{imported:?}"), "PlainKey(sk_l…)");
    }

    #[test]
    fn digests_read_back_from_hex() {
        let digest = KeyDigest::of("abc");
        assert_eq!(digest.to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(KeyDigest::from_hex(&digest.to_hex().to_uppercase()), Some(digest));
        assert_eq!(KeyDigest::from_hex("ba78"), None);
        assert_eq!(KeyDigest::from_hex(&"é".repeat(32)), None);
    }
}
