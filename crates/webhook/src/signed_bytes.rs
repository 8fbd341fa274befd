//! Signatures over bytes that need no scheme: one public key, one signature, and the signed bytes.

use alloc::borrow::Cow;

use crate::{
    algorithm::{Algorithm, KeyForm},
    public_key::PublicKey,
};

/// Whether a text is a public key of this form for this algorithm.
#[must_use]
pub fn is_key(algorithm: Algorithm, form: KeyForm, key: &str) -> bool {
    PublicKey::parse(form, algorithm, key).is_some()
}

/// Whether this key made the signature over exactly these bytes. The signature is as the algorithm has it, so DER for
/// [`Algorithm::EcdsaP256`]. `None` if the key can't be read, or if the feature with the arithmetic is off.
#[must_use]
pub fn is_signed(algorithm: Algorithm, form: KeyForm, key: &str, signature: &[u8], bytes: &[u8]) -> Option<bool> {
    PublicKey::parse(form, algorithm, key)?.judge(algorithm, signature, &[Cow::Borrowed(bytes)])
}

#[cfg(all(test, feature = "p256"))]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\n\
                       AjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n";
    const SIGNATURE: &str =
        "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==";
    const BODY: &str =
        r#"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#;

    #[test]
    fn a_signature_is_good_for_its_bytes_alone() {
        let signature = STANDARD.decode(SIGNATURE).unwrap();
        let judge = |signature: &[u8], body: &str| {
            is_signed(Algorithm::EcdsaP256, KeyForm::Pem, KEY, signature, body.as_bytes())
        };
        assert_eq!(judge(&signature, BODY), Some(true));
        assert_eq!(judge(&signature, &alloc::format!("{BODY}\n")), Some(false));
        assert_eq!(judge(&signature[1..], BODY), Some(false));
        assert_eq!(is_signed(Algorithm::EcdsaP256, KeyForm::Pem, "no key", &signature, BODY.as_bytes()), None);
        assert!(is_key(Algorithm::EcdsaP256, KeyForm::Pem, KEY) && !is_key(Algorithm::Ed25519, KeyForm::Pem, KEY));
    }
}
