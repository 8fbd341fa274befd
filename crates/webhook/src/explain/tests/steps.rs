//! The steps of explanations.

use std::{string::ToString as _, vec};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::Given;
use crate::tests::rig::{ADYEN, GITHUB, NOW, STANDARD, STRIPE, WHPK, WHSK};

#[test]
fn steps_say_what_was_read_signed_and_compared() {
    let body = b"{\"a\":1}\r\n\0";
    let mut given = Given::signed(STRIPE, "whsec_test", body);
    given.secrets = vec![" bad".into(), "whsec_other".into(), "whsec_test".into()];
    let value = given.header("stripe-signature").replace(",v1=", ",v0=ab,v1=00,v1=");
    let given = given.with_header("stripe-signature", &value);
    let steps = given.explained().steps;
    assert!(steps.secrets[0].problem.as_ref().unwrap().contains("begins or ends"));
    assert_eq!((steps.secrets[1].key_lengths.as_slice(), steps.secrets[1].problem.as_ref()), (&[11][..], None));
    let reading = &steps.readings[0];
    assert_eq!(
        (reading.sources[0].place.as_str(), reading.sources[0].values.as_slice()),
        ("header:stripe-signature", &[value][..])
    );
    let notes: vec::Vec<&str> = reading.entries.iter().map(|entry| entry.note.as_str()).collect();
    assert_eq!(
        notes,
        [
            "a field beside the signature",
            "doesn't begin with `v1=`",
            "has 1 bytes; a signature by hmac-sha256 has 32",
            "hmac-sha256 in hex"
        ]
    );
    let time = reading.timestamp.as_ref().unwrap();
    assert_eq!((time.text.as_deref(), time.age, time.signed), (Some(NOW.to_string().as_str()), Some(0), true));
    let parts: vec::Vec<(&str, usize)> =
        reading.messages[0].parts.iter().map(|part| (part.label.as_str(), part.length)).collect();
    assert_eq!(parts, [("{field:t}", 10), ("text", 1), ("{body}", 10)]);
    assert_eq!(reading.messages[0].parts[2].bytes.as_ref().unwrap().hex, "7b2261223a317d0d0a00");
    let matched: vec::Vec<(usize, Option<usize>)> =
        reading.comparisons.iter().map(|comparison| (comparison.secret, comparison.entry)).collect();
    assert_eq!(matched, [(1, None), (2, Some(3))]);
}

#[test]
fn each_item_and_each_kind_of_key_has_its_own_step() {
    let given = Given::signed(STANDARD, WHSK, b"{}").with_secret(WHPK);
    let steps = given.explained().steps;
    let compared = &steps.readings[0].comparisons[0];
    assert_eq!((compared.algorithm, compared.computed.as_deref(), compared.entry), ("ed25519", None, Some(0)));

    let items = r#"{"notificationItems":[{"NotificationRequestItem":{"pspReference":"1"}},
        {"NotificationRequestItem":{"pspReference":"2"}}]}"#;
    let mut adyen = Given::signed(GITHUB, "secret", items.as_bytes()).with_secret("00ff");
    adyen.scheme = crate::tests::rig::scheme(ADYEN);
    let steps = adyen.explained().steps;
    assert_eq!(steps.readings.iter().map(|reading| reading.item).collect::<vec::Vec<_>>(), [Some(0), Some(1)]);
    assert_eq!(steps.readings[0].problem.as_ref().unwrap().code, "MISSING_FIELD");
}

#[test]
fn tokens_are_taken_apart() {
    let scheme = "signature = \"header:authorization\"\nprefix = \"Bearer \"\nalgorithm = \"jws-hs256\"\n\
                  claims = { iss = \"a\" }\nhashes = [{ at = \"claim:hash\" }]";
    let given = Given::signed(scheme, "secret-1", b"{\"a\":1}");
    let reading = &given.explained().steps.readings[0];
    assert_eq!(reading.messages[0].parts.len(), 3);
    assert!(reading.checks.iter().all(|check| check.holds), "{:?}", reading.checks);
    assert_eq!(reading.comparisons[0].entry, Some(0));
    let explanation = super::proves(&given.with_body("{\"a\": 1}"), 1);
    assert_eq!(explanation.verdict.code, "HASH_MISMATCH");
}
