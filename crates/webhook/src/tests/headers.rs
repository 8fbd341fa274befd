//! P16 to P26, P47: headers, lists, encodings.

use std::{format, string::ToString};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{
    self, GITHUB, NOW, PLAIN_BASE64, SLACK, STANDARD, STRIPE, WHSEC, borrowed, code, scheme, signed, with_header,
};

#[test]
fn p16_names_of_headers_have_no_case() {
    let scheme = scheme(STANDARD);
    let headers = signed(&scheme, WHSEC, b"{}");
    for upper in [true, false] {
        let cased: std::vec::Vec<_> = headers
            .iter()
            .map(|(name, value)| (if upper { name.to_uppercase() } else { name.clone() }, value.clone()))
            .collect();
        assert_eq!(code(&scheme, &[WHSEC], &borrowed(&cased), b"{}"), "VALID");
    }
}

#[test]
fn p17_different_values_of_a_single_header_are_ambiguous() {
    let slack = scheme(SLACK);
    let headers = signed(&slack, "secret", b"{}");
    let with = |more: &[(&str, &str)]| {
        let headers = [borrowed(&headers).as_slice(), more].concat();
        code(&slack, &["secret"], &headers, b"{}")
    };
    let (signature, time) = (rig::value(&headers, "x-slack-signature"), format!("{NOW}"));
    assert_eq!(with(&[("X-Slack-Signature", signature), ("x-slack-request-timestamp", &time)]), "VALID", "repeats");
    assert_eq!(with(&[("X-Slack-Signature", "v0=00")]), "AMBIGUOUS_HEADER");
    assert_eq!(with(&[("X-Slack-Request-Timestamp", "1")]), "AMBIGUOUS_HEADER");

    // Lists may come in several headers, or joined to one as Fetch does.
    let standard = scheme(STANDARD);
    let headers = signed(&standard, WHSEC, b"{}");
    let good = rig::value(&headers, "webhook-signature");
    let with = |value: &str| with_header(&standard, WHSEC, &headers, b"{}", "webhook-signature", value);
    for value in [format!("v1,AAAA, {good}"), format!("{good}, v1,AAAA"), format!("  v1,AAAA   {good} ")] {
        assert_eq!(with(&value), "VALID", "{value}");
    }
    let twice = [borrowed(&headers).as_slice(), &[("webhook-signature", "v1,AAAA")]].concat();
    assert_eq!(code(&standard, &[WHSEC], &twice, b"{}"), "VALID");
}

#[test]
fn p18_white_space_around_values_and_entries_is_no_matter() {
    let scheme = scheme(STRIPE);
    let headers = signed(&scheme, "secret", b"{}");
    let value = rig::value(&headers, "stripe-signature");
    for value in [value.replace(',', ", "), format!(" \t{value}\t "), value.replace(',', " ,\t")] {
        assert_eq!(code(&scheme, &["secret"], &[("stripe-signature", &value)], b"{}"), "VALID", "{value}");
    }
    let inside = value.replace("v1=", "v1= ");
    assert_eq!(code(&scheme, &["secret"], &[("stripe-signature", &inside)], b"{}"), "MALFORMED_SIGNATURE");
}

#[test]
fn p19_unknown_versions_are_passed_over_and_never_accepted() {
    let stripe = scheme(STRIPE);
    let headers = signed(&stripe, "secret", b"{}");
    let value = rig::value(&headers, "stripe-signature");
    for version in ["v0=", "v1a=", "v2=", "V1=", "xv1=", "="] {
        let other = value.replace("v1=", version);
        assert_eq!(
            code(&stripe, &["secret"], &[("stripe-signature", &other)], b"{}"),
            "MALFORMED_SIGNATURE",
            "{version}"
        );
        let beside = format!("{version}00,{value}");
        assert_eq!(code(&stripe, &["secret"], &[("stripe-signature", &beside)], b"{}"), "VALID", "{version}");
    }
    // An HMAC under the name of the key pair's algorithm doesn't count.
    let standard = scheme(STANDARD);
    let headers = signed(&standard, WHSEC, b"{}");
    let other = rig::value(&headers, "webhook-signature").replace("v1,", "v1a,");
    assert_eq!(with_header(&standard, WHSEC, &headers, b"{}", "webhook-signature", &other), "MALFORMED_SIGNATURE");
}

#[test]
fn p20_a_malformed_entry_spoils_no_other() {
    let scheme = scheme(STANDARD);
    let headers = signed(&scheme, WHSEC, b"{}");
    let good = rig::value(&headers, "webhook-signature");
    for junk in ["v1", "v1,", ",", "v1,,", "v1,%%%", "é", "v1,AAAA,v1", "v2,x v1,bad", "v1,g0hM9SsE"] {
        let with = |value: &str| with_header(&scheme, WHSEC, &headers, b"{}", "webhook-signature", value);
        assert_eq!(with(&format!("{junk} {good}")), "VALID", "{junk}");
        assert_eq!(with(&format!("{good} {junk}")), "VALID", "{junk}");
        assert_eq!(with(junk), "MALFORMED_SIGNATURE", "{junk}");
    }
    // A malformed group doesn't spoil another either, and the timestamp of one doesn't count for another.
    let persona = rig::scheme(&format!("{STRIPE}\ngroups = \" \""));
    let one = rig::value(&signed(&persona, "secret", b"{}"), "stripe-signature").to_string();
    for value in [format!("t=x,v1=00 {one}"), format!("{one} v1=00"), format!("t=1,t=2,v1=00 {one}")] {
        assert_eq!(code(&persona, &["secret"], &[("stripe-signature", &value)], b"{}"), "VALID", "{value}");
    }
    let crossed = format!("{} t={NOW},v1=00", one.replace(&format!("t={NOW}"), "t=1"));
    assert_eq!(code(&persona, &["secret"], &[("stripe-signature", &crossed)], b"{}"), "NO_MATCH");
}

#[test]
fn p21_a_field_that_stands_twice_is_refused() {
    let scheme = scheme(STRIPE);
    let headers = signed(&scheme, "secret", b"{}");
    let value = rig::value(&headers, "stripe-signature");
    for twice in [format!("t=1,{value}"), format!("{value},t=1"), format!("t={NOW},{value}")] {
        assert_eq!(code(&scheme, &["secret"], &[("stripe-signature", &twice)], b"{}"), "MALFORMED_SIGNATURE");
    }
    let two_headers = [("stripe-signature", value), ("stripe-signature", "t=1,v1=00")];
    assert_eq!(code(&scheme, &["secret"], &two_headers, b"{}"), "VALID", "two headers are two groups");
}

#[test]
fn p22_each_reason_has_its_own_code() {
    let scheme = scheme(SLACK);
    let headers = signed(&scheme, "secret", b"{}");
    let good = rig::value(&headers, "x-slack-signature");
    let time = format!("{NOW}");
    let case = |signature: &str, time: &str| {
        let headers = [("x-slack-signature", signature), ("x-slack-request-timestamp", time)];
        let headers: std::vec::Vec<_> = headers.into_iter().filter(|(_, value)| *value != "none").collect();
        code(&scheme, &["secret"], &headers, b"{}")
    };
    let old = signed_old(&scheme, NOW - 301);
    let early = signed_old(&scheme, NOW + 301);
    assert_eq!(case(good, &time), "VALID");
    assert_eq!(case("none", &time), "MISSING_HEADER");
    assert_eq!(case("", &time), "MISSING_HEADER");
    assert_eq!(case(good, "none"), "MISSING_TIMESTAMP");
    assert_eq!(case(good, "now"), "MALFORMED_TIMESTAMP");
    assert_eq!(case("v0=zz", &time), "MALFORMED_SIGNATURE");
    assert_eq!(case(&good.replace("v0=", ""), &time), "MALFORMED_SIGNATURE");
    assert_eq!(case(&format!("v0={}", "0".repeat(64)), &time), "NO_MATCH");
    assert_eq!(case(&old, &format!("{}", NOW - 301)), "TIMESTAMP_TOO_OLD");
    assert_eq!(case(&early, &format!("{}", NOW + 301)), "TIMESTAMP_TOO_NEW");
    // A forged delivery is reported as forged, even if it is also late.
    assert_eq!(case(good, &format!("{}", NOW - 301)), "NO_MATCH");
    assert_eq!(code(&scheme, &[""], &[], b""), "CONFIGURATION");
}

fn signed_old(scheme: &crate::Scheme, seconds: i64) -> std::string::String {
    rig::value(&rig::signed_at(scheme, "secret", b"{}", seconds), "x-slack-signature").into()
}

#[test]
fn p23_hex_has_digits_in_either_case_and_nothing_else() {
    let scheme = scheme(GITHUB);
    let headers = signed(&scheme, "secret", b"{}");
    let value = rig::value(&headers, "x-hub-signature-256");
    let hex = value.strip_prefix("sha256=").unwrap();
    let with = |hex: &str| code(&scheme, &["secret"], &[("x-hub-signature-256", &format!("sha256={hex}"))], b"{}");
    assert_eq!(with(hex), "VALID");
    assert_eq!(with(&hex.to_uppercase()), "VALID");
    let spaced = format!("{}:{}", &hex[..2], &hex[2..]);
    for bad in
        ["zz", "", "0", &hex[1..], &hex[2..], &spaced, &format!("{hex}00"), &format!("{hex} 0"), &format!("--{hex}")]
    {
        assert_eq!(with(bad), "MALFORMED_SIGNATURE", "{bad}");
    }
}

#[test]
fn p24_a_prefix_that_is_needed_is_needed() {
    for (text, name) in [(GITHUB, "x-hub-signature-256"), (SLACK, "x-slack-signature")] {
        let scheme = scheme(text);
        let headers = signed(&scheme, "secret", b"{}");
        let (prefix, hex) = rig::value(&headers, name).split_once('=').unwrap();
        let upper = format!("{}={hex}", prefix.to_uppercase());
        for bad in [hex, &upper, &format!("sha1={hex}"), &format!("={hex}"), &format!("x{prefix}={hex}")] {
            assert_eq!(with_header(&scheme, "secret", &headers, b"{}", name, bad), "MALFORMED_SIGNATURE", "{bad}");
        }
    }
}

/// Every byte of a signature counts, from the first to the last.
#[test]
fn p25_all_bytes_are_compared() {
    let scheme = scheme(GITHUB);
    let headers = signed(&scheme, "secret", b"{}");
    let value = rig::value(&headers, "x-hub-signature-256");
    for at in 7..value.len() {
        let mut other = value.to_string().into_bytes();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        let other = std::string::String::from_utf8(other).unwrap();
        assert_eq!(code(&scheme, &["secret"], &[("x-hub-signature-256", &other)], b"{}"), "NO_MATCH");
    }
    // A prefix of a token is not accepted, and neither is a token with something after it.
    let token = rig::scheme("signature = \"header:x-token\"\nalgorithm = \"equality\"");
    for (sent, expected) in
        [("secret", "VALID"), ("secre", "NO_MATCH"), ("secrets", "NO_MATCH"), ("Secret", "NO_MATCH")]
    {
        assert_eq!(code(&token, &["secret"], &[("x-token", sent)], b""), expected, "{sent}");
    }
    assert!(!token.body_authenticated());
}

#[test]
fn p26_signatures_are_neither_padded_nor_cut() {
    let scheme = scheme(PLAIN_BASE64);
    // This body's signature contains a slash, which Xero's verifiers strip.
    let bodies = (0..200).map(|number| format!("{{\"number\":{number}}}"));
    let (body, headers) = bodies
        .map(|body| (body.clone(), signed(&scheme, "secret", body.as_bytes())))
        .find(|(_, headers)| rig::value(headers, "x-signature").contains('/'))
        .unwrap();
    let value = rig::value(&headers, "x-signature");
    let with = |value: &str| code(&scheme, &["secret"], &[("x-signature", value)], body.as_bytes());
    assert_eq!(with(value), "VALID");
    for bad in [value.replace('/', ""), value[4..].into(), format!("AAAA{value}"), format!("{value}AAAA")] {
        assert_eq!(with(&bad), "MALFORMED_SIGNATURE", "{bad}");
    }
}

#[test]
fn p47_a_weaker_signature_is_no_substitute() {
    let sha1 = scheme(
        "signature = \"header:x-hub-signature\"\nprefix = \"sha1=\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha1\"",
    );
    let headers = signed(&sha1, "secret", b"{}");
    let value = rig::value(&headers, "x-hub-signature");
    assert_eq!(code(&sha1, &["secret"], &[("x-hub-signature", value)], b"{}"), "VALID");
    let sha256 = scheme(GITHUB);
    assert_eq!(code(&sha256, &["secret"], &[("x-hub-signature", value)], b"{}"), "MISSING_HEADER");
    let in_its_place = [("x-hub-signature-256", value)];
    assert_eq!(code(&sha256, &["secret"], &in_its_place, b"{}"), "MALFORMED_SIGNATURE");
    // Only a scheme that lists both takes both.
    let both = scheme(
        "signature = [\"header:x-hub-signature-256\", \"header:x-hub-signature\"]\nprefix = \"sha256=\"\n\
         encoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nor = [{ prefix = \"sha1=\", algorithm = \"hmac-sha1\" }]",
    );
    assert_eq!(code(&both, &["secret"], &[("x-hub-signature", value)], b"{}"), "VALID");
}
