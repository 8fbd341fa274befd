//! P1 to P8: the body's bytes.

use std::{
    borrow::{Cow, ToOwned as _},
    string::String,
    vec::Vec,
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, GITHUB, PLAIN_BASE64, SLACK, STANDARD, STRIPE, WHSEC, borrowed, code, scheme, signed};
use crate::{Delivery, Failure, Options, algorithm::TimeUnit, encoding, mac, timestamp};

/// Signs a body and verifies it by the same scheme.
fn round_trip(text: &str, secret: &str, body: &[u8]) -> &'static str {
    let scheme = scheme(text);
    let headers = signed(&scheme, secret, body);
    code(&scheme, &[secret], &borrowed(&headers), body)
}

#[test]
fn p01_bodies_need_not_be_utf8() {
    for text in [STANDARD, GITHUB, SLACK] {
        assert_eq!(round_trip(text, WHSEC, b"\xff\xfe\x00\xc3\x28"), "VALID");
    }
    let scheme = scheme(GITHUB);
    let headers = signed(&scheme, "secret", b"\xff");
    assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), "\u{fffd}".as_bytes()), "NO_MATCH");
}

#[test]
fn p02_a_byte_order_mark_is_part_of_the_body() {
    let scheme = scheme(STRIPE);
    let headers = signed(&scheme, "secret", b"\xef\xbb\xbf{}");
    assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), b"\xef\xbb\xbf{}"), "VALID");
    assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), b"{}"), "NO_MATCH");
}

#[test]
fn p03_an_empty_body_is_a_body() {
    for text in [STANDARD, GITHUB, STRIPE, SLACK] {
        assert_eq!(round_trip(text, WHSEC, b""), "VALID");
    }
}

#[test]
fn p04_json_is_never_written_again() {
    let body = br#"{ "b":1.0,"a":"\u00e9\/", "n":12345678901234567890 }"#;
    let scheme = scheme(GITHUB);
    let headers = signed(&scheme, "secret", body);
    assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), body), "VALID");
    let again: serde_json::Value = serde_json::from_slice(body).unwrap();
    let again = serde_json::to_vec(&again).unwrap();
    assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), &again), "NO_MATCH");
}

#[test]
fn p05_line_ends_at_the_end_of_the_body_count() {
    for body in [&b"[]\r\n"[..], b"[]\n"] {
        let scheme = scheme(GITHUB);
        let headers = signed(&scheme, "secret", body);
        assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), body), "VALID");
        assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), b"[]"), "NO_MATCH");
    }
}

#[test]
fn p06_box_signs_the_body_or_the_escaped_body() {
    let scheme = scheme(
        r#"
        signature = ["header:box-signature-primary", "header:box-signature-secondary"]
        encoding = "base64"
        algorithm = "hmac-sha256"
        message = ["{body}{timestamp}", "{escaped_body}{timestamp}", "{json_escaped_body}{timestamp}"]
        timestamp = { at = "header:box-delivery-timestamp", unit = "rfc3339", past = 600, future = 0 }
        "#,
    );
    let time = timestamp::write(TimeUnit::Rfc3339, rig::options(rig::NOW).now);
    let mac = |message: &str| {
        let keyed = crate::mac::Keyed::new(crate::algorithm::Algorithm::HmacSha256, b"key").unwrap();
        encoding::encode(crate::algorithm::Encoding::Base64, &keyed.compute(&[message.as_bytes().into()]))
    };
    let body = "{\"name\":\"テスト/😀\\/\\n\r\t\u{1}\u{7f}\"}";
    let slashes = "{\"name\":\"\\u30c6\\u30b9\\u30c8\\/\\ud83d\\ude00\\/\\n\r\t\u{1}\\u007f\"}";
    let controls = r#"{"name":"\u30c6\u30b9\u30c8/\ud83d\ude00\/\\n\r\t\u0001\u007f"}"#;
    for message in [body, slashes, controls] {
        let signature = mac(&std::format!("{message}{time}"));
        for header in ["box-signature-primary", "Box-Signature-Secondary"] {
            let headers = [(header, signature.as_str()), ("box-delivery-timestamp", time.as_str())];
            assert_eq!(code(&scheme, &["key"], &headers, body.as_bytes()), "VALID", "{message}");
        }
    }
}

#[test]
fn p07_long_bodies_and_long_lists_are_refused_before_anything_is_computed() {
    let scheme = scheme(GITHUB);
    let headers = signed(&scheme, "secret", b"12345");
    let headers = borrowed(&headers);
    let limited = |body_limit| {
        let options = Options { body_limit, ..rig::options(rig::NOW) };
        rig::check(&scheme, &["secret"], &rig::post(&headers, b"12345"), &options)
    };
    assert!(limited(5).is_ok());
    assert_eq!(limited(4), Err(Failure::BodyTooLarge));

    let scheme = rig::scheme(STANDARD);
    let headers = signed(&scheme, WHSEC, b"{}");
    let good = rig::value(&headers, "webhook-signature");
    let list = |junk: usize| std::format!("{}{good}", "v1,AAAA ".repeat(junk));
    let with = |value: &str| rig::with_header(&scheme, WHSEC, &headers, b"{}", "webhook-signature", value);
    assert_eq!(with(&list(99)), "VALID");
    assert_eq!(with(&list(100)), "TOO_MANY_SIGNATURES");
}

#[test]
fn no_more_is_read_than_the_limit_and_what_was_not_tried_is_not_called_forged() {
    let body = [b'x'; 1000];
    let scheme = scheme(
        "signature = \"header:s\"\nsplit = \",\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nmessage = [\"1{body}\", \"2{body}\"]",
    );
    let one =
        rig::scheme("signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nmessage = \"2{body}\"");
    let headers = signed(&one, "c", &body);
    let headers = borrowed(&headers);
    let limited = |work_limit, delegate_hmac_from| {
        let options = Options { work_limit, delegate_hmac_from, ..rig::options(rig::NOW) };
        rig::check(&scheme, &["a", "b", "c"], &rig::post(&headers, &body), &options)
            .map(|verified| verified.secret_index)
    };
    // Three secrets and two messages are hashed. A few lookups are added: the header, and each part.
    let hashed = 6 * 1001;
    let looks = 512 * 20;
    for delegate_hmac_from in [0, usize::MAX] {
        assert_eq!(limited(hashed + looks, delegate_hmac_from), Ok(2));
        for less in [0, 1512, hashed + 512 * 6] {
            assert_eq!(limited(less, delegate_hmac_from), Err(Failure::TooMuchWork), "{less}");
        }
    }
}

#[test]
fn every_look_into_a_long_body_is_counted_whatever_it_is_for() {
    let body = std::format!("{{\"a\":\"{}\"}}", "x".repeat(100_000));
    let base = "signature = \"header:s\"\nencoding = \"hex\"\n";
    let present = ["n"; 100].join(",");
    let forms: Vec<String> = (0..60).map(|_| "{json_or_empty:n}".into()).collect();
    // Checking stops at the first hash that is wrong, so the header has the right one.
    let hashed = |bytes: &[u8]| encoding::to_hex(&mac::sha256(&[Cow::Borrowed(bytes)]));
    let right = hashed(hashed(body.as_bytes()).as_bytes());
    let hash = "[[hashes]]\nat = \"header:h\"\nof = \"{sha256hex:body}\"\n";
    for (secrets, rest) in [
        (1, std::format!("algorithm = \"hmac-sha256\"\nmessage = \"{{present:{present}}}\"")),
        (1, std::format!("algorithm = \"hmac-sha256\"\nmessage = \"{}\"", forms.concat())),
        (60, "algorithm = \"sha256\"\nmessage = \"{secret}{sha256hex:body}\"".into()),
        (1, std::format!("algorithm = \"hmac-sha256\"\nmessage = \"{{header:h}}\"\n{}", hash.repeat(60))),
    ] {
        let scheme = scheme(&(base.to_owned() + &rest));
        let (zeros, secrets) = ("00".repeat(32), std::vec!["a"; secrets]);
        let headers = [("s", zeros.as_str()), ("h", right.as_str())];
        let options = Options { work_limit: 1_000_000, ..rig::options(rig::NOW) };
        let judged = rig::check(&scheme, &secrets, &rig::post(&headers, body.as_bytes()), &options);
        assert_eq!(judged, Err(Failure::TooMuchWork), "{rest:.80}");
    }
}

#[test]
fn a_message_that_the_caller_checks_is_there_once_and_a_long_one_is_not_copied() {
    let base = "signature = \"header:s\"\nsplit = \",\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\n";
    let asked = |message: &str, body: &[u8], see: &dyn Fn(&[crate::verify::SignatureCheck<'_>])| {
        let scheme = scheme(&std::format!("{base}message = {message}"));
        let secrets = crate::Secrets::parse(&scheme, &["a", "b", "c"]);
        let zeros = "00".repeat(32);
        let headers = [("s", zeros.as_str())];
        let options = Options { delegate_hmac_from: 0, ..rig::options(rig::NOW) };
        match crate::verify(&scheme, &secrets, &rig::post(&headers, body), &options) {
            crate::Verification::Pending(pending) => see(&pending.checks),
            verification => {
                assert_eq!(verification.into_result(), Err(Failure::NoMatch));
                see(&[]);
            }
        }
    };
    asked("[\"1{body}\", \"2{body}\"]", b"{}", &|checks| {
        assert_eq!(checks.len(), 3, "of one message, for each secret");
        assert!(checks.iter().all(|check| alloc::sync::Arc::ptr_eq(&check.message, &checks[0].message)));
        assert_eq!(checks[0].message.as_ref().as_ref(), b"1{}");
    });
    let long = alloc::vec![b'x'; 1024 * 1024];
    asked("\"1{body}\"", &long, &|checks| assert!(checks.is_empty(), "a copy of it"));
    asked("\"{body}\"", &long, &|checks| {
        assert_eq!(checks.len(), 3);
        assert!(checks.iter().all(|check| matches!(*check.message, Cow::Borrowed(_))));
    });
}

#[test]
fn p08_templates_are_literal() {
    let bodies = ["$& $' $` $$ $1 \\1", "{timestamp}{id}{body}{secret}{url}", "{{}} %s %n {0}", "{header:webhook-id}"];
    for body in bodies {
        for text in [STANDARD, STRIPE, SLACK, GITHUB] {
            assert_eq!(round_trip(text, WHSEC, body.as_bytes()), "VALID", "{body}");
        }
    }
    // A parameter that looks like a part is a plain text, since templates are filled in once.
    let scheme = scheme(
        "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\n\
         message = \"{param:a}{body}\"\nparams = [\"a\"]",
    );
    let options = Options { params: &[("a", "{body}")], ..rig::options(rig::NOW) };
    let plain = rig::scheme("signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"");
    let signed: Vec<(String, String)> = signed(&plain, "secret", b"{body}x");
    let headers = borrowed(&signed);
    let delivery = Delivery { headers: &headers, ..rig::post(&[], b"x") };
    assert!(rig::check(&scheme, &["secret"], &delivery, &options).is_ok());
    assert_eq!(code(&rig::scheme(PLAIN_BASE64), &["secret"], &[], b""), "MISSING_HEADER");
}
