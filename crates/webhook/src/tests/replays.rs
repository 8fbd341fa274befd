//! P34: the keys by which a repeated delivery is recognised.

use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, ADYEN, GITHUB, NOW, STANDARD, WHSEC, borrowed, options, scheme, signed};
use crate::{
    ReplayKey,
    algorithm::{Algorithm, Encoding},
    encoding,
    mac::Keyed,
};

#[test]
fn p34_the_id_comes_with_the_proof_alone() {
    let scheme = scheme(STANDARD);
    let headers = signed(&scheme, WHSEC, b"{}");
    let headers = borrowed(&headers);
    let good = rig::check(&scheme, &[WHSEC], &rig::post(&headers, b"{}"), &options(NOW)).unwrap();
    assert_eq!(good.event_id.as_deref(), Some("msg_1"));
    assert!(scheme.event_id_signed());
    // Without a signed id, the signed message is recognised by its key, and only that message.
    let plain = rig::scheme(&format!("{GITHUB}\nevent_id = \"header:x-github-delivery\""));
    assert!(!plain.event_id_signed(), "anybody can give a delivery another id");
    let key = |body: &[u8], id: &str| {
        let mut headers = signed(&plain, "secret", body);
        headers.retain(|(name, _)| name != "x-github-delivery");
        headers.push(("x-github-delivery".into(), id.into()));
        let headers = borrowed(&headers);
        let verified = rig::check(&plain, &["secret"], &rig::post(&headers, body), &options(NOW));
        let [key] = <[ReplayKey; 1]>::try_from(verified.unwrap().replay_keys).unwrap();
        key
    };
    let (first, other_id, other_body) = (key(b"{}", "1"), key(b"{}", "2"), key(b"[]", "1"));
    assert_eq!(first, key(b"{}", "1"), "the sender repeats it");
    assert_ne!(first.id, other_id.id);
    assert_eq!((&first.signed, &first.bytes), (&other_id.signed, &other_id.bytes));
    assert_ne!(first.id, other_body.id, "one id for two events of a second");
    assert_ne!(first.signed, other_body.signed);
}

/// Whether a place is signed depends on where the document is.
#[test]
fn p34_a_document_beside_the_body_is_not_signed_by_the_body() {
    let scheme = scheme(
        "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\ndocument = \"header:meta\"\n\
         timestamp = { at = \"json:time\" }\nevent_id = \"json:id\"",
    );
    assert!(scheme.body_authenticated() && !scheme.event_id_signed() && !scheme.replay_protected());
}

/// While a secret is replaced a sender makes two signatures, and anybody can leave one out. In a batch anybody can
/// repeat an item, change the order, or combine the items of several batches.
#[test]
fn p34_a_delivery_has_its_replay_keys_however_it_is_presented() {
    let list = scheme(
        "signature = \"header:s\"\nsplit = \",\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\n\
         or = [{ encoding = \"base64\" }]",
    );
    let by = |secret: &str| rig::value(&signed(&list, secret, b"{}"), "s").to_string();
    let (old, new) = (by("old"), by("new"));
    let key = |signatures: &str, delegate_hmac_from: usize| {
        let secrets = crate::Secrets::parse(&list, &["new", "old"]);
        let headers = [("s", signatures)];
        let asking = crate::Options { delegate_hmac_from, ..options(NOW) };
        let delivery = rig::post(&headers, b"{}");
        rig::settle(crate::verify(&list, &secrets, &delivery, &asking)).unwrap().replay_keys
    };
    for delegate_hmac_from in [0, usize::MAX] {
        let both = key(&format!("{old},{new}"), delegate_hmac_from);
        assert_eq!(key(&old, delegate_hmac_from), both);
        assert_eq!(key(&new, delegate_hmac_from), both);
    }
    let adyen = scheme(ADYEN);
    let item = |reference: &str| {
        let mac = Keyed::new(Algorithm::HmacSha256, &[1; 32]).unwrap();
        let mac = mac.compute(&[format!("{reference}::").into_bytes().into()]);
        let signature = encoding::encode(Encoding::Base64, &mac);
        format!(
            "{{\"NotificationRequestItem\":{{\"additionalData\":{{\"hmacSignature\":\"{signature}\"}},\
             \"pspReference\":\"{reference}\"}}}}"
        )
    };
    let key = |items: &[&str]| {
        let items: Vec<String> = items.iter().map(|reference| item(reference)).collect();
        let body = format!("{{\"notificationItems\":[{}]}}", items.join(","));
        let secret = "01".repeat(32);
        let verified = rig::check(&adyen, &[&secret], &rig::post(&[], body.as_bytes()), &options(NOW));
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

#[test]
fn p34_what_is_remembered_of_an_id_and_of_bytes() {
    let key = |axes: &str, id: &str, body: &[u8]| {
        let scheme = scheme(&format!("signature = \"header:s\"\nencoding = \"hex\"\n{axes}"));
        let headers = [("id", id)];
        let signature = crate::sign(&scheme, "secret", &rig::post(&headers, body), None, &options(NOW));
        let headers = [("id", id), ("s", &signature.unwrap().value)];
        let verified = rig::check(&scheme, &["secret"], &rig::post(&headers, body), &options(NOW));
        let [key] = <[ReplayKey; 1]>::try_from(verified.unwrap().replay_keys).unwrap();
        key
    };
    let signed = "algorithm = \"hmac-sha256\"\nmessage = \"{header_or_empty:id}.{body}\"\nevent_id = \"header:id\"";
    let first = key(signed, "1", b"a");
    assert_eq!(first.signed, None, "only the sender can change the id");
    assert_eq!(first, key(signed, "1", b"a"));
    assert_ne!(first.id, key(signed, "1", b"b").id);
    assert_ne!(first.id, key(signed, "2", b"a").id);
    assert_eq!(first.bytes, key(signed, "2", b"a").bytes);
    let without = key(signed, "", b"a");
    assert_eq!(without.id, None);
    assert_ne!(without.signed, key(signed, "", b"b").signed);

    let beside = "algorithm = \"hmac-sha256\"\nevent_id = \"header:id\"";
    assert_eq!(key(beside, "1", b"a").signed, key(beside, "2", b"a").signed);
    assert_ne!(key(beside, "1", b"a").id, key(beside, "2", b"a").id);
    assert_ne!(key(beside, "1", b"a").id, key(beside, "1", b"b").id);

    let unsigned = "algorithm = \"equality\"\nevent_id = \"header:id\"";
    assert_eq!(key(unsigned, "1", b"a"), key(unsigned, "1", b"a"));
    assert_ne!(key(unsigned, "1", b"a").id, key(unsigned, "1", b"b").id);
    assert_eq!(key(unsigned, "", b"a").signed, key(unsigned, "1", b"a").signed);
    assert_eq!(key(unsigned, "", b"a").id, None);
}

/// Anybody can change a body that the signature doesn't cover. The signed id then recognises the delivery alone.
#[test]
fn p34_a_signed_id_beside_an_open_body_is_enough() {
    let scheme = scheme(
        "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\n\
         message = \"{header:id}.{timestamp}\"\ntimestamp = { at = \"header:t\" }\nevent_id = \"header:id\"",
    );
    assert!(scheme.event_id_signed() && !scheme.body_authenticated());
    let mut headers = signed(&scheme, "secret", b"a");
    headers.retain(|(name, _)| name != "id");
    let headers = borrowed(&headers);
    let key = |body: &[u8]| {
        let headers = [&headers[..], &[("id", "msg_1")]].concat();
        rig::check(&scheme, &["secret"], &rig::post(&headers, body), &options(NOW)).unwrap().replay_keys
    };
    assert_eq!(key(b"a"), key(b"b"));
}

/// A sender that signs its time signs each attempt anew. The id and the bytes stay.
#[test]
fn p34_a_repeat_with_another_time_has_the_same_id_key() {
    for (axes, id_signed) in
        [("message = \"{header:id}.{timestamp}.{body}\"", true), ("message = \"{timestamp}.{body}\"", false)]
    {
        let scheme = scheme(&format!(
            "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\n{axes}\n\
             timestamp = {{ at = \"header:t\" }}\nevent_id = \"header:id\""
        ));
        assert_eq!(scheme.event_id_signed(), id_signed);
        let key = |seconds: i64| {
            let now = options(NOW + seconds);
            let delivery = rig::post(&[("id", "1")], b"a");
            let made = crate::sign(&scheme, "secret", &delivery, Some("1"), &now).unwrap();
            let mut headers = borrowed(&made.headers);
            headers.retain(|(name, _)| *name != "id");
            headers.push(("id", "1"));
            let verified = rig::check(&scheme, &["secret"], &rig::post(&headers, b"a"), &now);
            let [key] = <[ReplayKey; 1]>::try_from(verified.unwrap().replay_keys).unwrap();
            key
        };
        assert_eq!(key(0).id, key(60).id);
        assert_eq!(key(0).bytes, key(60).bytes);
        assert_eq!(key(0).signed == key(60).signed, id_signed, "a replay is recognised, a repeat isn't one");
    }
}

/// If a boundary of the id can be shifted, one signature fits two ids. Then the signed message is remembered and not
/// the id.
#[test]
fn p34_an_id_counts_only_where_its_boundaries_are_fixed() {
    let of = |message: &str, id: &str| {
        let text = "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"";
        let time = "timestamp = { at = \"header:t\" }";
        scheme(&format!("{text}\nmessage = \"{message}\"\n{time}\nevent_id = \"{id}\"")).event_id_signed()
    };
    for (message, id) in [
        ("{header:id}.{timestamp}.{body}", "header:id"),
        ("{header:id}{timestamp}{body}", "header:id"),
        ("{timestamp}{header:id}", "header:id"),
        ("v0:{timestamp}:{body}", "json:id"),
        ("{timestamp}{body}", "json:id"),
        ("{body}{timestamp}", "json:id"),
        ("{url}{body}", "json:id"),
        ("{json:type}\\n{json:id}\\n{timestamp}\\n", "json:id"),
    ] {
        assert!(of(message, id), "{message}");
    }
    for (message, id) in [
        ("{header:topic}{header:id}.{timestamp}.{body}", "header:id"),
        ("{json:type}:{json:id}:{timestamp}", "json:id"),
        ("{header:id}{body}{timestamp}", "header:id"),
        ("{body}.{header:id}.{timestamp}", "header:id"),
        ("{header:topic}{body}{timestamp}", "json:id"),
        ("{timestamp}{json:type}:{header:id}", "header:id"),
        ("{timestamp}.{json:type}\\n{json:id}", "json:id"),
        ("{json:type}\\n{json:id}\\n{timestamp}{body}", "json:id"),
        ("{json:id}\\n{timestamp}.{json:type}", "json:id"),
        ("{method}.{header:id}.{timestamp}", "header:id"),
        ("{url}{header:id}.{body}", "header:id"),
    ] {
        assert!(!of(message, id), "{message}");
    }
}

/// The secret is part of the hashed text, but not of the text that is remembered.
#[test]
fn p34_a_list_of_two_secrets_hashes_is_one_delivery() {
    let scheme = scheme(
        "signature = \"header:s\"\nsplit = \",\"\nencoding = \"hex\"\nalgorithm = \"sha256\"\n\
         message = \"{secret}{body}\"",
    );
    let by = |secret: &str| rig::value(&signed(&scheme, secret, b"{}"), "s").to_string();
    let keys = |signatures: &str| {
        let headers = [("s", signatures)];
        rig::check(&scheme, &["new", "old"], &rig::post(&headers, b"{}"), &options(NOW)).unwrap().replay_keys
    };
    let (old, new) = (by("old"), by("new"));
    assert_eq!(keys(&old), keys(&new));
    assert_eq!(keys(&old), keys(&format!("{new},{old}")));
}
