//! The secrets of endpoints at rest: each under AES-256-GCM by a subkey of `KEYSTILE_SECRET`, with the endpoint's id as
//! associated data, so that no secret passes for another endpoint's.
//!
//! The sealed text is `{fingerprint}.{base64url}`: the fingerprint of the secret whose subkey seals, then the nonce of 12
//! bytes with the ciphertext and its tag of 16 bytes. Nonces are random. A deployment would have to seal 2^32 secrets
//! before one is likely to repeat.

use alloc::{string::String, vec::Vec};

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::{base::id::EndpointId, key::keyring::Keyring};

/// The number of random bytes that [`seal`] needs.
pub const NONCE_BYTES: usize = 12;

/// Seals the secret of an endpoint with the newest secret of the deployment. `nonce` is random, and used once.
#[must_use]
pub fn seal(keyring: &Keyring, endpoint: &EndpointId, secret: &str, nonce: [u8; NONCE_BYTES]) -> Option<String> {
    let (fingerprint, key) = keyring.newest_endpoint_secrets_key();
    let payload = Payload { msg: secret.as_bytes(), aad: endpoint.as_str().as_bytes() };
    let ciphertext = Aes256Gcm::new(key.into()).encrypt(&nonce.into(), payload).ok()?;
    let sealed: Vec<u8> = nonce.into_iter().chain(ciphertext).collect();
    Some([fingerprint, ".", &Base64UrlUnpadded::encode_string(&sealed)].concat())
}

/// The secret in a sealed text; `None` if it is of another endpoint, was altered, or was sealed with a secret that the
/// deployment no longer has.
#[must_use]
pub fn open(keyring: &Keyring, endpoint: &EndpointId, sealed: &str) -> Option<String> {
    let (fingerprint, sealed) = sealed.split_once('.')?;
    let key = keyring.endpoint_secrets_key(fingerprint)?;
    let sealed = Base64UrlUnpadded::decode_vec(sealed).ok()?;
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload { msg: ciphertext, aad: endpoint.as_str().as_bytes() };
    let secret = Aes256Gcm::new(key.into()).decrypt(&(*nonce).into(), payload).ok()?;
    String::from_utf8(secret).ok()
}

/// Whether a text is sealed with the deployment's newest secret. A text that isn't can be sealed anew, so that the older
/// secret may go.
#[must_use]
pub fn is_by_newest(keyring: &Keyring, sealed: &str) -> bool {
    let (newest, _) = keyring.newest_endpoint_secrets_key();
    sealed.split_once('.').is_some_and(|(fingerprint, _)| fingerprint == newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn keyring(secrets: &[u8]) -> Keyring {
        let secrets: Vec<String> = secrets.iter().map(|byte| STANDARD.encode([*byte; 32])).collect();
        Keyring::parse(&secrets.join(",")).unwrap()
    }

    fn endpoint(last: char) -> EndpointId {
        EndpointId::parse(&format!("ep_4bTzV9cXk07Hq2mN1pR{last}")).unwrap()
    }

    fn sealed() -> String {
        seal(&keyring(&[1]), &endpoint('s'), SECRET, [7; NONCE_BYTES]).unwrap()
    }

    /// Computed by the program in `docs/design/golden-vectors.md`.
    #[test]
    fn the_sealed_form_is_golden() {
        let golden =
            "ElcsK1OP.BwcHBwcHBwcHBwcH_4f1AMBVbqQ5a-LcmVHoar7T6u2Qmk4VYvGAaftpIf4eOIxum-0rLEwFOxvs6c_lKNcKj_6Z";
        assert_eq!(sealed(), golden);
        assert_eq!(open(&keyring(&[1]), &endpoint('s'), golden).as_deref(), Some(SECRET));
    }

    #[test]
    fn a_secret_opens_for_its_endpoint_alone() {
        assert_eq!(open(&keyring(&[1]), &endpoint('s'), &sealed()).as_deref(), Some(SECRET));
        assert_eq!(open(&keyring(&[1]), &endpoint('t'), &sealed()), None);
    }

    #[test]
    fn a_secret_opens_as_long_as_the_secret_that_sealed_it_is_there() {
        assert_eq!(open(&keyring(&[2, 1]), &endpoint('s'), &sealed()).as_deref(), Some(SECRET));
        assert_eq!(open(&keyring(&[2]), &endpoint('s'), &sealed()), None);
        assert!(is_by_newest(&keyring(&[1, 2]), &sealed()));
        assert!(!is_by_newest(&keyring(&[2, 1]), &sealed()));
    }

    #[test]
    fn what_was_altered_or_is_junk_opens_not() {
        let sealed = sealed();
        let (fingerprint, text) = sealed.split_once('.').unwrap();
        for at in 0..text.len() {
            let mut altered = String::from(text);
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            altered.replace_range(at..=at, other);
            assert_eq!(open(&keyring(&[1]), &endpoint('s'), &format!("{fingerprint}.{altered}")), None, "{at}");
        }
        for junk in ["", ".", fingerprint, &format!("{fingerprint}."), &format!("{fingerprint}.AAAA"), text] {
            assert_eq!(open(&keyring(&[1]), &endpoint('s'), junk), None, "{junk}");
        }
    }
}
