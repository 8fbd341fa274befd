//! P27 to P33: time.

use core::time::Duration;
use std::{format, string::String};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, GITHUB, NOW, SLACK, STANDARD, WHSEC, borrowed, code, scheme};
use crate::Options;

/// Slack's scheme with another timestamp rule.
fn with_rule(rule: &str) -> crate::Scheme {
    scheme(&SLACK.replace(
        "timestamp = { at = \"header:x-slack-request-timestamp\" }",
        &format!("timestamp = {{ at = \"header:x-slack-request-timestamp\", {rule} }}"),
    ))
}

/// Signs a timestamp's text unchanged, which only the holder of the secret can do.
fn with_text(scheme: &crate::Scheme, text: &str) -> &'static str {
    let delivery_headers = [("x-slack-request-timestamp", text)];
    let delivery = rig::post(&delivery_headers, b"{}");
    let Ok(signed) = crate::sign(scheme, "secret", &delivery, None, &rig::options(NOW)) else {
        return "UNSIGNED";
    };
    let headers = [("x-slack-request-timestamp", text), ("x-slack-signature", &signed.value)];
    code(scheme, &["secret"], &headers, b"{}")
}

#[test]
fn p27_timestamps_are_digits_and_signed_as_they_came() {
    let scheme = with_rule("unit = \"s\"");
    assert_eq!(with_text(&scheme, &format!("{NOW}")), "VALID");
    for bad in [
        "+1700000000",
        "-1700000000",
        "1700000000.0",
        "1700000000.9",
        "17e8",
        "1700000000abc",
        "0x6553f100",
        "01700000000",
        "NaN",
        "1_700_000_000",
        "١٧٠٠٠٠٠٠٠٠",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999",
        "1700000000\u{a0}",
        "1700000000,1",
    ] {
        assert_eq!(with_text(&scheme, bad), "MALFORMED_TIMESTAMP", "{bad}");
    }
    // The header can't be written in another way and still match.
    let standard = rig::scheme(STANDARD);
    let headers = rig::signed(&standard, WHSEC, b"{}");
    for other in [format!("0{NOW}"), format!("+{NOW}"), format!("{NOW}.0"), format!("{NOW}abc")] {
        let code = rig::with_header(&standard, WHSEC, &headers, b"{}", "webhook-timestamp", &other);
        assert_eq!(code, "MALFORMED_TIMESTAMP", "{other}");
    }
}

#[test]
fn p28_past_and_future_are_both_checked_each_by_its_own_limit() {
    let scheme = with_rule("past = 60, future = 5");
    assert_eq!(with_text(&scheme, &format!("{}", NOW - 61)), "TIMESTAMP_TOO_OLD");
    assert_eq!(with_text(&scheme, &format!("{}", NOW + 6)), "TIMESTAMP_TOO_NEW");
    assert_eq!(with_text(&scheme, &format!("{}", NOW + 3600)), "TIMESTAMP_TOO_NEW");
    assert_eq!(with_text(&scheme, "0"), "TIMESTAMP_TOO_OLD");
    assert_eq!(with_text(&scheme, "999999999999999"), "TIMESTAMP_TOO_NEW");
}

#[test]
fn p29_both_limits_are_inclusive_in_whole_seconds() {
    let scheme = rig::scheme(STANDARD);
    for (offset, expected) in
        [(-301, "TIMESTAMP_TOO_OLD"), (-300, "VALID"), (0, "VALID"), (300, "VALID"), (301, "TIMESTAMP_TOO_NEW")]
    {
        let headers = rig::signed_at(&scheme, WHSEC, b"{}", NOW + offset);
        let headers = borrowed(&headers);
        for millis in [0, 999] {
            let options = Options::at(Duration::from_millis((NOW * 1000 + millis).try_into().unwrap()));
            let result = rig::check(&scheme, &[WHSEC], &rig::post(&headers, b"{}"), &options);
            assert_eq!(result.map_or_else(|failure| failure.code(), |_| "VALID"), expected, "{offset} {millis}");
        }
    }
}

#[test]
fn p30_each_scheme_has_its_unit_and_no_other_passes() {
    let units = [
        ("s", format!("{NOW}")),
        ("ms", format!("{NOW}000")),
        ("rfc3339", String::from("2023-11-14T22:13:20Z")),
        ("http-date", String::from("Tue, 14 Nov 2023 22:13:20 GMT")),
    ];
    for (unit, _) in &units {
        let scheme = with_rule(&format!("unit = \"{unit}\""));
        for (other, text) in &units {
            let expected = match (*unit, *other) {
                _ if unit == other => "VALID",
                ("s", "ms") => "TIMESTAMP_TOO_NEW",
                ("ms", "s") => "TIMESTAMP_TOO_OLD",
                _ => "MALFORMED_TIMESTAMP",
            };
            assert_eq!(with_text(&scheme, text), expected, "{unit} {other}");
        }
    }
}

#[test]
fn p31_an_unsigned_timestamp_is_no_protection() {
    let unsigned = scheme(&format!("{GITHUB}\ntimestamp = {{ at = \"header:x-time\" }}"));
    assert!(!unsigned.replay_protected() && unsigned.body_authenticated());
    assert!(!with_rule("enforce = false").replay_protected());
    assert!(with_rule("unit = \"s\"").replay_protected());
    // A timestamp inside a signed body is signed.
    let linear = scheme(&format!("{GITHUB}\ntimestamp = {{ at = \"json:webhookTimestamp\", unit = \"ms\" }}"));
    assert!(linear.replay_protected());
    let body = format!("{{\"webhookTimestamp\":{NOW}000}}");
    let headers = rig::signed(&linear, "secret", body.as_bytes());
    assert_eq!(code(&linear, &["secret"], &borrowed(&headers), body.as_bytes()), "VALID");
    let body = format!("{{\"webhookTimestamp\":{}000}}", NOW - 301);
    let headers = rig::signed(&linear, "secret", body.as_bytes());
    assert_eq!(code(&linear, &["secret"], &borrowed(&headers), body.as_bytes()), "TIMESTAMP_TOO_OLD");
}

#[test]
fn p32_a_tolerance_of_nothing_is_the_same_second_and_off_is_said_in_words() {
    let exact = with_rule("past = 0, future = 0");
    assert_eq!(with_text(&exact, &format!("{NOW}")), "VALID");
    assert_eq!(with_text(&exact, &format!("{}", NOW - 1)), "TIMESTAMP_TOO_OLD");
    assert_eq!(with_text(&exact, &format!("{}", NOW + 1)), "TIMESTAMP_TOO_NEW");
    let off = with_rule("enforce = false");
    for text in ["1", "999999999999"] {
        assert_eq!(with_text(&off, text), "VALID", "{text}");
    }
    // A text that isn't a time never switches the check off.
    assert_eq!(with_text(&with_rule("past = 300"), "NaN"), "MALFORMED_TIMESTAMP");
}

#[test]
fn p33_tolerances_are_the_schemes_own() {
    for past in [5, 180, 1800] {
        let scheme = with_rule(&format!("past = {past}"));
        assert_eq!(with_text(&scheme, &format!("{}", NOW - past)), "VALID");
        assert_eq!(with_text(&scheme, &format!("{}", NOW - past - 1)), "TIMESTAMP_TOO_OLD");
    }
}
