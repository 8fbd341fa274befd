//! Signatures with a head: detached JWS (RFC 7515, appendix F), and a head that stands beside the signature.

use std::{
    format,
    string::{String, ToString as _},
};

use ed25519_dalek::{Signer as _, SigningKey};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, NOW, borrowed, code, options, post, scheme};
use crate::{Delivery, Options, algorithm::Encoding, encoding, sign};

const DETACHED: &str = r#"
    signature = "header:x-jws"
    algorithm = "jws-eddsa"
    key = "jwk"
    message = "{method} {path}\n{header_lines:head:listed}{body}"
    requires = [{ at = "head:version", is = "2" }]
    timestamp = { at = "header:x-time" }
    event_id = "json:id"
"#;
const BESIDE: &str = r#"
    head = "header:x-signature"
    signature = "head:sig"
    kid = "head:kid"
    encoding = "base64"
    algorithm = "ed25519"
    key = "jwk"
    requires = [{ at = "head:digest", is = "none" }]
"#;
const HEAD: &str = r#"{"alg":"EdDSA","version":"2","listed":"X-Time,X-Other"}"#;
const BODY: &str = r#"{"id":"1"}"#;
const TIME: &str = "1700000000";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn part(bytes: &[u8]) -> String {
    encoding::encode(Encoding::Base64Url, bytes)
}

fn jwk(seed: u8, kid: &str) -> String {
    let x = part(key(seed).verifying_key().as_bytes());
    format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#)
}

/// A detached JWS with this head over this payload.
fn jws(head: &str, payload: &str) -> String {
    let signed = format!("{}.{}", part(head.as_bytes()), part(payload.as_bytes()));
    format!("{}..{}", part(head.as_bytes()), part(&key(1).sign(signed.as_bytes()).to_bytes()))
}

fn payload(time: &str, other: &str, body: &str) -> String {
    format!("POST /hooks/a\nX-Time: {time}\nX-Other: {other}\n{body}")
}

fn judge(token: &str, headers: &[(&str, &str)], body: &str) -> &'static str {
    let headers = [&[("X-JWS", token)], headers].concat();
    code(&scheme(DETACHED), &[&jwk(1, "a")], &headers, body.as_bytes())
}

#[test]
fn method_path_listed_headers_and_body_are_the_payload() {
    let token = jws(HEAD, &payload(TIME, "a", BODY));
    let headers = [("x-time", TIME), ("x-other", "a")];
    assert_eq!(judge(&token, &headers, BODY), "VALID");
    assert_eq!(judge(&token, &headers, r#"{"id":"2"}"#), "NO_MATCH");
    assert_eq!(judge(&token, &[("x-time", TIME), ("x-other", "b")], BODY), "NO_MATCH");
    assert_eq!(judge(&token, &[("x-time", "1700000001"), ("x-other", "a")], BODY), "NO_MATCH");
    assert_eq!(judge(&token, &[("x-time", TIME)], BODY), "MISSING_HEADER");
    let scheme = scheme(DETACHED);
    let keys = jwk(1, "a");
    let headers = [("X-JWS", token.as_str()), ("x-time", TIME), ("x-other", "a")];
    let delivery = post(&headers, BODY.as_bytes());
    let verified = rig::check(&scheme, &[&keys], &delivery, &options(NOW)).unwrap();
    assert_eq!(verified.event_id.as_deref(), Some("1"));
    assert!(verified.body_authenticated && scheme.replay_protected() && scheme.event_id_signed());
    for other in [
        Delivery { method: "PUT", ..delivery },
        Delivery { url: "https://example.com/hooks/b", ..delivery },
        Delivery { url: "https://example.com/hooks/a/", ..delivery },
    ] {
        assert_eq!(rig::check(&scheme, &[&keys], &other, &options(NOW)).unwrap_err().code(), "NO_MATCH");
    }
    assert_eq!(
        rig::check(&scheme, &[&keys], &delivery, &options(NOW + 301)).unwrap_err().code(),
        "TIMESTAMP_TOO_OLD",
        "the time is signed and enforced"
    );
    assert_eq!(scheme.headers_read(), None);
}

#[test]
fn a_head_that_says_another_way_of_signing_is_refused() {
    let headers = [("x-time", TIME), ("x-other", "a")];
    let of = |head: &str| judge(&jws(head, &payload(TIME, "a", BODY)), &headers, BODY);
    assert_eq!(of(&HEAD.replace("\"2\"", "\"1\"")), "MALFORMED_SIGNATURE");
    assert_eq!(of(r#"{"alg":"EdDSA"}"#), "MISSING_FIELD");
    assert_eq!(of(&HEAD.replace("EdDSA", "ES512")), "MALFORMED_TOKEN");
    assert_eq!(of(&HEAD.replace("\"alg\"", "\"b64\":false,\"crit\":[\"b64\"],\"alg\"")), "MALFORMED_TOKEN");
    // A timestamp that isn't listed isn't signed.
    let unlisted = jws(&HEAD.replace("X-Time,", ""), &format!("POST /hooks/a\nX-Other: a\n{BODY}"));
    assert_eq!(judge(&unlisted, &headers, BODY), "MISSING_HEADER");
    // With its payload in it, nobody would read what came.
    let attached = jws(HEAD, &payload(TIME, "a", BODY)).replace("..", ".e30.");
    assert_eq!(judge(&attached, &headers, BODY), "MALFORMED_TOKEN");
}

/// One header's end can't be moved: a value has no line's end in it.
#[test]
fn a_listed_header_can_not_pass_for_two() {
    let token = jws(HEAD, &payload(TIME, "a", BODY));
    let moved = [("x-time", TIME), ("x-other", "a\n{}")];
    assert_eq!(judge(&token, &moved, BODY), "MALFORMED_FIELD");
}

#[test]
fn a_detached_payload_is_bounded() {
    let scheme = scheme(DETACHED);
    let body = "x".repeat(1024 * 1024);
    let token = jws(HEAD, &payload(TIME, "a", &body));
    let headers = [("x-jws", token.as_str()), ("x-time", TIME), ("x-other", "a")];
    assert_eq!(code(&scheme, &[&jwk(1, "a")], &headers, body.as_bytes()), "BODY_TOO_LARGE");
}

#[test]
fn a_detached_jws_has_no_claims() {
    let mistake = |text: &str| toml::from_str::<crate::Scheme>(text).unwrap_err().to_string();
    let detached = |more: &str| mistake(&format!("{DETACHED}\n{more}"));
    assert!(detached("claims = { iss = \"a\" }").contains("whose payload isn't the `message`"));
    assert!(detached("event_type = \"claim:type\"").contains("whose payload isn't the `message`"));
    assert!(detached("head = \"header:x\"").contains("a JWT has a head of its own"));
    let equality = "signature = \"header:a\"\nalgorithm = \"equality\"\nmessage = \"{body}\"";
    assert!(mistake(equality).contains("equality signs nothing"));
}

#[test]
fn a_shared_secret_signs_a_detached_jws_too() {
    let scheme = scheme(
        "signature = \"header:x-jws\"\nalgorithm = \"jws-hs256\"\nmessage = \"{method} {path}\\n{body}\"\n\
         requires = [{ at = \"head:version\", is = \"2\" }]",
    );
    let signed = sign(&scheme, "secret", &post(&[], BODY.as_bytes()), None, &options(NOW)).unwrap();
    let headers = borrowed(&signed.headers);
    assert!(rig::value(&signed.headers, "x-jws").contains(".."));
    assert_eq!(code(&scheme, &["secret"], &headers, BODY.as_bytes()), "VALID");
    assert_eq!(code(&scheme, &["other"], &headers, BODY.as_bytes()), "NO_MATCH");
    assert_eq!(code(&scheme, &["secret"], &headers, b"{}"), "NO_MATCH");
}

#[test]
fn a_head_beside_the_signature_has_its_key_and_its_way() {
    let scheme = scheme(BESIDE);
    let signature = encoding::encode(Encoding::Base64, &key(1).sign(BODY.as_bytes()).to_bytes());
    let keys = format!("{{\"keys\":[{},{}]}}", jwk(1, "a"), jwk(2, "b"));
    let judge = |head: &str| {
        let head = encoding::encode(Encoding::Base64, head.as_bytes());
        code(&scheme, &[&keys], &[("X-Signature", &head)], BODY.as_bytes())
    };
    let head = |kid: &str, digest: &str| format!(r#"{{"kid":"{kid}","sig":"{signature}","digest":"{digest}"}}"#);
    assert_eq!(judge(&head("a", "none")), "VALID");
    assert_eq!(judge(&head("b", "none")), "NO_MATCH");
    assert_eq!(judge(&head("c", "none")), "UNKNOWN_KEY");
    assert_eq!(judge(&head("a", "MD5")), "MALFORMED_SIGNATURE");
    assert_eq!(judge(r#"{"digest":"none"}"#), "MISSING_FIELD");
    assert_eq!(judge("[]"), "MALFORMED_SIGNATURE");
    assert_eq!(code(&scheme, &[&keys], &[("X-Signature", "no base64")], b""), "MALFORMED_SIGNATURE");
    assert_eq!(code(&scheme, &[&keys], &[], b""), "MISSING_HEADER");
    assert_eq!(scheme.headers_read().unwrap(), ["x-signature"]);
    assert!(scheme.body_authenticated());
    let mistake = toml::from_str::<crate::Scheme>(&BESIDE.replace("head = \"header:x-signature\"", "")).unwrap_err();
    assert!(mistake.to_string().contains("can't hold the signature"), "{mistake}");
}

/// A key that signs for many signs for strangers too.
#[test]
fn a_genuine_delivery_about_something_else_is_refused() {
    let scheme = scheme(
        "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nparams = [\"topic\"]\n\
         requires = [{ at = \"json:topic\", is = \"{param:topic}\" }]",
    );
    let options = Options { params: &[("topic", "mine")], ..options(NOW) };
    let judge = |body: &str| {
        let signed = sign(&scheme, "secret", &post(&[], body.as_bytes()), None, &options).unwrap();
        let headers = borrowed(&signed.headers);
        let verdict = rig::check(&scheme, &["secret"], &post(&headers, body.as_bytes()), &options);
        verdict.map_or_else(|failure| failure.to_string(), |_| "VALID".into())
    };
    assert_eq!(judge(r#"{"topic":"mine"}"#), "VALID");
    let refused = "The signature is good, but `json:topic` is not what this source expects.";
    assert_eq!(judge(r#"{"topic":"a stranger's"}"#), refused);
    assert_eq!(judge("{}"), refused);
    let zeros = "00".repeat(32);
    let forged = rig::check(&scheme, &["secret"], &post(&[("s", &zeros)], b"{}"), &options).unwrap_err();
    assert_eq!(forged.code(), "NO_MATCH", "a forger learns nothing of the topic");
}
