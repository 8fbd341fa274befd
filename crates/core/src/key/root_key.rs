//! The root key: the key of the first operator. It is a secret of the deployment and has no record.
//!
//! `KEYSTILE_ROOT_KEY` holds one key, or several separated by commas during a replacement: deploy with both, move all
//! users to the new one, deploy with the new one alone.

use alloc::{string::String, vec::Vec};

use subtle::ConstantTimeEq as _;

use super::{digest::KeyDigest, keyring::Keyring};

/// The minimum length of a root key, characters.
pub const MIN_ROOT_KEY_LEN: usize = 32;

/// The root keys of a deployment, as digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootKeys(Vec<KeyDigest>);

impl RootKeys {
    /// Parses `KEYSTILE_ROOT_KEY`. A key that is too short is ignored.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        let keys = value.split(',').map(str::trim);
        Self(keys.filter(|key| key.len() >= MIN_ROOT_KEY_LEN).map(KeyDigest::of).collect())
    }

    /// Whether `text` is one of the root keys. The comparison takes constant time.
    #[must_use]
    pub fn include(&self, text: &str) -> bool {
        let given = KeyDigest::of(text);
        self.0.iter().any(|key| bool::from(key.as_bytes().ct_eq(given.as_bytes())))
    }

    /// Whether this is the digest of one of the root keys.
    #[must_use]
    pub fn include_digest(&self, digest: &KeyDigest) -> bool {
        self.0.contains(digest)
    }

    /// The mark of a root key under the newest secret. A session keeps the mark, and so ends with the root key that began
    /// it. Who reads the mark learns nothing about the key.
    #[must_use]
    pub fn mark(key: &KeyDigest, keyring: &Keyring) -> Option<String> {
        keyring.slots(key).next().map(|slot| slot.address)
    }

    /// Whether the mark is that of a present root key under any of the secrets.
    #[must_use]
    pub fn bear(&self, mark: &str, keyring: &Keyring) -> bool {
        self.0.iter().any(|key| keyring.slots(key).any(|slot| slot.address == mark))
    }

    /// Whether there is no root key, so that only operators' keys are accepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn while_one_takes_anothers_place_both_are_root_keys() {
        let (old, new) = ("o".repeat(32), "n".repeat(32));
        let both = RootKeys::parse(&format!("{new}, {old}"));
        assert!(both.include(&old) && both.include(&new));
        assert!(!both.include(&format!("{new}, {old}")));
        assert!(!RootKeys::parse(&new).include(&old));
    }

    #[test]
    fn a_short_one_is_none() {
        for value in ["", ",", &"x".repeat(31)] {
            let keys = RootKeys::parse(value);
            assert!(keys.is_empty() && !keys.include(value), "{value}");
        }
    }

    #[test]
    fn a_mark_ends_with_its_root_key_and_outlives_a_rotation_of_the_secret() {
        let secrets = [1, 2].map(|byte| STANDARD.encode([byte; 32]));
        let keyring = |value: &str| Keyring::parse(value).unwrap();
        let (one, other) = ("o".repeat(32), "n".repeat(32));
        let root = RootKeys::parse(&one);
        let mark = RootKeys::mark(&KeyDigest::of(&one), &keyring(&secrets[0])).unwrap();
        assert!(root.bear(&mark, &keyring(&secrets[0])));
        assert!(root.bear(&mark, &keyring(&format!("{},{}", secrets[1], secrets[0]))));
        assert!(!root.bear(&mark, &keyring(&secrets[1])));
        assert!(!RootKeys::parse(&other).bear(&mark, &keyring(&secrets[0])));
    }
}
