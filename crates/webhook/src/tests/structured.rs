//! P36 to P41: URLs, forms, items, uncovered parts, tokens.

use std::{
    format,
    string::{String, ToString},
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, ADYEN, GITHUB, NOW, borrowed, code, options, scheme, signed};
use crate::{
    Delivery, Scheme,
    algorithm::{Algorithm, Encoding},
    encoding,
    mac::Keyed,
    sign,
};

#[test]
fn p36_the_url_is_the_one_that_is_registered_and_nothing_is_made_nicer() {
    let scheme =
        scheme("signature = \"header:s\"\nencoding = \"base64\"\nalgorithm = \"hmac-sha1\"\nmessage = \"{url}{body}\"");
    let url = "https://user:pw@example.com/a/?b='1'&a=2";
    let delivery = Delivery { url, ..rig::post(&[], b"{}") };
    let signed = sign(&scheme, "secret", &delivery, None, &options(NOW)).unwrap();
    let headers = [("s", signed.value.as_str()), ("host", "evil.example")];
    let with = |url: &str| {
        let delivery = Delivery { url, headers: &headers, ..delivery };
        rig::check(&scheme, &["secret"], &delivery, &options(NOW)).is_ok()
    };
    assert!(with(url));
    for other in [
        "http://user:pw@example.com/a/?b='1'&a=2",
        "https://user:pw@example.com:443/a/?b='1'&a=2",
        "https://user:pw@example.com/a?b='1'&a=2",
        "https://example.com/a/?b='1'&a=2",
        "https://user:pw@example.com/a/?b=%271%27&a=2",
        "https://user:pw@example.com/a/?a=2&b='1'",
    ] {
        assert!(!with(other), "{other}");
    }
    // The scheme of a sender that isn't consistent about the port lists both forms.
    let ports = rig::scheme(
        "signature = \"header:s\"\nencoding = \"base64\"\nalgorithm = \"hmac-sha1\"\n\
         message = [\"{url}{body}\", \"{url_with_port}{body}\", \"{url_without_port}{body}\"]",
    );
    for (signed_url, seen) in [("https://h:443/a", "https://h/a"), ("https://h/a", "https://h:443/a")] {
        let delivery = Delivery { url: signed_url, ..rig::post(&[], b"{}") };
        let signed = sign(&ports, "secret", &delivery, None, &options(NOW)).unwrap();
        let headers = [("s", signed.value.as_str())];
        let delivery = Delivery { url: seen, headers: &headers, ..delivery };
        assert!(rig::check(&ports, &["secret"], &delivery, &options(NOW)).is_ok(), "{seen}");
    }
}

#[test]
fn p37_forms_are_sorted_by_bytes_with_each_value_once() {
    let text = "signature = \"header:s\"\nencoding = \"base64\"\nalgorithm = \"hmac-sha1\"\nmessage = ";
    let form = scheme(&format!("{text}\"{{url}}{{sorted_form}}\""));
    let plain = scheme(&format!("{text}\"{{url}}{{body}}\""));
    let cases =
        [("b=2&a=1&B=3", "B3a1b2"), ("a=2&a=1&a=2", "a1a2"), ("a=x+y%2B%252B", "ax y+%2B"), ("a=&b", "ab"), ("", "")];
    for (body, message) in cases {
        let headers = signed(&plain, "secret", message.as_bytes());
        assert_eq!(code(&form, &["secret"], &borrowed(&headers), body.as_bytes()), "VALID", "{body}");
    }
}

#[test]
fn p38_every_item_must_be_good() {
    let scheme = scheme(ADYEN);
    let item = |key: &[u8], reference: &str, value: u32| {
        let keyed = Keyed::new(Algorithm::HmacSha256, key).unwrap();
        let mac = keyed.compute(&[format!("{reference}::{value}").into_bytes().into()]);
        let signature = encoding::encode(Encoding::Base64, &mac);
        format!(
            "{{\"NotificationRequestItem\":{{\"additionalData\":{{\"hmacSignature\":\"{signature}\"}},\
             \"amount\":{{\"value\":{value}}},\"pspReference\":\"{reference}\"}}}}"
        )
    };
    let batch = |items: &[String]| format!("{{\"live\":\"false\",\"notificationItems\":[{}]}}", items.join(","));
    let (good, other) = (item(&[1; 32], "7914", 1130), item(&[1; 32], "7915", 5));
    let bad = other.replace("\"value\":5", "\"value\":6");
    let key = "01".repeat(32);
    let second = "02".repeat(32);
    let code = |items: &[String]| code(&scheme, &[&second, &key], &[], batch(items).as_bytes());
    assert_eq!(code(core::slice::from_ref(&good)), "VALID");
    assert_eq!(code(&[good.clone(), other.clone()]), "VALID");
    assert_eq!(code(&[good.clone(), bad.clone()]), "NO_MATCH");
    assert_eq!(code(&[bad, good.clone()]), "NO_MATCH");
    assert_eq!(code(&[good.clone(), item(&[2; 32], "7916", 1)]), "NO_MATCH", "one key for all");
    assert_eq!(code(&[]), "MISSING_FIELD");
    assert_eq!(code(&[good, "{}".into()]), "MALFORMED_BODY");
    assert_eq!(rig::code(&scheme, &[&key], &[], b"{}"), "MISSING_FIELD");
    assert!(!scheme.body_authenticated());
}

#[test]
fn p39_what_is_not_covered_is_said() {
    let mailgun = scheme(
        r#"
        signature = "json:signature.signature"
        encoding = "hex"
        algorithm = "hmac-sha256"
        message = "{timestamp}{json:signature.token}"
        timestamp = { at = "json:signature.timestamp", past = 900, future = 900 }
        event_id = "json:signature.token"
        "#,
    );
    assert!(!mailgun.body_authenticated() && mailgun.replay_protected() && mailgun.event_id_signed());
    let body = |signature: &str, data: &str| {
        format!(
            "{{\"signature\":{{\"token\":\"abc\",\"timestamp\":\"{NOW}\",\"signature\":\"{signature}\"}},\"data\":{data}}}"
        )
    };
    let unsigned = body("", "1");
    let signed = sign(&mailgun, "secret", &rig::post(&[], unsigned.as_bytes()), None, &options(NOW)).unwrap();
    assert!(signed.headers.is_empty(), "the signature's place is the body's own");
    for data in ["1", "2"] {
        let body = body(&signed.value, data);
        let good = rig::check(&mailgun, &["secret"], &rig::post(&[], body.as_bytes()), &options(NOW)).unwrap();
        assert!(!good.body_authenticated && good.event_id.as_deref() == Some("abc"));
    }
    // If one of two messages lacks the body, the body isn't covered.
    let either = scheme(&format!("{GITHUB}\nmessage = [\"{{body}}\", \"{{header:x}}\"]"));
    assert!(!either.body_authenticated());
}

#[test]
fn p40_keys_and_certificates_are_never_taken_from_a_delivery() {
    // There is no axis for this: the place of a key is refused like any unknown axis.
    for axis in ["cert_url", "key_url", "jku", "x5u"] {
        let text = format!("{GITHUB}\n{axis} = \"header:paypal-cert-url\"");
        assert!(toml::from_str::<Scheme>(&text).unwrap_err().to_string().contains("unknown here"), "{axis}");
    }
    // And it doesn't matter what a token says about its own key.
    let scheme = scheme("signature = \"header:a\"\nalgorithm = \"jws-hs256\"");
    let head = r#"{"alg":"HS256","jku":"https://evil.example/","jwk":{"kty":"oct","k":"ZXZpbA"},"kid":"../evil"}"#;
    assert_eq!(code(&scheme, &["secret"], &[("a", &token(head, "{}", b"evil"))], b""), "NO_MATCH");
    assert_eq!(code(&scheme, &["secret"], &[("a", &token(head, "{}", b"secret"))], b""), "VALID");
}

fn token(head: &str, claims: &str, key: &[u8]) -> String {
    let part = |bytes: &[u8]| encoding::encode(Encoding::Base64Url, bytes);
    let signed = format!("{}.{}", part(head.as_bytes()), part(claims.as_bytes()));
    let mac = Keyed::new(Algorithm::HmacSha256, key).unwrap().compute(&[signed.as_bytes().into()]);
    format!("{signed}.{}", part(&mac))
}

#[test]
fn p41_a_token_is_of_the_schemes_algorithm_about_this_body_for_this_receiver_and_now() {
    let scheme = scheme(
        r#"
        signature = "header:a"
        algorithm = "jws-hs256"
        claims = { iss = "upstash", aud = "{url}" }
        hashes = [{ at = "claim:body", encoding = "base64url" }]
        timestamp = { at = "claim:iat", past = 300, future = 60 }
        "#,
    );
    assert!(scheme.body_authenticated() && scheme.replay_protected());
    let hash = encoding::encode(Encoding::Base64Url, &crate::mac::sha256(&[b"{}".as_slice().into()]));
    let good = format!(
        "{{\"iss\":\"upstash\",\"aud\":[\"x\",\"https://example.com/hooks/a\"],\"body\":\"{hash}\",\"iat\":{NOW},\
         \"nbf\":{NOW},\"exp\":{}.5}}",
        NOW + 10
    );
    let head = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    let with = |head: &str, claims: &str| code(&scheme, &["secret"], &[("a", &token(head, claims, b"secret"))], b"{}");
    assert_eq!(with(head, &good), "VALID");
    for alg in ["none", "None", "HS512", "RS256", "hs256", ""] {
        assert_eq!(with(&head.replace("HS256", alg), &good), "MALFORMED_TOKEN", "{alg}");
    }
    for head in
        ["{}", "[]", "", "{\"alg\":\"HS256\",\"alg\":\"none\"}", "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}"]
    {
        assert_eq!(with(head, &good), "MALFORMED_TOKEN", "{head}");
    }
    for (from, to, expected) in [
        ("upstash", "other", "CLAIM_MISMATCH"),
        ("\"iss\":\"upstash\",", "", "CLAIM_MISMATCH"),
        ("https://example.com/hooks/a", "https://example.com/hooks/b", "CLAIM_MISMATCH"),
        (hash.as_str(), "AAAA", "HASH_MISMATCH"),
        (&format!("\"iat\":{NOW}"), &format!("\"iat\":{}", NOW - 301), "TIMESTAMP_TOO_OLD"),
        (&format!("\"iat\":{NOW}"), "\"iat\":\"now\"", "MALFORMED_TIMESTAMP"),
        (&format!("\"exp\":{}.5", NOW + 10), &format!("\"exp\":{}", NOW - 61), "TIMESTAMP_TOO_OLD"),
        (&format!("\"nbf\":{NOW}"), &format!("\"nbf\":{}", NOW + 61), "TIMESTAMP_TOO_NEW"),
        (&format!("\"nbf\":{NOW}"), "\"nbf\":\"soon\"", "MALFORMED_TOKEN"),
    ] {
        let claims = good.replace(from, to);
        assert_ne!(claims, good, "{from}");
        assert_eq!(with(head, &claims), expected, "{to}");
    }
    // Neither a missing signature nor that of another token is accepted.
    let whole = token(head, &good, b"secret");
    let (signed, signature) = whole.rsplit_once('.').unwrap();
    for bad in [format!("{signed}."), signed.to_string(), format!("{whole}="), format!(".{whole}"), format!("{whole}.")]
    {
        let code = code(&scheme, &["secret"], &[("a", &bad)], b"{}");
        assert!(["MALFORMED_TOKEN", "MALFORMED_SIGNATURE"].contains(&code), "{bad}: {code}");
    }
    let other = token(head, &good.replace("upstash", "other"), b"secret");
    let crossed = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    assert_eq!(code(&scheme, &["secret"], &[("a", &crossed)], b"{}"), "NO_MATCH");
}

#[test]
fn p41_jwts_of_every_algorithm_are_verified_by_it_alone() {
    use ed25519_dalek::Signer as _;
    let part = |text: &[u8]| encoding::encode(Encoding::Base64Url, text);
    let jwt = |algorithm: &str| {
        scheme(&format!("signature = \"header:authorization\"\nprefix = \"Bearer \"\nalgorithm = \"{algorithm}\"\n"))
    };
    for algorithm in ["jws-hs256", "jws-hs384", "jws-hs512"] {
        let headers = signed(&jwt(algorithm), "secret", b"{}");
        for other in ["jws-hs256", "jws-hs384", "jws-hs512"] {
            let expected = if other == algorithm { "VALID" } else { "MALFORMED_TOKEN" };
            assert_eq!(code(&jwt(other), &["secret"], &borrowed(&headers), b"{}"), expected, "{algorithm} {other}");
        }
        assert_eq!(code(&jwt(algorithm), &["other"], &borrowed(&headers), b"{}"), "NO_MATCH");
    }
    let keys = scheme(
        r#"
        signature = "header:authorization"
        prefix = "Bearer "
        algorithm = "jws-rs256"
        key = "jwk"
        or = [{ algorithm = "jws-es256" }, { algorithm = "jws-eddsa" }]
        "#,
    );
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, part(key.verifying_key().as_bytes()));
    let token = |claims: &str, signed: &str| {
        let head = part(br#"{"alg":"EdDSA"}"#);
        let signature = key.sign(format!("{head}.{}", part(signed.as_bytes())).as_bytes());
        format!("Bearer {head}.{}.{}", part(claims.as_bytes()), part(&signature.to_bytes()))
    };
    let verdict = |token: &str| code(&keys, &[&jwk], &[("Authorization", token)], b"");
    assert_eq!(verdict(&token("{}", "{}")), "VALID");
    assert_eq!(verdict(&token("{\"a\":1}", "{}")), "NO_MATCH");
}

/// A part that may vanish must not be mistaken for what stands beside it, wherever its text comes from.
#[test]
fn a_text_that_may_be_missing_has_one_reading() {
    let scheme = scheme(
        r#"
        signature = "header:s"
        encoding = "hex"
        algorithm = "hmac-sha256"
        message = "{optional:id:<json:id>;}{optional:at:<header:at>;}{optional_lower:q:<query:q>;}."
        "#,
    );
    let seen = |body: &str, at: &str, url: &str, message: &str| {
        let mac = Keyed::new(Algorithm::HmacSha256, b"secret").unwrap();
        let signature = encoding::encode(Encoding::Hex, &mac.compute(&[message.as_bytes().into()]));
        let headers = [("s", signature.as_str()), ("at", at)];
        let delivery = Delivery { url, ..rig::post(&headers, body.as_bytes()) };
        let verdict = rig::check(&scheme, &["secret"], &delivery, &options(NOW));
        verdict.map_or_else(|failure| failure.code(), |_| "OK")
    };
    assert_eq!(seen(r#"{"id":7}"#, "8", "https://h/?q=Aß", "id:7;at:8;q:aß;."), "OK");
    assert_eq!(seen(r#"{"id":""}"#, "8", "https://h/?q=", "at:8;."), "OK", "an empty text is none");
    assert_eq!(seen("{}", "", "https://h/", "."), "OK");
    assert_eq!(seen("{}", "8", "https://h/", "."), "NO_MATCH", "what is there is signed");
    assert_eq!(seen(r#"{"id":"7;at:8"}"#, "", "https://h/", "id:7;at:8;."), "MALFORMED_FIELD");
    assert_eq!(seen("{}", "8;q:1", "https://h/", "at:8;q:1;."), "MALFORMED_FIELD");
    assert_eq!(seen("{}", "", "https://h/?q=1;.", "q:1;.;."), "MALFORMED_FIELD");
    assert_eq!(seen(r#"{"id":{}}"#, "8", "https://h/", "at:8;."), "MALFORMED_BODY", "the sender sent no object");
    assert_eq!(scheme.headers_read(), Some(["at", "s"].map(String::from).into()));
    assert!(!scheme.body_authenticated());
}

/// Whoever signs by a plain hash proves less than by a MAC, whichever the hash is.
#[test]
fn a_plain_hash_never_counts_as_covering_the_body() {
    let body = b"{}";
    for algorithm in ["sha1", "sha256"] {
        for message in ["{secret}{body}", "{body}{secret}"] {
            let scheme = scheme(&format!(
                "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"{algorithm}\"\nmessage = \"{message}\""
            ));
            let signed = sign(&scheme, "secret", &rig::post(&[], body), None, &options(NOW)).unwrap();
            let headers = [("s", signed.value.as_str())];
            assert!(rig::check(&scheme, &["other", "secret"], &rig::post(&headers, body), &options(NOW)).is_ok());
            assert_eq!(code(&scheme, &["other"], &headers, body), "NO_MATCH");
            assert!(!scheme.body_authenticated(), "{algorithm} {message}");
        }
    }
}
