//! Causes in the secret: numbers 20 to 24.

use std::format;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{Given, hints, is_good, proves};
use crate::{
    explain::CauseCode,
    tests::rig::{GITHUB, STANDARD, STRIPE, WHSEC},
};

const BODY: &[u8] = b"{\"id\":\"evt_1\"}";

/// A delivery that is signed with one secret, and another one that is configured.
fn given(scheme: &str, signed: &str, configured: &str) -> Given {
    let good = Given::signed(scheme, signed, BODY);
    is_good(&good);
    good.with_secret(configured)
}

#[test]
fn cause_20_white_space_and_quotes() {
    for configured in [
        " secret-1",
        "secret-1\n",
        "secret-1\r\n",
        "\tsecret-1 ",
        "\"secret-1\"",
        "'secret-1'",
        "secret-1\\n",
        "sec ret-1",
        "secret-1\u{200b}",
        "\u{201c}secret-1\u{201d}",
        "WEBHOOK_SECRET=secret-1",
        "SECRET=\"secret-1\"",
        "secr\net-1",
    ] {
        let explanation = proves(&given(GITHUB, "secret-1", configured), 20);
        assert_eq!(explanation.causes[0].changes[0].secret, Some(0));
        assert_eq!(explanation.causes[0].changes[0].difference, None);
    }
    proves(&given(STANDARD, WHSEC, &format!("{WHSEC}\n")), 20);
    let quoted = proves(&given(STANDARD, WHSEC, &format!("\"{WHSEC}\"")), 20);
    assert_eq!(quoted.causes.len(), 1, "the same key is one cause");
}

#[test]
fn cause_21_prefixes() {
    proves(&given(STRIPE, "whsec_abc", "abc"), 21);
    proves(&given(GITHUB, "abc", "whsec_abc"), 21);
    proves(&given(GITHUB, "abc", "sha256=abc"), 21);
    proves(&given(GITHUB, "abc", "base64:abc"), 21);
}

#[test]
fn cause_22_forms() {
    let of_key = |key: &str| format!("{GITHUB}\nkey = \"{key}\"");
    let hex = "00112233445566778899aabbccddeeff";
    let base64 = "AAECAwQFBgcICQoLDA0ODw==";
    let by_text = |signed: &Given| Given { scheme: crate::tests::rig::scheme(GITHUB), ..signed.clone() };
    for (key, secret) in [("hex", hex), ("base64", base64), ("whsec", "whsec_AAECAwQFBgcICQoLDA0ODw==")] {
        let signed = Given::signed(&of_key(key), secret, BODY);
        is_good(&signed);
        proves(&by_text(&signed), 22);
        let read = Given { scheme: crate::tests::rig::scheme(&of_key(key)), ..Given::signed(GITHUB, secret, BODY) };
        proves(&read, 22);
    }
    // In the other alphabet it is the same secret. Twice, and once more.
    is_good(&Given::signed(&of_key("base64"), "+/8+/8+/8+/8", BODY).with_secret("-_8-_8-_8-_8"));
    let twice = Given::signed(&of_key("base64"), base64, BODY).with_secret("QUFFQ0F3UUZCZ2NJQ1FvTERBME9Edz09");
    proves(&twice, 22);
    let once_more = Given::signed(GITHUB, "c2VjcmV0LTEyMzQ1Njc4", BODY).with_secret("secret-12345678");
    proves(&once_more, 22);
    proves(&given(GITHUB, "abcdef", "ABCDEF"), 22);
    let standard = Given::signed(STANDARD, WHSEC, BODY);
    let as_text = Given { scheme: crate::tests::rig::scheme(&STANDARD.replace("\"whsec\"", "\"utf8\"")), ..standard };
    proves(&as_text, 22);
}

#[test]
fn cause_23_derived_keys() {
    let sha1 = Given::signed(&format!("{GITHUB}\nkey = \"sha1\""), "secret-1", BODY);
    proves(&Given { scheme: crate::tests::rig::scheme(GITHUB), ..sha1 }, 23);
    let hash = crate::encoding::to_hex(&crate::mac::sha256(&[b"secret-1".as_slice().into()]));
    proves(&given(GITHUB, &hash, "secret-1"), 23);
    proves(&given(GITHUB, "password:user", "user:password"), 23);
    proves(&given(GITHUB, "part", "app.key:part"), 23);
    proves(&given(GITHUB, "fi-ligature", "\u{fb01}-ligature"), 23);
}

#[test]
fn cause_24_another_secret() {
    proves(&given(GITHUB, "secret-2", "secret-1,secret-2"), 24);
    proves(&given(GITHUB, "secret-2", "secret-1\nsecret-2"), 24);
    hints(&given(GITHUB, "secret-2", "secret-1"), CauseCode::OtherSecret);
    for key in ["sk_live_abcdefgh", "AKIAABCDEFGHIJKLMNOP", "eyJhbGciOiJIUzI1NiJ9.e30.abc"] {
        let explanation = given(GITHUB, "secret-2", key).explained();
        assert!(explanation.hints.iter().any(|hint| hint.sentence.contains("key for the sender's API")), "{key}");
    }
    let mut test_mode = given(STRIPE, "whsec_1", "whsec_2");
    test_mode.body = b"{\"livemode\":false}".to_vec();
    assert!(test_mode.explained().hints.iter().any(|hint| hint.sentence.contains("the test mode")));
}

#[test]
fn a_body_and_a_secret_that_were_both_changed_are_found() {
    let signed = Given::signed(GITHUB, "secret-1", b"{\"a\": 1}");
    let explanation = proves(&signed.with_secret("\"secret-1\"").with_body("{\"a\":1}"), 20);
    let numbers: std::vec::Vec<u8> = explanation.causes[0].changes.iter().map(|change| change.code.number()).collect();
    assert_eq!(numbers, [20, 2]);
}
