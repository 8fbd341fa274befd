//! Vectors that others published: `vectors.json` names the source of each.

use std::string::String;

use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, NOW, STANDARD, options, scheme};
use crate::{Delivery, Options, sign};

#[test]
fn standard_webhooks_vectors_are_what_signing_makes() {
    let scheme = scheme(STANDARD);
    let document: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let with_private_key = cfg!(feature = "ed25519");
    for vector in document["vectors"].as_array().unwrap().iter().take(if with_private_key { 3 } else { 2 }) {
        let headers = &vector["headers"];
        let body = vector["body"].as_str().unwrap();
        let secret = vector["private_key"].as_str().or(vector["secrets"][0].as_str()).unwrap();
        let delivery = Delivery { method: "POST", url: "", headers: &[], body: body.as_bytes() };
        let signed =
            sign(&scheme, secret, &delivery, headers["webhook-id"].as_str(), &options(vector["now"].as_i64().unwrap()))
                .unwrap();
        for (name, value) in headers.as_object().unwrap() {
            assert_eq!(rig::value(&signed.headers, name), value.as_str().unwrap(), "{}", vector["id"]);
        }
    }
}

/// Atlassian's example of a `qsh`.
#[test]
fn atlassians_query_hash_is_checked() {
    let scheme = scheme(
        r#"
        signature = "header:authorization"
        prefix = "JWT "
        algorithm = "jws-hs256"
        hashes = [{ at = "claim:qsh", of = "{method}&{path}&{canonical_query}" }]
        "#,
    );
    let qsh = "be16910858a41fd19ea5c1b4e9decca9a784d1024cb00b2158defe2f29dc86dd";
    let delivery = Delivery { method: "GET", url: "https://example.com/test?param=value", headers: &[], body: b"" };
    let signed = sign(&scheme, "secret", &delivery, None, &options(NOW)).unwrap();
    let token = rig::value(&signed.headers, "authorization");
    let claims = token.split('.').nth(1).unwrap();
    let claims = crate::encoding::decode(crate::algorithm::Encoding::Base64Url, claims).unwrap();
    assert_eq!(String::from_utf8(claims).unwrap(), std::format!("{{\"qsh\":\"{qsh}\"}}"));
    let headers = rig::borrowed(&signed.headers);
    assert!(rig::check(&scheme, &["secret"], &Delivery { headers: &headers, ..delivery }, &options(NOW)).is_ok());
    let other = Delivery { headers: &headers, url: "https://example.com/test?param=other", ..delivery };
    assert_eq!(rig::check(&scheme, &["secret"], &other, &options(NOW)).unwrap_err().code(), "HASH_MISMATCH");
    assert!(!scheme.body_authenticated());
}

/// These signatures were made by OpenSSL.
#[test]
fn rsa_signatures_of_openssl_verify_with_a_key_or_a_certificate() {
    let mut signatures = include_str!("rsa_signatures.txt").lines();
    let (sha256, sha1, token) = (signatures.next().unwrap(), signatures.next().unwrap(), signatures.next().unwrap());
    // PayPal's message, over a body whose CRC-32 is 3421780262.
    let paypal = |algorithm: &str| {
        scheme(&std::format!(
            "signature = \"header:sig\"\nencoding = \"base64\"\nalgorithm = \"{algorithm}\"\nkey = \"pem\"\n\
             message = \"id|time|{{param:webhook_id}}|{{crc32:body}}\"\nparams = [\"webhook_id\"]"
        ))
    };
    let options = Options { params: &[("webhook_id", "hook")], ..options(NOW) };
    let pem = include_str!("rsa_public.pem");
    // A vendor's page may show the key without the lines of PEM.
    let bare: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    for key in [pem, include_str!("rsa_certificate.pem"), &bare] {
        for (algorithm, signature) in [("rsa-sha256", sha256), ("rsa-sha1", sha1)] {
            let scheme = paypal(algorithm);
            let headers = [("sig", signature)];
            let good = rig::check(&scheme, &[key], &rig::post(&headers, b"123456789"), &options).unwrap();
            assert!(!good.body_authenticated, "a CRC is no proof");
            let bad = rig::check(&scheme, &[key], &rig::post(&headers, b"123456780"), &options);
            assert_eq!(bad.unwrap_err().code(), "NO_MATCH");
        }
        let jws = scheme(
            r#"
            signature = "header:authorization"
            prefix = "Bearer "
            algorithm = "jws-rs256"
            key = "pem"
            claims = { sub = "x" }
            hashes = [{ at = "claim:sha" }]
            "#,
        );
        let bearer = std::format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        assert!(rig::check(&jws, &[key], &rig::post(&headers, b"{}"), &options).unwrap().body_authenticated);
        let other = rig::check(&jws, &[key], &rig::post(&headers, b"{ }"), &options);
        assert_eq!(other.unwrap_err().code(), "HASH_MISMATCH");
    }
}
