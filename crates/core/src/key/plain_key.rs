//! The key itself: its text, its parts, its digest.
//!
//! ```text
//! knq_live_7Hq2cXk0…             {prefix}_{environment}_{32 random base62}{6 base62 tag}
//! ksop_4bTzV9…                   ksop_{32 random base62}{6 base62 tag}       (operator keys)
//! ```
//!
//! A [`PlainKey`] is a secret: it redacts itself in `Debug`, has no `Display` and no `Serialize`, and only
//! [`PlainKey::reveal`] returns its text. Store, log and show its [`KeyDigest`] and its [`KeyDisplay`] instead. A
//! [`Keyring`](super::keyring::Keyring) mints and parses keys, since it holds the secret that the tag needs. A
//! `PlainKey` was either issued here and has a valid tag, or has the form of an [imported](super::imported) key and no
//! tag. [`PlainKey::kind`] says which.

use alloc::string::String;
use core::fmt;

use super::{
    digest::KeyDigest,
    display::KeyDisplay,
    environment::Environment,
    imported::check_form,
    shape::{IssuedKind, KeyKind, ParseKeyError, RANDOM_LEN, TAG_LEN},
};

/// The number of characters of the random part in the display form.
const DISPLAYED: usize = 4;

/// A whole key in the clear. Its tag was checked or just made; of an imported key only the form was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainKey {
    text: String,
    kind: KeyKind,
}

impl PlainKey {
    /// A key that was issued here. Only a keyring calls this, since only it knows that the tag is right.
    pub(crate) fn issued(text: String, kind: IssuedKind) -> Self {
        Self { text, kind: kind.into() }
    }

    /// Parses a text that begins like an imported key.
    pub(crate) fn parse_imported(text: &str) -> Result<Self, ParseKeyError> {
        check_form(text)?;
        Ok(Self { text: text.into(), kind: KeyKind::Imported })
    }

    /// The secret text, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The sort of key.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The environment that the text of a tenant's key states.
    #[must_use]
    pub fn environment(&self) -> Option<Environment> {
        match self.kind {
            KeyKind::Api(environment) => Some(environment),
            KeyKind::Operator | KeyKind::Imported => None,
        }
    }

    /// The SHA-256 of the text. Ledger, feed and caches know the key by it.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(&self.text)
    }

    /// The display form. The text of an imported key does not say where its secret part begins, so the display form
    /// shows little of it.
    #[must_use]
    pub fn display(&self) -> KeyDisplay {
        let secret = RANDOM_LEN + TAG_LEN - DISPLAYED;
        let shown = match self.kind {
            KeyKind::Imported => DISPLAYED,
            KeyKind::Api(_) | KeyKind::Operator => self.text.len().saturating_sub(secret),
        };
        KeyDisplay::of(self.text.get(..shown).unwrap_or_default())
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainKey({}…)", self.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const BODY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVabcdef";

    #[test]
    fn debug_and_display_hold_four_characters_of_the_secret() {
        let key = PlainKey::issued(format!("knq_live_{BODY}"), IssuedKind::Api(Environment::Live));
        assert_eq!(format!("{key:?}"), "PlainKey(knq_live_0123…)");
        assert_eq!(key.display().to_string(), "knq_live_0123");
        let imported = PlainKey::parse_imported(&"sk_live_0123456789".repeat(10)).unwrap();
        assert_eq!(format!("{imported:?}"), "PlainKey(sk_l…)");
    }
}
