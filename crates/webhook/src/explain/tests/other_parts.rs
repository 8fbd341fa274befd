//! Causes in the scheme, the signature, the time, the URL, the method and the headers: numbers 25 to 30.

use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{Given, hints, is_good, proves};
use crate::{
    explain::CauseCode,
    tests::rig::{self, GITHUB, NOW, PLAIN_BASE64, SLACK, STANDARD, STRIPE, WHSEC},
};

const BODY: &[u8] = b"{\"id\":\"evt_1\"}";
const SQUARE: &str = r#"
    signature = "header:x-square-hmacsha256-signature"
    encoding = "base64"
    algorithm = "hmac-sha256"
    message = "{url}{body}"
"#;
const HUBSPOT: &str = r#"
    signature = "header:x-hubspot-signature-v3"
    encoding = "base64"
    algorithm = "hmac-sha256"
    message = "{method}{url}{body}{timestamp}"
    timestamp = { at = "header:x-hubspot-request-timestamp", unit = "ms" }
"#;

fn read_as(given: &Given, scheme: &str) -> Given {
    Given { scheme: rig::scheme(scheme), ..given.clone() }
}

#[test]
fn cause_25_another_scheme() {
    let github = Given::signed(GITHUB, "secret-1", BODY);
    proves(&read_as(&github, STRIPE), 25);
    proves(&read_as(&Given::signed(STANDARD, WHSEC, BODY), SLACK), 25);
    let sha512 = GITHUB.replace("hmac-sha256", "hmac-sha512");
    proves(&read_as(&Given::signed(&sha512, "secret-1", BODY), GITHUB), 25);
    let sha1 = GITHUB.replace("hmac-sha256", "hmac-sha1");
    proves(&read_as(&github, &sha1), 25);
    let colon = STRIPE.replace("{field:t}.", "{field:t}:");
    let explanation = proves(&read_as(&Given::signed(&colon, "secret-1", BODY), STRIPE), 25);
    assert!(explanation.causes[0].sentence.contains("{timestamp}:{body}"), "{}", explanation.causes[0].sentence);
    let svix = Given::signed(&STANDARD.replace("webhook-", "svix-"), WHSEC, BODY);
    proves(&read_as(&svix, &STANDARD.replace("|svix-", "|webhook-x-")), 25);
    // A wrong scheme and a wrong form of the secret.
    let standard = Given::signed(STANDARD, WHSEC, BODY);
    proves(&read_as(&standard, GITHUB).with_secret(&format!("\"{WHSEC}\"")), 25);
}

#[test]
fn cause_26_text_of_the_signature() {
    let name = "x-hub-signature-256";
    let github = Given::signed(GITHUB, "secret-1", BODY);
    let hex = github.header(name).strip_prefix("sha256=").unwrap().to_string();
    let bytes = crate::encoding::from_hex(&hex).unwrap();
    let base64 = crate::encoding::encode(crate::algorithm::Encoding::Base64, &bytes);
    for value in [
        hex.clone(),
        format!("\"sha256={hex}\""),
        format!("sha256={base64}"),
        base64.clone(),
        format!("sha256=sha256={hex}"),
        format!("sha1={hex}"),
        format!("sha256%3D{hex}"),
        format!("sha256={hex},"),
        format!("SHA256={hex}"),
        format!("sha256={}", &hex[..40]),
        format!("v1,sha256={hex}"),
        format!("sha256={} {}", &hex[..30], &hex[30..]),
    ] {
        proves(&github.clone().with_header(name, &value), 26);
    }
    let plain = Given::signed(PLAIN_BASE64, "secret-22", BODY);
    assert!(plain.header("x-signature").contains('+'));
    proves(&plain.clone().with_header("x-signature", &plain.header("x-signature").replace('+', " ")), 26);
    proves(&plain.clone().with_header("x-signature", plain.header("x-signature").trim_end_matches('=')), 26);
    proves(
        &plain.clone().with_header("x-signature", &plain.header("x-signature").replace('+', "-").replace('/', "_")),
        26,
    );
    let standard = Given::signed(STANDARD, WHSEC, BODY);
    let value = standard.header("webhook-signature").to_string();
    proves(&standard.clone().with_header("webhook-signature", &format!("v1,AAAA;{value}")), 26);
    proves(&standard.clone().with_header("webhook-signature", value.trim_start_matches("v1,")), 26);
    hints(&standard.with_header("webhook-signature", "v1,???"), CauseCode::SignatureText);
}

#[test]
fn cause_27_time() {
    let standard = Given::signed(STANDARD, WHSEC, BODY);
    let name = "webhook-timestamp";
    for text in
        [format!("{NOW}000"), "2023-11-14T22:13:20Z".into(), "2023-11-14T22:13:20+00:00".into(), format!("{NOW}.123")]
    {
        proves(&standard.clone().with_header(name, &text), 27);
    }
    let stripe = Given::signed(STRIPE, "whsec_1", BODY);
    let value = stripe.header("stripe-signature").replace(&format!("t={NOW}"), &format!("t={NOW}000"));
    proves(&stripe.clone().with_header("stripe-signature", &value), 27);
    let mut moved = standard.clone().with_header("x-received-timestamp", &NOW.to_string());
    moved.headers.retain(|(other, _)| other != name);
    let explanation = proves(&moved, 27);
    assert!(explanation.causes[0].sentence.contains("x-received-timestamp"));
    let milliseconds = STANDARD.replace("svix-timestamp\" }", "svix-timestamp\", unit = \"ms\" }");
    let explanation = proves(&read_as(&Given::signed(&milliseconds, WHSEC, BODY), STANDARD), 27);
    assert_eq!(explanation.causes[0].code, CauseCode::TimestampUnit);
    assert_eq!(explanation.verdict.code, "TIMESTAMP_TOO_NEW");

    let late = proves(&Given { now: NOW + 3_600, ..standard.clone() }, 27);
    assert_eq!((late.causes[0].code, late.causes[0].verdict), (CauseCode::Late, "TIMESTAMP_TOO_OLD"));
    let sentence = &late.causes[0].sentence;
    assert!(sentence.contains("1 hour before the time of this check, and 5 minutes are allowed"), "{sentence}");
    assert!(sentence.contains("a whole number of hours"));
    let early = proves(&Given { now: NOW - 400, ..standard.clone() }, 27);
    assert_eq!(early.causes[0].code, CauseCode::Early);
    hints(&standard.with_header(name, "soon"), CauseCode::TimestampText);
}

#[test]
fn cause_28_url() {
    let signed = "https://www.example.com/api/hooks/a?b=x%20y&a=%C3%A9";
    let good = Given::signed_at(SQUARE, "secret-1", BODY, signed);
    is_good(&good);
    for url in [
        "http://www.example.com/api/hooks/a?b=x%20y&a=%C3%A9",
        "https://www.example.com:443/api/hooks/a?b=x%20y&a=%C3%A9",
        "https://example.com/api/hooks/a?b=x%20y&a=%C3%A9",
        "https://www.example.com/api/hooks/a/?b=x%20y&a=%C3%A9",
        "https://www.example.com/hooks/a?b=x%20y&a=%C3%A9",
        "https://www.example.com/api/hooks/a?b=x%20y&a=%c3%a9",
        "https://www.example.com/api/hooks/a?b=x+y&a=%C3%A9",
        "http://www.example.com:8080/api/hooks/a?b=x%20y&a=%C3%A9",
    ] {
        let explanation = proves(&Given { url: url.into(), ..good.clone() }, 28);
        assert!(explanation.causes[0].changes[0].difference.is_some());
    }
    let behind = Given { url: "http://10.0.0.7:3000/api/hooks/a?b=x%20y&a=%C3%A9".into(), ..good.clone() };
    proves(&behind.with_header("x-forwarded-host", "www.example.com").with_header("x-forwarded-proto", "https"), 28);
    let plain = Given::signed_at(SQUARE, "secret-1", BODY, "https://example.com/a");
    proves(&Given { url: "https://example.com/a?utm=1".into(), ..plain.clone() }, 28);
    proves(&Given { url: "https://example.com:443/a".into(), ..plain.clone() }, 28);
    let sorted = Given::signed_at(SQUARE, "secret-1", BODY, "https://example.com/a?a=1&b=2");
    proves(&Given { url: "https://example.com/a?b=2&a=1".into(), ..sorted }, 28);
    let bare = Given::signed_at(SQUARE, "secret-1", BODY, "https://example.com");
    proves(&Given { url: "https://example.com/".into(), ..bare }, 28);
}

#[test]
fn cause_29_method() {
    let good = Given::signed(HUBSPOT, "secret-1", BODY);
    is_good(&good);
    for method in ["GET", "PUT", "post"] {
        proves(&Given { method: method.into(), ..good.clone() }, 29);
    }
}

#[test]
fn cause_30_headers() {
    let standard = Given::signed(STANDARD, WHSEC, BODY);
    let renamed = |rename: &dyn Fn(&str) -> String| {
        let headers: Vec<(String, String)> =
            standard.headers.iter().map(|(name, value)| (rename(name), value.clone())).collect();
        Given { headers, ..standard.clone() }
    };
    proves(&renamed(&|name| format!("HTTP_{}", name.to_uppercase().replace('-', "_"))), 30);
    proves(&renamed(&|name| name.replace('-', "_")), 30);
    proves(&renamed(&|name| format!("> {name}")), 30);
    proves(&renamed(&|name| format!("x-amzn-remapped-{name}")), 30);
    let name = "x-hub-signature-256";
    let github = Given::signed(GITHUB, "secret-1", BODY);
    let value = github.header(name).to_string();
    let twice = |other: &str| {
        let mut given = github.clone();
        given.headers.push((name.into(), other.into()));
        given
    };
    proves(&twice("sha256=00"), 30);
    is_good(&twice(&value));
    proves(&github.clone().with_header(name, &format!("{value}, {value}")), 30);
    proves(&github.clone().with_header(name, &format!("sha256=\r\n {}", &value[7..])), 30);
    let mut lost = github.clone();
    lost.headers.clear();
    hints(&lost, CauseCode::Headers);
    hints(&lost.with_header("content-type", "application/json"), CauseCode::Headers);
}
