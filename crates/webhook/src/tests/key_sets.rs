//! Keys that a sender publishes as a set (RFC 7517), and that a delivery chooses by name.

use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use ed25519_dalek::{Signer as _, SigningKey};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{code, scheme};
use crate::{KeySetFault, SecretProblem, Secrets, algorithm::Encoding, encoding};

const TOKEN: &str = r#"
    signature = "header:authorization"
    prefix = "Bearer "
    algorithm = "jws-eddsa"
    key = "jwk"
"#;
const HEADER: &str = r#"
    signature = "header:x-signature"
    encoding = "base64"
    algorithm = "ed25519"
    key = "ed25519-hex"
    kid = "header:x-key-id"
"#;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn part(bytes: &[u8]) -> String {
    encoding::encode(Encoding::Base64Url, bytes)
}

fn jwk(kid: &str, seed: u8, more: &str) -> String {
    let kid = if kid.is_empty() { String::new() } else { format!(r#""kid":"{kid}","#) };
    let x = part(key(seed).verifying_key().as_bytes());
    format!(r#"{{{kid}"kty":"OKP","crv":"Ed25519","x":"{x}"{more}}}"#)
}

fn set(keys: &[String]) -> String {
    format!("{{\"keys\":[{}]}}", keys.join(","))
}

/// A token whose head has these members, signed with the key of this seed.
fn token(head: &str, seed: u8) -> String {
    let signed = format!("{}.{}", part(format!("{{{head}}}").as_bytes()), part(b"{}"));
    format!("Bearer {signed}.{}", part(&key(seed).sign(signed.as_bytes()).to_bytes()))
}

fn named(kid: &str, seed: u8) -> String {
    token(&format!(r#""alg":"EdDSA","kid":"{kid}""#), seed)
}

fn judge(secrets: &[&str], token: &str) -> &'static str {
    code(&scheme(TOKEN), secrets, &[("Authorization", token)], b"")
}

#[test]
fn the_key_that_a_token_names_decides_alone() {
    let keys = set(&[jwk("a", 1, ""), jwk("b", 2, "")]);
    assert_eq!(judge(&[&keys], &named("a", 1)), "VALID");
    assert_eq!(judge(&[&keys], &named("b", 2)), "VALID");
    assert_eq!(judge(&[&keys], &named("a", 2)), "NO_MATCH", "the other key's signature under this name");
    assert_eq!(judge(&[&keys], &named("c", 1)), "UNKNOWN_KEY");
    assert_eq!(judge(&[&keys], &named("", 1)), "UNKNOWN_KEY");
    assert_eq!(judge(&[&keys], &token(r#""alg":"EdDSA""#, 2)), "VALID", "without a name all are tried");
    assert_eq!(judge(&[&keys], &token(r#""alg":"EdDSA""#, 3)), "UNKNOWN_KEY", "a newer key may be the one");
}

#[test]
fn a_key_is_for_the_use_and_the_algorithm_that_it_says() {
    for more in [r#","use":"enc""#, r#","alg":"ES256""#, r#","key_ops":["sign"]"#] {
        let keys = set(&[jwk("a", 1, more), jwk("b", 2, "")]);
        assert_eq!(judge(&[&keys], &named("a", 1)), "UNKNOWN_KEY", "{more}");
        assert_eq!(judge(&[&keys], &named("b", 2)), "VALID", "{more}");
    }
    // The token never chooses the algorithm.
    let keys = set(&[jwk("a", 1, "")]);
    for alg in ["none", "HS256", "ES256"] {
        assert_eq!(judge(&[&keys], &token(&format!(r#""alg":"{alg}","kid":"a""#), 1)), "MALFORMED_TOKEN");
    }
}

#[test]
fn keys_without_names_and_keys_in_other_forms_stand_beside_a_set() {
    let (unnamed, keys) = (set(&[jwk("", 1, "")]), set(&[jwk("b", 2, "")]));
    assert_eq!(judge(&[&unnamed], &named("any", 1)), "VALID");
    assert_eq!(judge(&[&unnamed], &named("any", 2)), "UNKNOWN_KEY", "the set may have changed since");
    assert_eq!(judge(&[&unnamed], &token(r#""alg":"EdDSA""#, 2)), "UNKNOWN_KEY");
    let beside = set(&[jwk("a", 1, ""), jwk("", 2, "")]);
    assert_eq!(judge(&[&beside], &named("b", 2)), "VALID");
    assert_eq!(judge(&[&beside], &named("a", 3)), "NO_MATCH", "the key of this name is known, and it isn't its own");
    assert_eq!(judge(&[&unnamed, &keys], &named("a", 1)), "VALID");
    assert_eq!(judge(&[&unnamed, &keys], &named("a", 3)), "UNKNOWN_KEY", "a newer key may be the one");
    let pinned = jwk("a", 1, "");
    assert_eq!(judge(&[&pinned], &named("a", 1)), "VALID");
    assert_eq!(judge(&[&pinned], &token(r#""alg":"EdDSA""#, 2)), "NO_MATCH", "a single key is no set that may change");
    assert_eq!(judge(&[&pinned], &named("b", 2)), "UNKNOWN_KEY", "a key that was set by hand and replaced since");
    assert_eq!(judge(&[&pinned, &keys], &named("b", 2)), "VALID");
}

#[test]
fn a_delivery_names_its_key_beside_the_signature() {
    let scheme = scheme(HEADER);
    let keys = set(&[jwk("a", 1, ""), jwk("b", 2, "")]);
    let signature = encoding::encode(Encoding::Base64, &key(1).sign(b"{}").to_bytes());
    let judge = |secrets: &[&str], kid: Option<&str>| {
        let headers: Vec<(&str, &str)> = [Some(("x-signature", signature.as_str())), kid.map(|kid| ("X-Key-Id", kid))]
            .into_iter()
            .flatten()
            .collect();
        code(&scheme, secrets, &headers, b"{}")
    };
    assert_eq!(judge(&[&keys], Some("a")), "VALID");
    assert_eq!(judge(&[&keys], Some("b")), "NO_MATCH");
    assert_eq!(judge(&[&keys], Some("c")), "UNKNOWN_KEY");
    assert_eq!(judge(&[&keys], None), "VALID");
    let hex = encoding::encode(Encoding::Hex, key(1).verifying_key().as_bytes());
    assert_eq!(judge(&[&hex], Some("c")), "VALID", "a key in another form has no name");
    let other = set(&[jwk("", 2, "")]);
    assert_eq!(judge(&[&other], None), "UNKNOWN_KEY", "neither the delivery nor the keys have names");
    let other = encoding::encode(Encoding::Hex, key(2).verifying_key().as_bytes());
    assert_eq!(judge(&[&other], None), "NO_MATCH");
    assert_eq!(scheme.headers_read().unwrap(), ["x-key-id", "x-signature"]);
    assert_eq!(scheme.to_value()["kid"], "header:x-key-id");
}

#[test]
fn a_name_is_for_public_keys_that_a_jwt_does_not_name_itself() {
    let mistake = |text: &str| toml::from_str::<crate::Scheme>(text).unwrap_err().to_string();
    assert!(mistake(&format!("{TOKEN}\nkid = \"header:x\"")).contains("a JWT does so in its head"));
    let shared = "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nkid = \"header:x\"";
    assert!(mistake(shared).contains("a shared secret has no name"));
}

#[test]
fn a_set_that_has_no_use_is_a_fault_of_the_set_up() {
    let problem = |text: &str| {
        let secrets = Secrets::parse(&scheme(TOKEN), &[text]);
        secrets.faults().first().map(|fault| (fault.problem, fault.to_string()))
    };
    assert_eq!(problem(&set(&[jwk("a", 1, "")])), None);
    let (none, sentence) = problem(&set(&[jwk("a", 1, r#","use":"enc""#)])).unwrap();
    assert_eq!(none, SecretProblem::KeySet(KeySetFault::NoKey));
    assert_eq!(sentence, "Secret 1 is a set of keys that has no key that can be used here.");
    let (many, _) = problem(&set(&std::vec![jwk("a", 1, ""); 51])).unwrap();
    assert_eq!(many, SecretProblem::KeySet(KeySetFault::TooMany));
    // Everybody knows the text of a public key, so it must never be the key of an HMAC.
    let hmac = scheme("signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"");
    for public in [set(&[jwk("a", 1, "")]), jwk("a", 1, "")] {
        let secrets = Secrets::parse(&hmac, &[&public]);
        assert_eq!(secrets.faults().first().map(|fault| fault.problem), Some(SecretProblem::NotShared), "{public}");
    }
    for other in ["{\"a\":1}", "{\"keys\":[", "{kty"] {
        assert!(Secrets::parse(&hmac, &[other]).faults().is_empty(), "any other text may be a secret");
    }
}
