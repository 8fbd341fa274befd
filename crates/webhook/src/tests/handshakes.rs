//! Handshakes, with P42 to P44.

use std::{format, string::String};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, GITHUB, NOW, SLACK, borrowed, code, options, scheme, signed};
use crate::{Delivery, Failure, Options, Scheme, Secrets, handshake::Answer, verify};

fn answer(scheme: &Scheme, delivery: &Delivery<'_>, options: &Options<'_>) -> Option<Result<Answer, Failure>> {
    let secrets = Secrets::parse(scheme, &["secret"]);
    let request = scheme.handshake(delivery, options)?;
    let verified = rig::settle(verify(scheme, &secrets, delivery, options)).ok();
    Some(request.answer(&secrets, delivery, options, verified.as_ref().filter(|_| request.needs_verification())))
}

fn get<'a>(url: &'a str) -> Delivery<'a> {
    Delivery { method: "GET", url, headers: &[], body: b"" }
}

fn x() -> Scheme {
    scheme(
        r#"
        signature = "header:x-twitter-webhooks-signature"
        prefix = "sha256="
        encoding = "base64"
        algorithm = "hmac-sha256"
        [[handshake]]
        when = { method = "GET", at = "query:crc_token" }
        signed = false
        response = { of = "{query:crc_token}", encoding = "base64" }
        answer = { json = { response_token = "sha256={response}" } }
        "#,
    )
}

#[test]
fn p42_a_handshake_is_no_oracle_for_signatures() {
    let x = x();
    let crc = |token: &str| answer(&x, &get(&format!("https://h/?crc_token={token}")), &options(NOW)).unwrap();
    let good = crc("OGQ0MWU4Zj-_~.c3NpZ24%3D").unwrap();
    assert_eq!(good.status, 200);
    assert!(good.body.starts_with("{\"response_token\":\"sha256="), "{}", good.body);
    // Nothing that could be a body, a form or a message with a time is signed.
    let long = "a".repeat(129);
    let forged = [
        "%7B%22event%22%3A1%7D",
        "%5B%5D",
        "a%20b",
        "a%3Db%26c",
        "v0:1:%7B%7D",
        "%22a%22",
        "a,b",
        "",
        "a%0A",
        "a=b=",
        "%FF",
        &long,
        "a===",
    ];
    for token in forged {
        assert_eq!(crc(token).unwrap_err().code(), "MALFORMED_FIELD", "{token}");
    }
    // And the answer is of no use as a signature, since a token is never accepted as a message.
    for token in ["abc", "123", "true", "dGVzdA=="] {
        let response = crc(&token.replace('=', "%3D")).unwrap().body;
        let signature = response.split('"').nth(3).unwrap();
        let headers = [("x-twitter-webhooks-signature", signature)];
        assert_eq!(code(&x, &["secret"], &headers, token.as_bytes()), "NO_MATCH", "{token}");
    }
    let headers = signed(&x, "secret", b"{\"a\":1}");
    assert_eq!(code(&x, &["secret"], &borrowed(&headers), b"{\"a\":1}"), "VALID");
}

#[test]
fn p42_zoom_is_answered_only_if_its_own_signature_is_good() {
    let zoom = scheme(
        &(SLACK
            .replace("x-slack-signature", "x-zm-signature")
            .replace("x-slack-request-timestamp", "x-zm-request-timestamp")
            + r#"
        [[handshake]]
        when = { method = "POST", at = "json:event", is = "endpoint.url_validation" }
        response = { of = "{json:payload.plainToken}" }
        answer = { json = { plainToken = "{json:payload.plainToken}", encryptedToken = "{response}" } }
        "#),
    );
    let body = br#"{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}"#;
    let headers = signed(&zoom, "secret", body);
    let headers = borrowed(&headers);
    let good = answer(&zoom, &rig::post(&headers, body), &options(NOW)).unwrap().unwrap();
    assert!(
        good.body.starts_with("{\"encryptedToken\":\"") && good.body.contains("\"plainToken\":\"qgg8"),
        "{}",
        good.body
    );
    assert_eq!(answer(&zoom, &rig::post(&[], body), &options(NOW)), Some(Err(Failure::NoMatch)));
    let late = answer(&zoom, &rig::post(&headers, body), &options(NOW + 301));
    assert_eq!(late, Some(Err(Failure::NoMatch)));
    assert_eq!(answer(&zoom, &rig::post(&headers, b"{\"event\":\"other\"}"), &options(NOW)), None);
}

#[test]
fn p43_what_is_repeated_is_plain_text_and_for_who_knows_the_token() {
    let meta = scheme(&format!(
        "{GITHUB}\nparams = [\"verify_token\"]\n[[handshake]]\n\
         when = {{ method = \"GET\", at = \"query:hub.mode\", is = \"subscribe\" }}\nsigned = false\n\
         token = {{ at = \"query:hub.verify_token\", is = \"{{param:verify_token}}\" }}\n\
         answer = {{ body = \"{{query:hub.challenge}}\" }}"
    ));
    let options = Options { params: &[("verify_token", "t0ken")], ..options(NOW) };
    let ask = |query: &str| answer(&meta, &get(&format!("https://h/?{query}")), &options);
    let good = ask("hub.mode=subscribe&hub.verify_token=t0ken&hub.challenge=%3Cb%3E1").unwrap().unwrap();
    assert_eq!(good.body, "<b>1");
    let header = |name: &str| good.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    assert_eq!(header("content-type"), Some("text/plain"));
    assert_eq!(header("x-content-type-options"), Some("nosniff"));
    for token in ["t0ke", "t0kenn", "", "T0KEN"] {
        let query = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1");
        assert_eq!(ask(&query), Some(Err(Failure::NoMatch)), "{token}");
    }
    assert_eq!(ask("hub.mode=subscribe&hub.challenge=1").unwrap().unwrap_err().code(), "MISSING_FIELD");
    assert_eq!(ask("hub.mode=unsubscribe&hub.verify_token=t0ken&hub.challenge=1"), None);
    let unset =
        answer(&meta, &get("https://h/?hub.mode=subscribe&hub.verify_token=&hub.challenge=1"), &rig::options(NOW));
    assert_eq!(unset.unwrap().unwrap_err().code(), "CONFIGURATION", "no token is no token");
}

#[test]
fn p43_json_and_headers_can_not_be_broken_out_of() {
    let scheme = scheme(&format!(
        "{GITHUB}\n[[handshake]]\nwhen = {{ at = \"json:challenge\" }}\nsigned = false\n\
         answer = {{ json = {{ challenge = \"{{json:challenge}}\" }}, header = {{ x-hook = \"{{json:hook}}\" }} }}"
    ));
    let ask = |body: &str| answer(&scheme, &rig::post(&[], body.as_bytes()), &options(NOW)).unwrap();
    let good = ask(r#"{"challenge":"a\",\"b\":\"\\\n\u0000","hook":"h"}"#).unwrap();
    let parsed: serde_json::Value = serde_json::from_str(&good.body).unwrap();
    assert_eq!(parsed, serde_json::json!({ "challenge": "a\",\"b\":\"\\\n\0" }));
    assert_eq!(ask(r#"{"challenge":"a","hook":"a\r\nset-cookie: b"}"#).unwrap_err().code(), "MALFORMED_FIELD");
}

#[test]
fn p44_ebays_response_is_the_hash_of_challenge_token_and_url_in_this_order() {
    let ebay = scheme(&format!(
        "{GITHUB}\nparams = [\"token\"]\n[[handshake]]\nwhen = {{ method = \"GET\", at = \"query:challenge_code\" }}\n\
         signed = false\nresponse = {{ algorithm = \"sha256\", of = \"{{query:challenge_code}}{{param:token}}\
         {{url_without_query}}\" }}\nanswer = {{ json = {{ challengeResponse = \"{{response}}\" }} }}"
    ));
    let options = Options { params: &[("token", "token")], ..options(NOW) };
    let good = answer(&ebay, &get("https://h/a?challenge_code=c"), &options).unwrap().unwrap();
    let hash = crate::mac::sha256(&[b"ctokenhttps://h/a".as_slice().into()]);
    let expected: String = crate::encoding::to_hex(&hash);
    assert_eq!(good.body, format!("{{\"challengeResponse\":\"{expected}\"}}"));
}

#[test]
fn what_needs_no_secret_is_answered_before_there_is_one_and_the_secret_that_is_told_is_found() {
    let notion = scheme(&format!(
        "{GITHUB}\n[[handshake]]\nwhen = {{ method = \"POST\", at = \"json:token\" }}\nsigned = false\n\
         tells = \"json:token\"\nanswer = {{ status = 200 }}"
    ));
    let none = Secrets::parse(&notion, &[] as &[&str]);
    let told = |body: &str| {
        let delivery = rig::post(&[], body.as_bytes());
        let request = notion.handshake(&delivery, &options(NOW)).unwrap();
        assert!(!request.needs_secret() && !request.needs_verification());
        assert_eq!(request.answer(&none, &delivery, &options(NOW), None).unwrap().status, 200);
        request.told(&delivery, &options(NOW)).map_err(|failure| failure.code())
    };
    assert_eq!(told(r#"{"token":"secret_1"}"#), Ok(Some("secret_1".into())));
    let (longest, longer) = ("x".repeat(512), "x".repeat(513));
    assert_eq!(told(&format!(r#"{{"token":"{longest}"}}"#)), Ok(Some(longest)));
    for bad in ["", "a b", "a\\n", "\\u0000", "é", &longer] {
        assert_eq!(told(&format!(r#"{{"token":"{bad}"}}"#)), Err("MALFORMED_FIELD"), "{bad}");
    }
    // An answer that is signed, or only given to the sender, needs the secret.
    let x = x();
    let crc = get("https://h/?crc_token=abc");
    let request = x.handshake(&crc, &options(NOW)).unwrap();
    assert!(request.needs_secret());
    assert_eq!(request.told(&crc, &options(NOW)), Ok(None));
    let none = Secrets::parse(&x, &[] as &[&str]);
    assert_eq!(request.answer(&none, &crc, &options(NOW), None).unwrap_err().code(), "CONFIGURATION");
}
