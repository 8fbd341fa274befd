//! The keys with which GitHub signs the reports of its secret scanning, and the check of such a signature: ECDSA on P-256
//! over the SHA-256 of the body as it was sent, in DER and base64.
//!
//! GitHub publishes the keys as `{"public_keys": [{"key_identifier", "key", "is_current"}]}`, each in PEM. Any key that
//! is listed counts, whether or not it is current: a report that waited may be signed with the one before.

use alloc::{string::String, vec::Vec};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keystile_webhook::{
    MAX_KEY_SET_BYTES, MAX_KEYS,
    algorithm::{Algorithm, KeyForm},
    signed_bytes::{is_key, is_signed},
};
use serde::Deserialize;

/// The address at which GitHub publishes the keys.
pub const KEYS_URL: &str = "https://api.github.com/meta/public_keys/secret_scanning";
/// The header with the identifier of the key.
pub const IDENTIFIER_HEADER: &str = "Github-Public-Key-Identifier";
/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "Github-Public-Key-Signature";
/// The maximum length of an identifier, characters. GitHub's are SHA-256 in hexadecimal.
const MAX_IDENTIFIER: usize = 128;
/// The maximum length of a signature, characters. One of P-256 has 96 at most.
const MAX_SIGNATURE: usize = 128;

const ALGORITHM: Algorithm = Algorithm::EcdsaP256;

/// The keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubKeys(Vec<ListedKey>);

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct ListedKey {
    key_identifier: String,
    key: String,
}

impl GithubKeys {
    /// Reads the document. Keys of another kind are left out.
    ///
    /// # Errors
    /// The reason, to be put after "what it answered".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Document {
            public_keys: Vec<ListedKey>,
        }
        if text.len() > MAX_KEY_SET_BYTES {
            return Err("is longer than 64 KiB");
        }
        let document: Document = serde_json::from_str(text).map_err(|_| "is not JSON with a list `public_keys`")?;
        if document.public_keys.len() > MAX_KEYS {
            return Err("has more than 50 keys");
        }
        let usable = |key: &ListedKey| is_key(ALGORITHM, KeyForm::Pem, &key.key);
        let keys: Vec<_> = document.public_keys.into_iter().filter(usable).collect();
        if keys.is_empty() { Err("has no key that can be used here") } else { Ok(Self(keys)) }
    }

    /// The key with this identifier, in PEM.
    #[must_use]
    pub fn find(&self, identifier: &str) -> Option<&str> {
        self.0.iter().find(|key| key.key_identifier == identifier).map(|key| key.key.as_str())
    }
}

/// The signature that a request states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedSignature {
    /// The identifier of the key.
    pub identifier: String,
    signature: Vec<u8>,
}

impl StatedSignature {
    /// Reads the two headers; `None` if one of them is missing or can't be right. Then no key need be fetched.
    #[must_use]
    pub fn parse(identifier: Option<&str>, signature: Option<&str>) -> Option<Self> {
        let (identifier, signature) = (identifier?.trim(), signature?.trim());
        let is_name = (1..=MAX_IDENTIFIER).contains(&identifier.len())
            && identifier.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let signature = Some(signature).filter(|text| is_name && text.len() <= MAX_SIGNATURE)?;
        Some(Self { identifier: identifier.into(), signature: STANDARD.decode(signature).ok()? })
    }

    /// Whether this key made the signature over exactly this body.
    #[must_use]
    pub fn is_of(&self, key: &str, body: &[u8]) -> bool {
        is_signed(ALGORITHM, KeyForm::Pem, key, &self.signature, body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString as _};
    use serde_json::{Value, json};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn published() -> Value {
        serde_json::from_str(include_str!("../../../../tests/fixtures/github-scanning-vectors.json")).unwrap()
    }

    fn keys() -> GithubKeys {
        GithubKeys::parse(&json!({ "public_keys": published()["keys"] }).to_string()).unwrap()
    }

    #[test]
    fn the_published_vectors_pass() {
        let (published, keys) = (published(), keys());
        let vectors = published["vectors"].as_array().unwrap();
        assert!(vectors.len() >= 9);
        for vector in vectors {
            let text = |member: &str| vector[member].as_str().unwrap();
            let stated = StatedSignature::parse(Some(text("key_identifier")), Some(text("signature_der_base64")));
            let key = keys.find(text("key_identifier")).unwrap();
            assert_eq!(json!(stated.unwrap().is_of(key, text("body").as_bytes())), vector["valid"], "{}", text("name"));
        }
    }

    #[test]
    fn headers_that_can_t_be_right_are_none() {
        let good = "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==";
        assert!(StatedSignature::parse(Some("bcb5"), Some(good)).is_some());
        let long = "a".repeat(129);
        for (identifier, signature) in [
            (None, Some(good)),
            (Some("bcb5"), None),
            (Some(""), Some(good)),
            (Some("a b"), Some(good)),
            (Some(long.as_str()), Some(good)),
            (Some("bcb5"), Some("no base64!")),
            (Some("bcb5"), Some(long.as_str())),
        ] {
            assert_eq!(StatedSignature::parse(identifier, signature), None, "{identifier:?} {signature:?}");
        }
    }

    #[test]
    fn a_document_without_a_key_of_use_is_refused() {
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----";
        let many = json!({ "public_keys": alloc::vec![published()["keys"][0].clone(); 51] });
        for bad in ["", "[]", "{}", r#"{"public_keys":[]}"#, &many.to_string(), &format!("{}{{}}", " ".repeat(65_536))]
        {
            assert!(GithubKeys::parse(bad).is_err(), "{}", bad.get(..40).unwrap_or(bad));
        }
        let other = json!({ "public_keys": [{ "key_identifier": "x", "key": pem }] });
        assert!(GithubKeys::parse(&other.to_string()).is_err());
    }
}
