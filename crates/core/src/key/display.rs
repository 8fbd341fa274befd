//! The display form of a key.

use alloc::boxed::Box;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::imported::{ImportedPrefix, MAX_DISPLAYED, is_imported_character};

/// The display form: the part of a key that may be shown, logged and stored. It is the prefix, the environment and four
/// characters, `knq_live_7Hq2`. That of an imported key is stated by its
/// [importer](super::forms::KeyForms::parse_display), `sk_live_...ab12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyDisplay(Box<str>);

impl KeyDisplay {
    /// The maximum length, characters. Display forms of imported keys are the longest.
    const MAX_LEN: usize = ImportedPrefix::MAX_LEN + MAX_DISPLAYED;

    /// The display form that is this part of a key's text.
    pub(super) fn of(shown: &str) -> Self {
        Self(shown.into())
    }

    /// The display form of a key whose tenant was erased: it says nothing of the key's text.
    #[must_use]
    pub fn erased() -> Self {
        Self("erased".into())
    }

    /// Parses a stored display form.
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
