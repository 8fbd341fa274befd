//! Keys that another system issued, and that its customers go on using.
//!
//! Keystile knows such a key by its SHA-256 alone. Its text has no tag, so
//! nothing but its form can be checked before storage is read: it begins with
//! one of the texts that `allow_imported` in `keystile.toml` lists, and not as
//! the keys do that are issued here. Those are told first, and keep both their
//! tag and the refusal that costs no storage.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use crate::key::{KeyDisplay, KeyPrefix, ParseKeyError};

/// No imported key is shorter: less could be guessed.
pub const MIN_IMPORTED_LEN: usize = 16;
/// No imported key is longer.
pub const MAX_IMPORTED_LEN: usize = 256;
/// Characters of a display form behind the text that all such keys begin with.
pub const MAX_DISPLAYED: usize = 8;

/// A text that imported keys begin with, such as `sk_live_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportedPrefix(Box<str>);

impl ImportedPrefix {
    /// Characters at most.
    pub const MAX_LEN: usize = 32;

    /// Parses one.
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

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What operators' keys and the root key begin with.
const OPERATORS: [&str; 2] = ["ksop", "ksroot"];

/// Whether imported keys may have this character.
pub(crate) const fn is_imported_character(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b'\\')
}

/// Which texts are keys of a deployment, as far as their beginning says.
#[derive(Clone, Copy, Debug)]
pub struct KeyForms<'a> {
    /// The prefixes of keys that were issued here.
    pub prefixes: &'a [KeyPrefix],
    /// What keys begin with that were issued elsewhere. Empty: none are known.
    pub imported: &'a [ImportedPrefix],
}

impl<'a> KeyForms<'a> {
    /// Whether a text begins as imported keys do, and not as keys do that are
    /// issued here.
    #[must_use]
    pub fn begins_as_imported(&self, text: &str) -> bool {
        self.covering(text).next().is_some() && !self.begins_as_issued(text)
    }

    /// How long what such a text begins with is, by the longest that is listed.
    pub(crate) fn longest_covering(&self, text: &str) -> Option<usize> {
        self.covering(text).map(|prefix| prefix.as_str().len()).max()
    }

    fn covering(&self, text: &str) -> impl Iterator<Item = &'a ImportedPrefix> {
        self.imported.iter().filter(move |prefix| text.starts_with(prefix.as_str()))
    }

    /// Whether a text begins as keys do that are issued here.
    #[must_use]
    pub fn begins_as_issued(&self, text: &str) -> bool {
        let of = |prefix: &KeyPrefix| text.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('_'));
        self.prefixes.iter().any(of) || OPERATORS.iter().any(|operators| text.starts_with(operators))
    }

    /// The display form of an imported key, as whoever imports it states it.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse_display(&self, text: &str) -> Result<KeyDisplay, &'static str> {
        if self.begins_as_issued(text) {
            return Err("keys that are issued here begin so");
        }
        let covering = self
            .longest_covering(text)
            .ok_or("it begins with none of the texts that `allow_imported` in keystile.toml lists")?;
        if text.len() > covering + MAX_DISPLAYED {
            return Err("it shows too much of the key: 8 characters at most behind what all such keys begin with");
        }
        KeyDisplay::parse(text).ok_or("printable ASCII characters without space, quote, comma and backslash expected")
    }
}

/// Whether a text that [begins](KeyForms::begins_as_imported) so has the form of a key.
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
    use alloc::{format, string::String, vec, vec::Vec};
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Owns what [`KeyForms`] borrows.
    fn with_forms<T>(imported: &[&str], judge: impl FnOnce(KeyForms<'_>) -> T) -> T {
        let prefixes = vec![KeyPrefix::parse("knq").unwrap(), KeyPrefix::parse("old").unwrap()];
        let imported: Vec<_> = imported.iter().map(|text| ImportedPrefix::parse(text).unwrap()).collect();
        judge(KeyForms { prefixes: &prefixes, imported: &imported })
    }

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
    fn keys_that_are_issued_here_are_told_first() {
        with_forms(&["kn", "old", "ks", "sk_", "sk_live_"], |forms| {
            for issued in ["knq_live_x", "knq_", "old_test_x", "ksop_x", "ksroot_x"] {
                assert!(!forms.begins_as_imported(issued), "{issued}");
            }
            for imported in ["knqlive", "older", "sk_x", "sk_live_x"] {
                assert!(forms.begins_as_imported(imported), "{imported}");
            }
            assert!(!forms.begins_as_imported("SK_live_x"));
        });
        with_forms(&[], |forms| assert!(!forms.begins_as_imported("sk_live_x")));
    }

    #[test]
    fn a_display_form_begins_as_allowed_and_shows_little() {
        with_forms(&["sk_", "sk_live_"], |forms| {
            for good in ["sk_", "sk_live_ab12", "sk_live_...ab12", "sk_test_"] {
                assert_eq!(forms.parse_display(good).map(|display| format!("{display}")), Ok(String::from(good)));
            }
            for bad in ["", "pk_live_ab12", "knq_live_ab12", "sk_live_ab12ab12a", "sk_ab12ab12a", "sk_live_ab 12"] {
                assert!(forms.parse_display(bad).is_err(), "{bad}");
            }
        });
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

    proptest! {
        #[test]
        fn no_display_form_shows_more_than_eight_characters_of_a_key(text in "(sk_|sk_live_|pk_|knq_)[!-~]{0,20}") {
            with_forms(&["sk_live_", "sk_"], |forms| {
                if forms.parse_display(&text).is_ok() {
                    let begins = if text.starts_with("sk_live_") { 8 } else { 3 };
                    prop_assert!(text.len() <= begins + MAX_DISPLAYED);
                    prop_assert!(forms.begins_as_imported(&text));
                }
                Ok(())
            })?;
        }
    }
}
