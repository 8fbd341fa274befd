use std::{string::String, vec::Vec};

use serde_json::json;

use super::*;
use crate::{
    Delivery, Options, Secrets,
    algorithm::{Algorithm, Encoding, KeyForm},
    encoding,
    mac::Keyed,
    scheme::Handshake,
    template::Part,
    verify,
};

mod published;
mod round_trip;

/// The ids as they are written in the file.
fn ids_as_written() -> Vec<&'static str> {
    REGISTRY
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
        .filter(|table| !table.contains(['.', '[']))
        .collect()
}

#[test]
fn every_entry_is_a_scheme_that_works() {
    let providers = read(REGISTRY).unwrap();
    assert_eq!(providers.len(), ids_as_written().len());
    assert!(providers.len() >= 230, "{}", providers.len());
}

#[test]
fn ids_are_unique_sorted_and_lower_case() {
    let ids = ids_as_written();
    assert!(ids.is_sorted_by(|a, b| a < b), "out of order: {:?}", ids.windows(2).find(|pair| pair[0] >= pair[1]));
    for id in ids {
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
        assert_eq!(provider(id).map(|provider| provider.id.as_str()), Some(id));
    }
    assert_eq!(provider("nobody"), None);
}

#[test]
fn a_scheme_written_out_is_read_as_the_same() {
    for provider in all() {
        assert_eq!(Scheme::from_value(provider.scheme.to_value()).as_ref(), Ok(&provider.scheme), "{}", provider.id);
    }
}

#[test]
fn the_well_known_senders_say_where_the_type_of_an_event_is() {
    let typed = all().iter().filter(|provider| provider.scheme.event_type.is_some()).count();
    assert!(typed >= 120, "{typed}");
    let place = |id: &str| provider(id).unwrap().scheme.event_type.as_ref().map(ToString::to_string);
    assert_eq!(place("github").as_deref(), Some("header:x-github-event"));
    assert_eq!(place("stripe").as_deref(), Some("json:type"));
    // These sign as Standard Webhooks says, and have bodies of their own.
    assert_eq!(place("increase").as_deref(), Some("json:category"));
    assert_eq!(place("replicate"), None);
}

#[test]
fn what_one_source_says_is_unconfirmed_and_nothing_else_is() {
    for provider in all() {
        assert!("XSDPC".contains(provider.class()), "{}: {}", provider.id, provider.evidence);
        assert_eq!(provider.evidence.get(1..2), Some(" "), "{}", provider.id);
        assert_eq!(provider.unconfirmed, provider.class() == 'C', "{}", provider.id);
    }
    let confirmed = all().iter().filter(|provider| !provider.unconfirmed).count();
    assert!(confirmed >= 215, "{confirmed}");
}

#[test]
fn a_body_that_is_not_covered_is_said_and_only_then() {
    let says = |provider: &Provider| {
        provider.note.as_deref().is_some_and(|note| note.contains("body") && note.contains("not covered"))
    };
    let wrong = all().iter().filter(|provider| provider.scheme.body_authenticated() == says(provider));
    let wrong: Vec<_> = wrong.map(|provider| (&provider.id, &provider.note)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_scheme_that_is_bound_to_the_url_says_so() {
    for provider in all() {
        let scheme = &provider.scheme;
        let templates = scheme.messages.iter().chain(scheme.claims.iter().map(|(_, template)| template));
        let url = |part: &Part| matches!(part, Part::Url | Part::UrlWithPort | Part::UrlWithoutPort | Part::Path);
        let bound = templates.chain(scheme.hashes.iter().map(|hash| &hash.of)).any(|it| it.0.iter().any(url));
        let said = provider.note.as_deref().is_some_and(|note| note.contains("URL"));
        assert!(said || !bound, "{}", provider.id);
    }
}

#[test]
fn a_time_that_is_signed_and_enforced_is_within_two_hours() {
    for provider in all() {
        if let Some(rule) = provider.scheme.timestamp.as_ref().filter(|rule| rule.enforce) {
            assert!(provider.scheme.replay_protected(), "{}: the time isn't signed", provider.id);
            assert!((5..=7200).contains(&rule.past) && rule.future <= rule.past, "{}", provider.id);
        }
    }
}

#[test]
fn answers_under_the_signing_key_are_the_known_ones() {
    let oracles: Vec<&str> = all()
        .iter()
        .filter(|provider| {
            let signs = |handshake: &Handshake| handshake.response.is_some() && handshake.needs_secret();
            provider.scheme.handshakes.iter().any(signs)
        })
        .map(|provider| provider.id.as_str())
        .collect();
    assert_eq!(oracles, ["braintree", "linkedin", "x", "zoom"]);
}

/// Facts of entries that were otherwise once, each as its sender documents it.
#[test]
fn entries_say_what_their_senders_document() {
    let facts = [
        ("postal", "/signature", json!("header:x-postal-signature-256")),
        ("postal", "/algorithm", json!("rsa-sha256")),
        ("mailgun", "/timestamp/past", json!(300)),
        ("mailgun-form", "/timestamp/past", json!(300)),
        ("metronome", "/timestamp/at", json!("header:x-metronome-date")),
        ("recurly", "/timestamp/unit", json!("ms")),
        ("recurly", "/timestamp/past", json!(300)),
        ("kinde", "/event_id", json!("claim:event_id")),
        ("kinde", "/requires", json!([{ "at": "claim:event_id" }, { "at": "claim:type" }])),
        ("okta", "/event_id", json!("json:eventId")),
        ("fusionauth-keys", "/algorithm", json!("jws-rs256")),
        ("fusionauth-keys", "/or/0/algorithm", json!("jws-es256")),
        ("fusionauth-keys", "/or/1/algorithm", json!("jws-eddsa")),
        ("sinch-numbers", "/algorithm", json!("hmac-sha1")),
        ("woocommerce", "/event_id", json!("header:x-wc-webhook-delivery-id")),
    ];
    for (id, path, expected) in facts {
        assert_eq!(provider(id).unwrap().scheme.to_value().pointer(path), Some(&expected), "{id} {path}");
    }
}

/// A fact about retries is a few words, and the senders that most receivers have are said.
#[test]
fn the_retries_of_the_usual_senders_are_said() {
    let said = |provider: &&Provider| provider.retries.is_some();
    assert!(all().iter().filter(said).count() >= 70);
    for provider in all().iter().filter(said) {
        let words = provider.retries.as_deref().unwrap_or_default();
        assert!((1..=32).contains(&words.chars().count()) && !words.ends_with('.'), "{}: {words}", provider.id);
    }
    for id in ["github", "meta", "paypal", "shopify", "slack", "square", "stripe", "svix", "twilio", "whatsapp", "zoom"]
    {
        assert!(provider(id).unwrap().retries.is_some(), "{id}");
    }
}

/// SNS signs names and values line by line, and `Message` may have any number of lines. So the lines after it must
/// exist and have one line each: otherwise the end of the signed text could pass for a part of the message, and the id
/// would be missing.
#[test]
fn p40_a_notification_of_sns_can_not_be_taken_apart_in_another_way() {
    let mut scheme = provider("sns").unwrap().scheme.clone();
    scheme.methods[0].algorithm = Algorithm::HmacSha256;
    scheme.methods[0].key = KeyForm::Utf8;
    scheme.requires.clear();
    scheme.params.clear();
    let secrets = Secrets::parse(&scheme, &["secret"]);
    let options = Options::at(core::time::Duration::ZERO);
    let code = |signed: &str, members: &[(&str, &str)]| {
        let mac = Keyed::new(Algorithm::HmacSha256, b"secret").unwrap();
        let signature = encoding::encode(Encoding::Base64, &mac.compute(&[signed.as_bytes().into()]));
        let mut document = serde_json::Map::new();
        for (name, value) in members {
            document.insert((*name).into(), serde_json::from_str(value).unwrap_or_else(|_| (*value).into()));
        }
        document.insert("Signature".into(), signature.into());
        let body = Value::Object(document).to_string();
        let delivery = Delivery { method: "POST", url: "", headers: &[], body: body.as_bytes() };
        let verified = verify(&scheme, &secrets, &delivery, &options).into_result();
        verified
            .map_or_else(|failure| failure.code(), |verified| if verified.event_id.is_some() { "OK" } else { "NO_ID" })
    };
    let signed = "Message\nm\nMessageId\n1\nTimestamp\n2026-11-21T06:00:00Z\nTopicArn\na\nType\nNotification\n";
    let tail = [("Timestamp", "2026-11-21T06:00:00Z"), ("TopicArn", "a"), ("Type", "Notification")];
    let with = |members: &[(&'static str, &'static str)]| [members, &tail].concat();
    assert_eq!(code(signed, &with(&[("Message", "m"), ("MessageId", "1")])), "OK");
    assert_eq!(
        code(signed, &with(&[("Message", "m"), ("MessageId", "1"), ("Subject", "[\"forged\"]")])),
        "MALFORMED_BODY"
    );
    assert_eq!(code(signed, &with(&[("Message", "m\nMessageId\n1")])), "MISSING_FIELD");
    let all = "m\nMessageId\n1\nTimestamp\n2026-11-21T06:00:00Z\nTopicArn\na";
    assert_eq!(code(signed, &[("Message", all), ("Type", "Notification")]), "MISSING_FIELD");
    // An attacker wrote this message, who wants another id or subject.
    let signed = signed.replace("\nm\n", "\nm\nMessageId\n2\nSubject\ns\n");
    assert_eq!(code(&signed, &with(&[("Message", "m\nMessageId\n2\nSubject\ns"), ("MessageId", "1")])), "OK");
    let other = with(&[("Message", "m"), ("MessageId", "2"), ("Subject", "s\nMessageId\n1")]);
    assert_eq!(code(&signed, &other), "MALFORMED_FIELD");
    assert_eq!(
        code(&signed, &with(&[("Message", "m"), ("MessageId", "2\nSubject\ns\nMessageId\n1")])),
        "MALFORMED_FIELD"
    );
}
