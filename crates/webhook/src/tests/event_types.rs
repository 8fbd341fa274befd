//! The type of an event: where it stands, and how much it can be trusted.

use std::{
    format,
    string::{String, ToString as _},
};

use serde_json::json;

use super::rig::{ADYEN, GITHUB, NOW, STRIPE, check, options, post, scheme};
use crate::{Delivery, Scheme, algorithm::Algorithm, algorithm::Encoding, encoding, mac::Keyed};

fn mac(key: &[u8], message: &str, form: Encoding) -> String {
    let keyed = Keyed::new(Algorithm::HmacSha256, key).unwrap();
    encoding::encode(form, &keyed.compute(&[message.as_bytes().into()]))
}

fn with_type(text: &str, place: &str) -> Scheme {
    scheme(&format!("{text}\nevent_type = \"{place}\""))
}

/// The type of a genuine delivery with one more header.
fn type_of(scheme: &Scheme, header: (&str, &str), body: &str) -> Option<String> {
    let signature = format!("sha256={}", mac(b"secret", body, Encoding::Hex));
    let headers = [("x-hub-signature-256", signature.as_str()), header];
    let delivery = post(&headers, body.as_bytes());
    let stated = scheme.stated_event_type(&delivery, &options(NOW));
    let verified = check(scheme, &["secret"], &delivery, &options(NOW)).unwrap();
    assert_eq!(stated, verified.event_type, "what is stated is what is verified");
    verified.event_type
}

#[test]
fn the_type_stands_where_the_scheme_says() {
    let by_header = with_type(GITHUB, "header:x-github-event");
    assert_eq!(type_of(&by_header, ("X-GitHub-Event", "push"), "{}").as_deref(), Some("push"));
    assert_eq!(type_of(&by_header, ("x-other", "push"), "{}"), None);
    assert_eq!(type_of(&scheme(GITHUB), ("x-github-event", "push"), "{}"), None, "no place is said");

    let by_body = with_type(GITHUB, "json:event.type");
    let typed = r#"{"event":{"type":"invoice.paid"}}"#;
    assert_eq!(type_of(&by_body, ("x", "y"), typed).as_deref(), Some("invoice.paid"));
    for none in ["{}", r#"{"event":{"type":""}}"#, r#"{"event":{"type":{}}}"#, "no JSON", ""] {
        assert_eq!(type_of(&by_body, ("x", "y"), none), None, "{none}");
    }
    let twice = r#"{"event":{"type":"a","type":"b"}}"#;
    assert_eq!(type_of(&by_body, ("x", "y"), twice), None, "others would read the second");
    let of_512 = "t".repeat(512);
    assert_eq!(type_of(&by_header, ("x-github-event", &of_512), "{}"), Some(of_512.clone()));
    assert_eq!(type_of(&by_header, ("x-github-event", &format!("{of_512}t")), "{}"), None);
}

#[test]
fn a_type_is_authenticated_if_it_is_signed() {
    assert!(!with_type(GITHUB, "header:x-github-event").event_type_authenticated());
    assert!(with_type(GITHUB, "json:action").event_type_authenticated());
    assert!(with_type(STRIPE, "json:type").event_type_authenticated());
    assert!(!with_type(ADYEN, "json:eventCode").event_type_authenticated(), "not among the signed fields");
    assert!(with_type(ADYEN, "json:pspReference").event_type_authenticated());
    assert!(!scheme(GITHUB).event_type_authenticated());
}

#[test]
fn a_batch_has_a_type_if_all_its_items_have_it() {
    let scheme = with_type(ADYEN, "json:eventCode");
    let key = "0a".repeat(32);
    let batch = |codes: &[&str]| {
        let item = |code: &&str| {
            let id = format!("psp-{code}");
            let signature = mac(&[10; 32], &format!("{id}::"), Encoding::Base64);
            json!({ "NotificationRequestItem": {
                "pspReference": id, "eventCode": code, "additionalData": { "hmacSignature": signature },
            } })
        };
        json!({ "notificationItems": codes.iter().map(item).collect::<serde_json::Value>() }).to_string()
    };
    let type_of = |codes: &[&str]| {
        let body = batch(codes);
        let delivery = Delivery { method: "POST", url: "", headers: &[], body: body.as_bytes() };
        assert_eq!(scheme.stated_event_type(&delivery, &options(NOW)), None, "a batch states no type of its own");
        check(&scheme, &[&key], &delivery, &options(NOW)).unwrap().event_type
    };
    assert_eq!(type_of(&["REFUND"]).as_deref(), Some("REFUND"));
    assert_eq!(type_of(&["REFUND", "REFUND"]).as_deref(), Some("REFUND"));
    assert_eq!(type_of(&["REFUND", "CAPTURE"]), None);
}

#[test]
fn a_place_that_holds_no_single_text_is_refused() {
    for place in ["body", "json:a[].b", "field:t", "claim:type", "header:x-#"] {
        let value = json!({
            "signature": "header:x", "encoding": "hex", "algorithm": "hmac-sha256", "event_type": place,
        });
        let mistakes = Scheme::from_value(value).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.at == "event_type"), "{place}: {mistakes}");
    }
    assert_eq!(with_type(GITHUB, "json:a").headers_read().unwrap(), ["x-hub-signature-256"]);
    let by_header = with_type(GITHUB, "header:X-GitHub-Event");
    assert_eq!(by_header.headers_read().unwrap(), ["x-github-event", "x-hub-signature-256"]);
    assert_eq!(by_header.to_value()["event_type"], "header:x-github-event");
}
