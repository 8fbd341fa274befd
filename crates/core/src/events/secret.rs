//! The secrets of endpoints: what signs their events, and what their receivers verify with.
//!
//! Their text is that of Standard Webhooks: `whsec_` and a shared secret of 32 bytes, or `whsk_` and an Ed25519 key pair,
//! seed before public key, of which receivers get `whpk_` and the public key. All are in base64.

use alloc::{format, string::String};

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::SigningKey;

use super::terms::SignatureKind;

/// The number of random bytes that [`NewSecret::from_random`] needs.
pub const SECRET_RANDOM_BYTES: usize = 32;

/// A secret that was just drawn.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// The text that signs.
    pub text: String,
    /// The public key; `None` if the secret is shared.
    pub public_key: Option<String>,
}

impl NewSecret {
    /// A secret for signatures of this kind.
    #[must_use]
    pub fn from_random(kind: SignatureKind, random: &[u8; SECRET_RANDOM_BYTES]) -> Self {
        match kind {
            SignatureKind::V1 => Self { text: format!("whsec_{}", Base64::encode_string(random)), public_key: None },
            SignatureKind::V1a => {
                let pair = SigningKey::from_bytes(random);
                let public = pair.verifying_key();
                Self {
                    text: format!("whsk_{}", Base64::encode_string(&pair.to_keypair_bytes())),
                    public_key: Some(format!("whpk_{}", Base64::encode_string(public.as_bytes()))),
                }
            }
        }
    }

    /// The text that receivers need and that is shown once; `None` if a public key is enough for them.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.public_key.is_none().then_some(self.text.as_str())
    }
}

impl core::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NewSecret").field("public_key", &self.public_key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_shared_secret_is_shown_and_a_private_key_never() {
        let shared = NewSecret::from_random(SignatureKind::V1, &[7; 32]);
        assert_eq!(shared.text, "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        assert_eq!((shared.shown(), &shared.public_key), (Some(shared.text.as_str()), &None));
        let pair = NewSecret::from_random(SignatureKind::V1a, &[7; 32]);
        assert_eq!(pair.shown(), None);
        assert!(!format!("{pair:?}{shared:?}").contains("BwcH"));
    }

    /// The first vector of RFC 8032, 7.1.
    #[test]
    fn a_key_pair_is_that_of_its_seed() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let seed: [u8; 32] = base16ct::lower::decode_vec(seed).unwrap().try_into().unwrap();
        let public = base16ct::lower::decode_vec(public).unwrap();
        let pair = NewSecret::from_random(SignatureKind::V1a, &seed);
        assert_eq!(pair.text, format!("whsk_{}", Base64::encode_string(&[seed.as_slice(), &public].concat())));
        assert_eq!(pair.public_key, Some(format!("whpk_{}", Base64::encode_string(&public))));
    }
}
