//! The part of a key that may be shown.

use alloc::boxed::Box;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::imported::{ImportedPrefix, MAX_DISPLAYED, is_imported_character};

/// The part of a key that may be shown, logged and stored: prefix and four
/// characters, `knq_live_7Hq2`. Of an imported key what its importer
/// [states](super::forms::KeyForms::parse_display), `sk_live_...ab12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyDisplay(Box<str>);

impl KeyDisplay {
    /// Characters at most: of an imported key's, which are the longest.
    const MAX_LEN: usize = ImportedPrefix::MAX_LEN + MAX_DISPLAYED;

    /// A part of a key's text.
    pub(super) fn of(shown: &str) -> Self {
        Self(shown.into())
    }

    /// Reads a stored one back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(is_imported_character);
        (plain && text.len() <= Self::MAX_LEN).then(|| Self(text.into()))
    }
}

impl fmt::Display for KeyDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
