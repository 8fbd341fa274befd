//! P34 to P41: ids, URLs, items, what isn't covered, tokens.

use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, GITHUB, NOW, STANDARD, WHSEC, borrowed, code, scheme, setting, signed};
use crate::webhook::{
    Delivery, Scheme,
    algorithm::{Algorithm, Encoding},
    mac::Keyed,
    sign, text,
};

#[test]
fn p34_the_id_comes_with_the_proof_alone() {
    let scheme = scheme(STANDARD);
    let headers = signed(&scheme, WHSEC, b"{}");
    let headers = borrowed(&headers);
    let good = rig::check(&scheme, &[WHSEC], &rig::post(&headers, b"{}"), &setting(NOW)).unwrap();
    assert_eq!(good.event_id.as_deref(), Some("msg_1"));
    assert!(scheme.event_id_signed());
    // Where there is no id, the signed message is known by its key, and only that one.
    let plain = rig::scheme(&format!("{GITHUB}\nevent_id = \"header:x-github-delivery\""));
    assert!(!plain.event_id_signed(), "anybody can give a delivery another id");
    let key = |body: &[u8], id: &str| {
        let mut headers = signed(&plain, "secret", body);
        headers.retain(|(name, _)| name != "x-github-delivery");
        headers.push(("x-github-delivery".into(), id.into()));
        let headers = borrowed(&headers);
        rig::check(&plain, &["secret"], &rig::post(&headers, body), &setting(NOW)).unwrap().replay_keys
    };
    assert_eq!(key(b"{}", "1"), key(b"{}", "2"));
    assert_ne!(key(b"{}", "1"), key(b"[]", "1"));
}

#[test]
fn p35_an_id_with_a_dot_would_make_the_message_ambiguous() {
    let scheme = scheme(STANDARD);
    for id in ["a.b", "msg.1700000000", "."] {
        let signed = sign(&scheme, WHSEC, &rig::post(&[], b"{}"), Some(id), &setting(NOW));
        assert_eq!(signed.unwrap_err().code(), "MALFORMED_FIELD", "{id}");
        let headers = signed_as(&scheme, id);
        assert_eq!(code(&scheme, &[WHSEC], &borrowed(&headers), b"{}"), "MALFORMED_FIELD", "{id}");
    }
}

/// Replicate's verifiers look at no time: then its text must be one all the same.
#[test]
fn p35_a_timestamp_that_is_not_enforced_can_not_swallow_the_body() {
    for message in ["{timestamp}.{body}", "{timestamp}{body}"] {
        let scheme = scheme(&format!(
            "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nmessage = \"{message}\"\n\
             timestamp = {{ at = \"header:t\", enforce = false }}"
        ));
        let body = b"{\"a\":1}.{\"b\":2}";
        let headers = signed(&scheme, "secret", body);
        assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), body), "VALID");
        let (signature, time) = (rig::value(&headers, "s"), rig::value(&headers, "t"));
        let dot = if message.contains('.') { "." } else { "" };
        let swallowed = format!("{time}{dot}{{\"a\":1}}{}", if dot.is_empty() { "." } else { "" });
        let headers = [("s", signature), ("t", swallowed.as_str())];
        assert_eq!(code(&scheme, &["secret"], &headers, b"{\"b\":2}"), "MALFORMED_TIMESTAMP", "{message}");
    }
}

fn signed_as(scheme: &Scheme, id: &str) -> Vec<(String, String)> {
    let mut headers = signed(scheme, WHSEC, b"{}");
    headers.retain(|(name, _)| name != "webhook-id");
    headers.push(("webhook-id".into(), id.into()));
    headers
}

#[test]
fn p36_the_url_is_the_one_that_is_registered_and_nothing_is_made_nicer() {
    let scheme =
        scheme("signature = \"header:s\"\nencoding = \"base64\"\nalgorithm = \"hmac-sha1\"\nmessage = \"{url}{body}\"");
    let url = "https://user:pw@example.com/a/?b='1'&a=2";
    let delivery = Delivery { url, ..rig::post(&[], b"{}") };
    let signed = sign(&scheme, "secret", &delivery, None, &setting(NOW)).unwrap();
    let headers = [("s", signed.value.as_str()), ("host", "evil.example")];
    let with = |url: &str| {
        let delivery = Delivery { url, headers: &headers, ..delivery };
        rig::check(&scheme, &["secret"], &delivery, &setting(NOW)).is_ok()
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
    // A sender that isn't sure of the port says so in its scheme.
    let ports = rig::scheme(
        "signature = \"header:s\"\nencoding = \"base64\"\nalgorithm = \"hmac-sha1\"\n\
         message = [\"{url}{body}\", \"{url_with_port}{body}\", \"{url_without_port}{body}\"]",
    );
    for (signed_url, seen) in [("https://h:443/a", "https://h/a"), ("https://h/a", "https://h:443/a")] {
        let delivery = Delivery { url: signed_url, ..rig::post(&[], b"{}") };
        let signed = sign(&ports, "secret", &delivery, None, &setting(NOW)).unwrap();
        let headers = [("s", signed.value.as_str())];
        let delivery = Delivery { url: seen, headers: &headers, ..delivery };
        assert!(rig::check(&ports, &["secret"], &delivery, &setting(NOW)).is_ok(), "{seen}");
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

const ADYEN: &str = r#"
    each = "json:notificationItems[].NotificationRequestItem"
    signature = "json:additionalData.hmacSignature"
    encoding = "base64"
    algorithm = "hmac-sha256"
    key = "hex"
    message = "{json_or_empty:pspReference}:{json_or_empty:originalReference}:{json_or_empty:amount.value}"
"#;

#[test]
fn p38_every_item_must_be_good() {
    let scheme = scheme(ADYEN);
    let item = |key: &[u8], reference: &str, value: u32| {
        let keyed = Keyed::new(Algorithm::HmacSha256, key).unwrap();
        let mac = keyed.compute(&[format!("{reference}::{value}").into_bytes().into()]);
        let signature = text::encode(Encoding::Base64, &mac);
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
    let signed = sign(&mailgun, "secret", &rig::post(&[], unsigned.as_bytes()), None, &setting(NOW)).unwrap();
    assert!(signed.headers.is_empty(), "the signature's place is the body's own");
    for data in ["1", "2"] {
        let body = body(&signed.value, data);
        let good = rig::check(&mailgun, &["secret"], &rig::post(&[], body.as_bytes()), &setting(NOW)).unwrap();
        assert!(!good.body_authenticated && good.event_id.as_deref() == Some("abc"));
    }
    // One of two messages without the body is enough to cover nothing.
    let either = scheme(&format!("{GITHUB}\nmessage = [\"{{body}}\", \"{{header:x}}\"]"));
    assert!(!either.body_authenticated());
}

#[test]
fn p40_keys_and_certificates_are_never_taken_from_a_delivery() {
    // There is no axis for it: a key's place is refused like any unknown axis.
    for axis in ["cert_url", "key_url", "jku", "x5u"] {
        let text = format!("{GITHUB}\n{axis} = \"header:paypal-cert-url\"");
        assert!(toml::from_str::<Scheme>(&text).unwrap_err().to_string().contains("unknown here"), "{axis}");
    }
    // And what a token says of its own key is no matter.
    let scheme = scheme("signature = \"header:a\"\nalgorithm = \"jws-hs256\"");
    let head = r#"{"alg":"HS256","jku":"https://evil.example/","jwk":{"kty":"oct","k":"ZXZpbA"},"kid":"../evil"}"#;
    assert_eq!(code(&scheme, &["secret"], &[("a", &token(head, "{}", b"evil"))], b""), "NO_MATCH");
    assert_eq!(code(&scheme, &["secret"], &[("a", &token(head, "{}", b"secret"))], b""), "VALID");
}

fn token(head: &str, claims: &str, key: &[u8]) -> String {
    let part = |bytes: &[u8]| text::encode(Encoding::Base64Url, bytes);
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
    let hash = text::encode(Encoding::Base64Url, &crate::webhook::mac::sha256(&[b"{}".as_slice().into()]));
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
    // Not the signature of another token, nor none.
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
fn contentful_signs_the_headers_that_it_lists_and_the_timestamp_must_be_one() {
    let scheme = scheme(
        r#"
        signature = "header:x-contentful-signature"
        encoding = "hex"
        algorithm = "hmac-sha256"
        message = "{method}\n{path_and_query}\n{signed_headers:x-contentful-signed-headers}\n{body}"
        timestamp = { at = "header:x-contentful-timestamp", unit = "ms", past = 30 }
        "#,
    );
    assert!(scheme.replay_protected());
    let time = format!("{NOW}000");
    let sign = |list: &str| {
        let headers = [("X-Contentful-Signed-Headers", list), ("x-contentful-timestamp", &time), ("x-a", "1")];
        let delivery = Delivery { headers: &headers, ..rig::post(&[], b"{}") };
        let signed = crate::webhook::sign(&scheme, "secret", &delivery, None, &setting(NOW))?;
        let headers = [headers.as_slice(), &[("x-contentful-signature", &signed.value)]].concat();
        rig::check(&scheme, &["secret"], &Delivery { headers: &headers, ..delivery }, &setting(NOW))
    };
    assert!(sign("x-contentful-signed-headers,x-contentful-timestamp,X-A").is_ok());
    assert_eq!(sign("x-contentful-signed-headers,x-a").unwrap_err().code(), "MISSING_HEADER");
    assert_eq!(sign("x-contentful-timestamp,x-none").unwrap_err().code(), "MISSING_HEADER");
}

/// Of two signatures that a sender makes while a secret is replaced, anybody
/// can leave one out; of a batch anybody can repeat an item, turn it round, or
/// put items of several together.
#[test]
fn p34_a_delivery_has_its_replay_keys_however_it_is_presented() {
    let list = scheme(
        "signature = \"header:s\"\nsplit = \",\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\n\
         or = [{ encoding = \"base64\" }]",
    );
    let by = |secret: &str| rig::value(&signed(&list, secret, b"{}"), "s").to_string();
    let (old, new) = (by("old"), by("new"));
    let key = |signatures: &str, ask_above: usize| {
        let secrets = crate::webhook::Secrets::parse(&list, &["new", "old"]);
        let headers = [("s", signatures)];
        let asking = crate::webhook::Setting { ask_above, ..setting(NOW) };
        let delivery = rig::post(&headers, b"{}");
        rig::settle(crate::webhook::verify(&list, &secrets, &delivery, &asking)).unwrap().replay_keys
    };
    for ask_above in [0, usize::MAX] {
        let both = key(&format!("{old},{new}"), ask_above);
        assert_eq!(key(&old, ask_above), both);
        assert_eq!(key(&new, ask_above), both);
    }
    let adyen = scheme(ADYEN);
    let item = |reference: &str| {
        let mac = Keyed::new(Algorithm::HmacSha256, &[1; 32]).unwrap();
        let mac = mac.compute(&[format!("{reference}::").into_bytes().into()]);
        let signature = text::encode(Encoding::Base64, &mac);
        format!(
            "{{\"NotificationRequestItem\":{{\"additionalData\":{{\"hmacSignature\":\"{signature}\"}},\
             \"pspReference\":\"{reference}\"}}}}"
        )
    };
    let key = |items: &[&str]| {
        let items: Vec<String> = items.iter().map(|reference| item(reference)).collect();
        let body = format!("{{\"notificationItems\":[{}]}}", items.join(","));
        let secret = "01".repeat(32);
        let verified = rig::check(&adyen, &[&secret], &rig::post(&[], body.as_bytes()), &setting(NOW));
        verified.unwrap().replay_keys
    };
    assert_eq!(key(&["1", "1"]), key(&["1"]));
    assert_eq!(key(&["1", "2"]), key(&["2", "1"]));
    let apart = [key(&["1"]), key(&["2"])].concat();
    let mut together = key(&["1", "2"]);
    assert_eq!(together.len(), 2);
    together.sort_by_key(|key| apart.iter().position(|other| other == key));
    assert_eq!(together, apart, "each item has the key that it has by itself");
}

/// The id serves where it is signed, else the hash of what is; where nothing is
/// signed, the id at least tells the sender's own retries.
#[test]
fn p34_what_is_remembered_is_what_only_the_sender_can_change() {
    let keys = |axes: &str, id: &str, body: &[u8]| {
        let scheme = scheme(&format!("signature = \"header:s\"\nencoding = \"hex\"\n{axes}"));
        let headers = [("id", id)];
        let signature = crate::webhook::sign(&scheme, "secret", &rig::post(&headers, body), None, &setting(NOW));
        let headers = [("id", id), ("s", &signature.unwrap().value)];
        rig::check(&scheme, &["secret"], &rig::post(&headers, body), &setting(NOW)).unwrap().replay_keys
    };
    let signed = "algorithm = \"hmac-sha256\"\nmessage = \"{header_or_empty:id}.{body}\"\nevent_id = \"header:id\"";
    assert_eq!(keys(signed, "1", b"a"), keys(signed, "1", b"b"));
    assert_ne!(keys(signed, "1", b"a"), keys(signed, "2", b"a"));
    assert_ne!(keys(signed, "", b"a"), keys(signed, "", b"b"), "without an id");
    let beside = "algorithm = \"hmac-sha256\"\nevent_id = \"header:id\"";
    assert_eq!(keys(beside, "1", b"a"), keys(beside, "2", b"a"));
    assert_ne!(keys(beside, "1", b"a"), keys(beside, "1", b"b"));
    let unsigned = "algorithm = \"equality\"\nevent_id = \"header:id\"".replace("\nencoding = \"hex\"", "");
    assert_eq!(keys(&unsigned, "1", b"a"), keys(&unsigned, "1", b"b"));
    assert_eq!(keys(&unsigned, "", b"a"), Vec::<String>::new());
}

/// A receiver that matches names without case could read the other one.
#[test]
fn p38_a_name_in_another_case_is_refused_where_the_body_is_not_covered() {
    let secret = "01".repeat(32);
    let item = |more: &str| {
        let mac = Keyed::new(Algorithm::HmacSha256, &[1; 32]).unwrap().compute(&[b"7914::"[..].into()]);
        let signature = text::encode(Encoding::Base64, &mac);
        format!(
            "{{\"NotificationRequestItem\":{{\"additionalData\":{{\"hmacSignature\":\"{signature}\"}},\
             \"pspReference\":\"7914\"{more}}}}}"
        )
    };
    let adyen = scheme(ADYEN);
    let code = |body: String| code(&adyen, &[&secret], &[], body.as_bytes());
    assert_eq!(code(format!("{{\"notificationItems\":[{}]}}", item(""))), "VALID");
    for more in [",\"PspReference\":\"1\"", ",\"pſpReference\":\"1\"", ",\"AMOUNT\":{\"value\":5}"] {
        assert_eq!(code(format!("{{\"notificationItems\":[{}]}}", item(more))), "MALFORMED_BODY", "{more}");
    }
    let twice = format!("{{\"notificationItems\":[{}],\"NotificationItems\":[]}}", item(""));
    assert_eq!(code(twice), "MALFORMED_BODY");

    let form = scheme(
        "signature = \"form:signature\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\n\
         message = \"{form:timestamp}{form:token}\"",
    );
    let mac = Keyed::new(Algorithm::HmacSha256, b"secret").unwrap().compute(&[b"1a"[..].into()]);
    let mac = text::to_hex(&mac);
    let code = |more: &str| {
        let body = format!("timestamp=1&token=a&signature={mac}{more}");
        rig::code(&form, &["secret"], &[], body.as_bytes())
    };
    assert_eq!([code(""), code("&other=1"), code("&Token=b")], ["VALID", "VALID", "MALFORMED_BODY"]);

    let whole =
        scheme("signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nevent_id = \"json:id\"");
    let body = b"{\"id\":\"1\",\"Id\":\"2\"}";
    let headers = signed(&whole, "secret", body);
    assert_eq!(rig::code(&whole, &["secret"], &borrowed(&headers), body), "VALID", "the sender's own");
}

/// Who shifts the border between a header and what is beside it in the message
/// has other texts under the same signature.
#[test]
fn p35_a_header_beside_the_body_can_not_take_a_part_of_it() {
    let of = |message: &str| {
        scheme(&format!(
            "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nmessage = \"{message}\""
        ))
    };
    let plain = of("{body}");
    let by = |text: &str| rig::value(&signed(&plain, "secret", text.as_bytes()), "s").to_string();
    let code = |message: &str, signature: &str, header: &str, body: &str| {
        code(&of(message), &["secret"], &[("s", signature), ("t", header)], body.as_bytes())
    };
    let before = by("1700000000{\"a\":1}");
    assert_eq!(code("{header:t}{body}", &before, "1700000000", "{\"a\":1}"), "VALID");
    assert_eq!(code("{header:t}{body}", &before, "1700000000{\"a\":1}", ""), "MALFORMED_FIELD");
    let after = by("{\"a\":1}1700000000");
    assert_eq!(code("{body}{header:t}", &after, "1700000000", "{\"a\":1}"), "VALID");
    assert_eq!(code("{body}{header:t}", &after, "{\"a\":1}1700000000", ""), "MALFORMED_FIELD");
    let dot = by("1.{}.{}");
    assert_eq!(code("{header_or_empty:t}.{body}", &dot, "1", "{}.{}"), "VALID");
    assert_eq!(code("{header_or_empty:t}.{body}", &dot, "1.{}", "{}"), "MALFORMED_FIELD");
}

/// The origin reads a list or an object where nothing was signed.
#[test]
fn p38_an_object_is_not_nothing() {
    let adyen = scheme(&ADYEN.replace("each = \"json:notificationItems[].NotificationRequestItem\"", ""));
    let mac = Keyed::new(Algorithm::HmacSha256, &[1; 32]).unwrap().compute(&[b"7914::5"[..].into()]);
    let signature = text::encode(Encoding::Base64, &mac);
    let secret = "01".repeat(32);
    let code = |original: &str| {
        let body = format!(
            "{{\"additionalData\":{{\"hmacSignature\":\"{signature}\"}},\"pspReference\":\"7914\",{original}\
             \"amount\":{{\"value\":5}}}}"
        );
        code(&adyen, &[&secret], &[], body.as_bytes())
    };
    assert_eq!(code(""), "VALID");
    assert_eq!(code("\"originalReference\":null,"), "VALID");
    assert_eq!(code("\"originalReference\":[\"forged\"],"), "MALFORMED_BODY");
    assert_eq!(code("\"originalReference\":{\"a\":1},"), "MALFORMED_BODY");
}

/// The type of the content is not signed: with another one, the same fields
/// could come beside files and fields that no signature covers.
#[test]
fn p37_a_signed_form_is_urlencoded() {
    let text = "signature = \"header:s\"\nencoding = \"base64\"\nalgorithm = \"hmac-sha1\"\nmessage = ";
    let form = scheme(&format!("{text}\"{{url}}{{sorted_form}}\""));
    let headers = signed(&form, "secret", b"Body=hello");
    let part = |head: &str, text: &str| format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n");
    for forged in ["name=\"Body\"; filename=\"f\"", "name=\"Body\"; x=\"; filename=y\""] {
        let body = format!("{}{}--x--\r\n", part(forged, "forged"), part("name=\"Body\"", "hello"));
        let headers = [borrowed(&headers), [("content-type", "multipart/form-data; boundary=x")].to_vec()].concat();
        assert_eq!(code(&form, &["secret"], &headers, body.as_bytes()), "MALFORMED_BODY", "{forged}");
    }
}

/// Which place is signed depends on where the document stands.
#[test]
fn p34_a_document_beside_the_body_is_not_signed_by_the_body() {
    let scheme = scheme(
        "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\ndocument = \"header:meta\"\n\
         timestamp = { at = \"json:time\" }\nevent_id = \"json:id\"",
    );
    assert!(scheme.body_authenticated() && !scheme.event_id_signed() && !scheme.replay_protected());
}
