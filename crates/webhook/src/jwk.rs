//! Public keys as JWK, and sets of them (JWKS, RFC 7517).

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    algorithm::Algorithm,
    json,
    name::Names,
    place::{JsonPath, Step},
    public_key::{Kind, PublicKey},
};

/// The maximum length of a set of keys, bytes.
pub const MAX_KEY_SET_BYTES: usize = 64 * 1024;
/// The maximum number of keys in a set.
pub const MAX_KEYS: usize = 50;

/// A public key, and the name by which a delivery chooses it.
pub(crate) struct NamedKey {
    /// The member `kid`.
    pub(crate) kid: Option<String>,
    pub(crate) key: PublicKey,
}

/// The reason why a text is no set of keys, to be put after "the set of keys".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySetFault {
    /// It is longer than [`MAX_KEY_SET_BYTES`].
    TooLong,
    /// It isn't JSON with a list `keys` of objects.
    Malformed,
    /// It has more than [`MAX_KEYS`] keys.
    TooMany,
    /// None of its keys can be used.
    NoKey,
}

impl core::fmt::Display for KeySetFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "is longer than 64 KiB",
            Self::Malformed => "is not JSON with a list `keys` (RFC 7517)",
            Self::TooMany => "has more than 50 keys",
            Self::NoKey => "has no key that can be used here",
        })
    }
}

/// Checks that a text is a set of keys with at least one that some algorithm of the engine can use.
///
/// # Errors
/// The reason why it is none.
pub fn check_key_set(text: &str) -> Result<(), KeySetFault> {
    let usable = |jwk: &&[u8]| {
        Algorithm::ALL.iter().any(|algorithm| algorithm.is_public_key() && one(jwk, *algorithm).is_some())
    };
    if members(text)?.iter().any(usable) { Ok(()) } else { Err(KeySetFault::NoKey) }
}

/// Whether a secret is a set of keys. No other form of a public key begins with a brace, apart from a JWK.
pub(crate) fn is_set(secret: &str) -> bool {
    secret.trim_start().starts_with('{') && matches!(member(secret.as_bytes(), "keys"), Ok(Some(_)))
}

/// Whether a secret is a JWK.
pub(crate) fn is_key(secret: &str) -> bool {
    secret.trim_start().starts_with('{') && matches!(member(secret.as_bytes(), "kty"), Ok(Some(_)))
}

/// The keys of a set that are for this algorithm. The others are skipped.
pub(crate) fn set(text: &str, algorithm: Algorithm) -> Result<Vec<NamedKey>, KeySetFault> {
    let keys: Vec<NamedKey> = members(text)?.into_iter().filter_map(|jwk| one(jwk, algorithm)).collect();
    if keys.is_empty() { Err(KeySetFault::NoKey) } else { Ok(keys) }
}

/// The key of one JWK, if it is a public key for checking signatures by this algorithm.
pub(crate) fn one(jwk: &[u8], algorithm: Algorithm) -> Option<NamedKey> {
    let text = |name: &str| -> Option<Option<String>> {
        let Some(value) = member(jwk, name).ok()? else { return Some(None) };
        Some(json::text(value).ok()?.map(|text| String::from_utf8_lossy(&text).into_owned()))
    };
    let is_for = |name: &str, fits: &dyn Fn(&str) -> bool| Some(text(name)?.is_none_or(|value| fits(&value)));
    let checks = match member(jwk, "key_ops").ok()? {
        Some(uses) => json::texts(uses).ok()?.iter().any(|used| **used == *b"verify"),
        None => true,
    };
    if !checks || !is_for("use", &|used| used == "sig")? || !is_for("alg", &|alg| fits(alg, algorithm))? {
        return None;
    }
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)??).ok();
    let key = match (text("kty")??.as_str(), text("crv")?.as_deref()) {
        ("OKP", Some("Ed25519")) => PublicKey::ed25519(&bytes("x")?),
        ("EC", Some("P-256")) => PublicKey::p256(&point(&bytes("x")?, &bytes("y")?, 32)),
        ("EC", Some("P-521")) => PublicKey::p521(&point(&bytes("x")?, &bytes("y")?, 66)),
        ("RSA", _) => PublicKey::rsa(&bytes("n")?, &bytes("e")?),
        _ => None,
    }?;
    (Some(key.kind) == Kind::of(algorithm)).then_some(NamedKey { kid: text("kid")?, key })
}

/// The uncompressed form of a point (SEC 1, 2.3.3). Its coordinates have `len` bytes each, but some senders leave out
/// leading zeros.
fn point(x: &[u8], y: &[u8], len: usize) -> Vec<u8> {
    let padded =
        |coordinate: &[u8]| [alloc::vec![0; len.saturating_sub(coordinate.len())], coordinate.to_vec()].concat();
    [alloc::vec![4], padded(x), padded(y)].concat()
}

/// Whether the `alg` of a JWK (RFC 7518, RFC 9864) is that of the algorithm. SHA-1 has none.
fn fits(alg: &str, algorithm: Algorithm) -> bool {
    match algorithm.of_signature() {
        Algorithm::Ed25519 => matches!(alg, "EdDSA" | "Ed25519"),
        Algorithm::EcdsaP256 | Algorithm::EcdsaP256P1363 => alg == "ES256",
        Algorithm::EcdsaP521P1363 => alg == "ES512",
        Algorithm::RsaSha256 => alg == "RS256",
        _ => false,
    }
}

fn members(text: &str) -> Result<Vec<&[u8]>, KeySetFault> {
    if text.len() > MAX_KEY_SET_BYTES {
        return Err(KeySetFault::TooLong);
    }
    let path = JsonPath(alloc::vec![Step::Member("keys".to_string()), Step::Each]);
    match json::each(text.as_bytes(), &path, Names::Exact) {
        Err(_) => Err(KeySetFault::Malformed),
        Ok(keys) if keys.len() > MAX_KEYS => Err(KeySetFault::TooMany),
        Ok(keys) => Ok(keys),
    }
}

fn member<'a>(object: &'a [u8], name: &str) -> Result<Option<&'a [u8]>, json::Malformed> {
    json::find(object, &[Step::Member(name.to_string())], Names::Exact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use std::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn kids(keys: &[String], algorithm: Algorithm) -> Result<Vec<String>, KeySetFault> {
        let text = format!("{{\"keys\":[{}]}}", keys.join(","));
        Ok(set(&text, algorithm)?.into_iter().map(|key| key.kid.unwrap_or_default()).collect())
    }

    fn key(kid: &str, more: &str) -> String {
        format!("{{{ED25519},\"kid\":\"{kid}\"{more}}}")
    }

    #[test]
    fn keys_for_other_purposes_and_of_unknown_kinds_are_skipped() {
        let keys = [
            key("plain", ""),
            key("sig", r#","use":"sig","key_ops":["verify"],"alg":"EdDSA","x5c":["…"]"#),
            key("enc", r#","use":"enc""#),
            key("ops", r#","key_ops":["sign","deriveKey"]"#),
            key("alg", r#","alg":"ES256""#),
            key("newer name", r#","alg":"Ed25519""#),
            r#"{"kty":"EC","crv":"P-521","kid":"p521","x":"AA","y":"AA"}"#.into(),
            r#"{"kty":"oct","kid":"shared","k":"AAAA"}"#.into(),
            r#"{"kty":"OKP","crv":"Ed25519","kid":"short","x":"AAAA"}"#.into(),
            r#"{"kid":7}"#.into(),
            "[]".into(),
            "1".into(),
        ];
        assert_eq!(kids(&keys, Algorithm::JwsEdDsa).unwrap(), ["plain", "sig", "newer name"]);
        assert_eq!(kids(&keys, Algorithm::Ed25519).unwrap(), ["plain", "sig", "newer name"]);
        assert_eq!(kids(&keys, Algorithm::JwsEs256), Err(KeySetFault::NoKey));
    }

    #[test]
    fn a_set_is_bounded() {
        let of = |count: usize| vec![key("k", ""); count];
        assert_eq!(kids(&of(MAX_KEYS), Algorithm::Ed25519).unwrap().len(), MAX_KEYS);
        assert_eq!(kids(&of(MAX_KEYS + 1), Algorithm::Ed25519), Err(KeySetFault::TooMany));
        let long = key("k", &format!(",\"x5c\":[\"{}\"]", "A".repeat(MAX_KEY_SET_BYTES)));
        assert_eq!(kids(&[long], Algorithm::Ed25519), Err(KeySetFault::TooLong));
    }

    #[test]
    fn what_an_address_may_answer_instead_is_no_set() {
        for text in ["", "<!doctype html><p>Sign in", r#"{"keys":{}}"#, r#"{"keys":[}"#, r#"{"keys":1}"#] {
            assert_eq!(check_key_set(text), Err(KeySetFault::Malformed), "{text}");
        }
        for text in
            ["null", "[]", "{}", r#"{"keys":[]}"#, r#"{"error":"not found"}"#, r#"{"keys":[{"kty":"oct","k":"AA"}]}"#]
        {
            assert_eq!(check_key_set(text), Err(KeySetFault::NoKey), "{text}");
        }
        assert_eq!(check_key_set(&format!("{{\"keys\":[{}]}}", key("k", ""))), Ok(()));
    }

    #[test]
    fn a_single_key_is_no_set() {
        assert!(!is_set(&key("k", "")));
        assert!(is_set(r#" {"keys":[]}"#));
        assert!(!is_set("{\"keys\":"), "a shared secret may be any text");
        assert!(!is_set("whpk_AAAA"));
    }
}
