//! The deliveries that senders published, by the entries of the registry. `vectors.json` names the source of each.

use core::time::Duration;
use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::*;
use crate::{Delivery, Failure, Options, Verified, tests::rig};

/// A published delivery, taken out of the file.
struct Published<'a> {
    vector: &'a Value,
    headers: Vec<(&'a str, &'a str)>,
    params: Vec<(&'a str, &'a str)>,
    body: Vec<u8>,
}

impl<'a> Published<'a> {
    fn of(vector: &'a Value) -> Self {
        let texts = |name: &str| -> Vec<(&'a str, &'a str)> {
            let members = vector[name].as_object().into_iter().flatten();
            members.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
        };
        let body = match vector["body"].as_str() {
            Some(body) => body.as_bytes().to_vec(),
            None => STANDARD.decode(vector["body_base64"].as_str().unwrap()).unwrap(),
        };
        Self { vector, headers: texts("headers"), params: texts("params"), body }
    }

    fn text(&self, name: &str) -> &'a str {
        self.vector[name].as_str().unwrap_or_default()
    }

    fn provider(&self) -> &'static Provider {
        provider(self.text("provider")).unwrap_or_else(|| panic!("{}", self.text("provider")))
    }

    fn secrets(&self) -> Vec<&'a str> {
        self.vector["secrets"].as_array().unwrap().iter().map(|secret| secret.as_str().unwrap()).collect()
    }

    /// Judges the delivery, with another body if one is given.
    fn judge<T>(&self, body: Option<&[u8]>, see: impl FnOnce(&Scheme, &Delivery<'_>, &Options<'_>) -> T) -> T {
        let delivery = Delivery {
            method: self.vector["method"].as_str().unwrap_or("POST"),
            url: self.text("url"),
            headers: &self.headers,
            body: body.unwrap_or(&self.body),
        };
        let now = Duration::from_secs(self.vector["now"].as_u64().unwrap());
        see(&self.provider().scheme, &delivery, &Options { params: &self.params, ..Options::at(now) })
    }

    fn verdict(&self, body: Option<&[u8]>) -> Result<Verified, Failure> {
        self.judge(body, |scheme, delivery, options| rig::check(scheme, &self.secrets(), delivery, options))
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors.json")).unwrap()
}

#[test]
fn published_deliveries_have_the_verdict_that_their_source_says() {
    let document = vectors();
    let mut wrong = Vec::new();
    for vector in document["vectors"].as_array().unwrap() {
        let published = Published::of(vector);
        let Some(expected) = vector["expect"].as_str() else { continue };
        // Without the tables or the inflater the engine asks for what it lacks.
        if cfg!(not(feature = "gzip")) && published.provider().scheme.unpacks()
            || cfg!(not(feature = "nfkd")) && !published.secrets().iter().all(|secret| secret.is_ascii())
        {
            continue;
        }
        let verdict = published.verdict(None);
        let code = verdict.as_ref().map_or_else(Failure::code, |_| "OK");
        let as_expected = if expected == "refused" { code != "OK" } else { code == expected };
        if !as_expected {
            wrong.push(format!("{}: {code}, not {expected}", published.text("id")));
        }
        if let (Err(failure), Some(status)) = (&verdict, vector["status"].as_u64()) {
            assert_eq!(u64::from(published.provider().scheme.status_of(failure)), status, "{}", published.text("id"));
        }
        // Nothing near it is genuine.
        if verdict.is_ok_and(|verified| verified.body_authenticated) {
            let other = [published.body.as_slice(), b" "].concat();
            assert!(published.verdict(Some(&other)).is_err(), "{}", published.text("id"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The types of the genuine deliveries that vendors published.
#[test]
fn published_events_have_their_type_where_the_registry_says() {
    let document = vectors();
    let mut types = BTreeSet::new();
    for vector in document["vectors"].as_array().unwrap().iter().filter(|vector| vector["published"] == true) {
        let published = Published::of(vector);
        if published.verdict(None).is_err() {
            continue;
        }
        // Some vendors published a signature over a text that is no event.
        if let Some(event_type) = published.verdict(None).unwrap().event_type {
            types.insert(format!("{} {event_type}", published.text("provider")));
        }
    }
    let expected = [
        "adyen AUTHORISATION",
        "adyen-platforms merchant.created",
        "authorize-net net.authorize.payment.authcapture.created",
        "box FILE.UPLOADED",
        "easypost tracker.updated",
        "ebay MARKETPLACE_ACCOUNT_DELETION",
        "greenhouse ping",
        "onfido check.completed",
        "openai response.completed",
        "paddle customer.created",
        "paypal PAYMENT.SALE.COMPLETED",
        "razorpay payment.authorized",
        "retell call_ended",
    ];
    assert_eq!(types.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn published_handshakes_are_answered_as_their_source_says() {
    let document = vectors();
    let mut seen = Vec::new();
    for vector in document["vectors"].as_array().unwrap().iter().filter(|vector| !vector["answer"].is_null()) {
        let published = Published::of(vector);
        published.judge(None, |scheme, delivery, options| {
            let secrets = Secrets::parse(scheme, &published.secrets());
            let request = scheme.handshake(delivery, options).unwrap_or_else(|| panic!("{}", published.text("id")));
            let verified = request.needs_verification().then(|| published.verdict(None).unwrap());
            let answer = request.answer(&secrets, delivery, options, verified.as_ref()).unwrap();
            assert_eq!(u64::from(answer.status), vector["answer"]["status"].as_u64().unwrap());
            assert_eq!(answer.body, vector["answer"]["body"].as_str().unwrap());
        });
        seen.push(published.text("provider"));
    }
    let expected = [
        "braintree",
        "woocommerce",
        "notion",
        "mandrill",
        "azure-event-grid",
        "azure-event-grid-cloudevents",
        "linkedin",
        "front",
        "nylas",
        "okta",
        "ebay",
    ];
    assert_eq!(seen, expected);
}

/// A shop's delivery about a form's text is no ping, though its body could be read as one.
#[test]
fn a_signed_delivery_is_never_taken_for_a_ping() {
    let scheme = &provider("woocommerce").unwrap().scheme;
    let options = Options::at(Duration::ZERO);
    let handshake = |headers: &[(&str, &str)], body: &str| {
        let delivery = Delivery { method: "POST", url: "", headers, body: body.as_bytes() };
        scheme.handshake(&delivery, &options).is_some()
    };
    let event = r#"{"url":"https://shop.example/?a=1&webhook_id=7&b="}"#;
    assert!(handshake(&[], "webhook_id=7"));
    assert!(!handshake(&[("X-WC-Webhook-Signature", "anything")], event));
    assert!(!handshake(&[("X-WC-Webhook-Signature", "anything")], "webhook_id=7"));
    assert!(!handshake(&[], "{}"));
}

#[test]
fn each_vector_names_its_source() {
    let document = vectors();
    let vectors = document["vectors"].as_array().unwrap();
    let text = |vector: &'_ Value, name: &str| vector[name].as_str().unwrap().to_string();
    assert!(vectors.iter().all(|vector| text(vector, "source").starts_with("https://")));
    let ids: BTreeSet<String> = vectors.iter().map(|vector| text(vector, "id")).collect();
    assert_eq!(ids.len(), vectors.len());
    assert!(vectors.iter().filter(|vector| vector["published"] == true).count() >= 103);
}

/// An inflater that is asked for more than the receiver takes says so, and computes no more.
#[cfg(feature = "gzip")]
#[test]
fn a_body_is_unpacked_to_the_limit_of_bodies_and_no_further() {
    use std::borrow::Cow;
    let scheme = &provider("getstream").unwrap().scheme;
    let plain = "0".repeat(100_000);
    let packed = |plain: &[u8]| {
        let deflated = miniz_oxide::deflate::compress_to_vec(plain, 6);
        let trailer = [crate::mac::crc32(plain), u32::try_from(plain.len()).unwrap()].map(u32::to_le_bytes);
        [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], deflated.as_slice(), &trailer.concat()].concat()
    };
    let signed = crate::sign(
        scheme,
        "secret",
        &Delivery { method: "POST", url: "", headers: &[], body: plain.as_bytes() },
        None,
        &Options::at(Duration::ZERO),
    );
    let signature = signed.unwrap().value;
    let code = |coding: &str, body: Cow<'_, [u8]>, body_limit: usize| {
        let headers = [("x-signature", signature.as_str()), ("content-encoding", coding)];
        let delivery = Delivery { method: "POST", url: "", headers: &headers, body: &body };
        let options = Options { body_limit, ..Options::at(Duration::ZERO) };
        rig::check(scheme, &["secret"], &delivery, &options).map_or_else(|failure| failure.code(), |_| "OK")
    };
    let body = packed(plain.as_bytes());
    assert_eq!(code("gzip", body.as_slice().into(), 100_000), "OK");
    assert_eq!(code("X-GZIP", body.as_slice().into(), 100_000), "OK");
    assert_eq!(code("gzip", body.as_slice().into(), 99_999), "BODY_TOO_LARGE");
    assert_eq!(code("gzip", plain.as_bytes().into(), 100_000), "OK", "the platform has unpacked it");
    assert_eq!(code("gzip", body[..40].into(), 100_000), "MALFORMED_BODY");
    // Others would read a second member as more of the body.
    let two = [body.as_slice(), &packed(b"forged")].concat();
    assert_eq!(code("gzip", two.into(), 200_000), "MALFORMED_BODY");
    assert_eq!(code("br", body.as_slice().into(), 100_000), "NO_MATCH");
    assert_eq!(code("", body.as_slice().into(), 100_000), "NO_MATCH");
}
