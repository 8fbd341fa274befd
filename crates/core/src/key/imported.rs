//! Imported keys: another system issued them, and its customers go on using them.
//!
//! Keystile knows such a key by its SHA-256 alone. Its text has no tag, so only its form can be checked before storage
//! is read. It begins with one of the texts in `allow_imported` of `keystile.toml`, or has one of the forms there, and
//! doesn't begin like a key that is issued here. Keys that are issued here are recognised first. They keep their tag, so
//! a forged one is refused without a read of storage.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::shape::ParseKeyError;

/// The minimum length of an imported key, characters: a shorter key could be guessed.
pub const MIN_IMPORTED_LEN: usize = 16;
/// The maximum length of an imported key, characters.
pub const MAX_IMPORTED_LEN: usize = 256;
/// The maximum number of characters that a display form shows after the beginning that all such keys have.
pub const MAX_DISPLAYED: usize = 8;

/// A beginning of imported keys, such as `sk_live_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportedPrefix(Box<str>);

impl ImportedPrefix {
    /// The maximum length, characters.
    pub const MAX_LEN: usize = 32;

    /// Parses a beginning of imported keys.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if !(2..=Self::MAX_LEN).contains(&text.len()) || !text.bytes().all(is_imported_character) {
            return Err("write 2 to 32 printable ASCII characters without space, quote, comma and backslash, \
                 such as \"sk_live_\"");
        }
        if OPERATORS.iter().any(|operators| text.starts_with(operators)) {
            return Err("what begins with `ksop` or `ksroot` belongs to operator keys");
        }
        Ok(Self(text.into()))
    }

    /// The beginning as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The form of imported keys: what they begin with, or what the whole of them looks like.
///
/// It is stored as one text. If it has no space, keys begin with it. Otherwise keys are as long as it, and a space stands
/// for any hexadecimal digit, in either case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportedForm(Box<str>);

impl ImportedForm {
    /// The form of keys that begin with this text.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn prefix(text: &str) -> Result<Self, &'static str> {
        ImportedPrefix::parse(text).map(|prefix| Self(prefix.0))
    }

    /// The form of whole keys that has this name.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn named(name: &str) -> Result<Self, &'static str> {
        let digits = |count: usize| " ".repeat(count);
        let template = match name {
            "uuid" => [8, 4, 4, 4, 12].map(digits).join("-"),
            "hex32" => digits(32),
            "hex40" => digits(40),
            "hex64" => digits(64),
            _ => return Err("write \"uuid\", \"hex32\", \"hex40\" or \"hex64\""),
        };
        Ok(Self(template.into()))
    }

    /// The text that such keys begin with, if they have one of their own.
    #[must_use]
    pub fn beginning(&self) -> Option<&str> {
        (!self.0.contains(' ')).then_some(&self.0)
    }

    /// The form as `allow_imported` states it.
    #[must_use]
    pub fn stated(&self) -> &str {
        let named = ["uuid", "hex32", "hex40", "hex64"];
        let same = |name: &&str| self.beginning().is_none() && Self::named(name).as_ref() == Ok(self);
        named.into_iter().find(same).unwrap_or(&self.0)
    }

    /// A pattern for ECMAScript that finds such keys, if they have no beginning of their own.
    pub(super) fn whole(&self) -> Option<String> {
        let digits = |part: &str| format!("[0-9a-f]{{{}}}", part.len());
        let parts = || self.0.split('-').map(digits).collect::<Vec<_>>();
        self.beginning().is_none().then(|| format!("\\b{}\\b", parts().join("-")))
    }

    /// Whether a text begins like such a key; if such keys have no beginning of their own, whether it has their form.
    pub(crate) fn covers(&self, text: &str) -> bool {
        let fits = |(of_form, byte): (u8, u8)| if of_form == b' ' { byte.is_ascii_hexdigit() } else { of_form == byte };
        match self.beginning() {
            Some(beginning) => text.starts_with(beginning),
            None => text.len() == self.0.len() && self.0.bytes().zip(text.bytes()).all(fits),
        }
    }
}

/// The beginnings of operators' keys and of the root key.
pub(super) const OPERATORS: [&str; 2] = ["ksop", "ksroot"];

/// Whether imported keys may have this character.
pub(crate) const fn is_imported_character(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b'\\')
}

/// Checks the form of a text that [begins](super::forms::KeyForms::begins_as_imported) like an imported key.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn check_form(text: &str) -> Result<(), ParseKeyError> {
    if text.chars().any(char::is_whitespace) {
        return Err(ParseKeyError::Whitespace);
    }
    if !text.bytes().all(is_imported_character) {
        return Err(ParseKeyError::InvalidCharacter);
    }
    match text.len() {
        0..MIN_IMPORTED_LEN => Err(ParseKeyError::WrongLength),
        MIN_IMPORTED_LEN..=MAX_IMPORTED_LEN => Ok(()),
        _ => Err(ParseKeyError::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_text_to_begin_with_is_short_and_printable_and_no_operators() {
        for good in ["sk", "sk_live_", "SG.", "xoxb-", "a:b/c=d+e~", &"x".repeat(32)] {
            assert!(ImportedPrefix::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "s", "sk live", "sk,", "sk\\", "sk\"", "sk\t", "ské", &"x".repeat(33)] {
            assert!(ImportedPrefix::parse(bad).unwrap_err().starts_with("write 2 to 32"), "{bad}");
        }
        for operators in ["ksop", "ksop_", "ksroot_x"] {
            assert!(ImportedPrefix::parse(operators).unwrap_err().contains("operator keys"), "{operators}");
        }
    }

    #[test]
    fn a_form_of_whole_keys_covers_nothing_else() {
        let uuid = "550e8400-e29b-41d4-A716-446655440000";
        let named = ["uuid", "hex32", "hex40", "hex64"].map(|name| ImportedForm::named(name).unwrap());
        let covering = |text: &str| named.iter().filter(|form| form.covers(text)).cloned().collect::<Vec<_>>();
        for (at, text) in [uuid, &"aF".repeat(16), &"09".repeat(20), &"0f".repeat(32)].into_iter().enumerate() {
            assert_eq!(covering(text), [named[at].clone()], "{text}");
            assert!(check_form(text).is_ok());
        }
        for other in ["", "-", "----", &uuid[1..], &uuid.replace('-', ""), &uuid.replace('5', "g"), &"a".repeat(33)] {
            // Without its hyphens a UUID is 32 digits.
            assert_eq!(covering(other).is_empty(), other.len() != 32, "{other}");
        }
        assert!(covering(&uuid.replace('-', "_")).is_empty());
        assert!(ImportedForm::named("UUID").is_err());
        assert_eq!(named.each_ref().map(ImportedForm::stated), ["uuid", "hex32", "hex40", "hex64"]);
        assert_eq!(ImportedForm::prefix("uuid").unwrap().stated(), "uuid");
    }

    #[test]
    fn each_mistake_of_form_has_its_own_cause() {
        assert_eq!(check_form(&"s".repeat(15)), Err(ParseKeyError::WrongLength));
        assert_eq!(check_form(&"s".repeat(16)), Ok(()));
        assert_eq!(check_form(&"s".repeat(256)), Ok(()));
        assert_eq!(check_form(&"s".repeat(257)), Err(ParseKeyError::TooLong));
        assert_eq!(check_form("sk_live_0123456 789"), Err(ParseKeyError::Whitespace));
        assert_eq!(check_form("sk_live_0123456é789"), Err(ParseKeyError::InvalidCharacter));
        assert_eq!(check_form("sk_live_0123456\\789"), Err(ParseKeyError::InvalidCharacter));
    }
}
