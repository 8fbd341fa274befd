//! Imported keys: another system issued them, and its customers go on using them.
//!
//! Keystile knows such a key by its SHA-256 alone. Its text has no tag, so only its form can be checked before storage
//! is read. It begins with one of the texts in `allow_imported` of `keystile.toml`, and not like a key that is issued
//! here. Keys that are issued here are recognised first. They keep their tag, so a forged one is refused without a read
//! of storage.

use alloc::boxed::Box;

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
