//! The prefix of a deployment's keys.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

/// A deployment's own prefix: lower-case words joined by `_`, such as `knq` or `keloa_pk`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyPrefix(Box<str>);

impl KeyPrefix {
    /// The maximum length, characters.
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

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn prefixes_that_would_confuse_are_refused() {
        for bad in ["", "KNQ", "knq_", "_knq", "1knq", "kn-q", "ksop", "ksop_live", "ksroot", &"k".repeat(25)] {
            assert!(KeyPrefix::parse(bad).is_err(), "{bad}");
        }
    }
}
