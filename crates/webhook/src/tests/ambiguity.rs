//! P35, P37, P38: deliveries that a receiver could read in another way than they were verified.

use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, ADYEN, NOW, STANDARD, WHSEC, borrowed, code, options, scheme, signed};
use crate::{
    Delivery, Scheme,
    algorithm::{Algorithm, Encoding},
    encoding,
    mac::Keyed,
    sign,
};

#[test]
fn p35_an_id_with_a_dot_would_make_the_message_ambiguous() {
    let scheme = scheme(STANDARD);
    for id in ["a.b", "msg.1700000000", "."] {
        let signed = sign(&scheme, WHSEC, &rig::post(&[], b"{}"), Some(id), &options(NOW));
        assert_eq!(signed.unwrap_err().code(), "MALFORMED_FIELD", "{id}");
        let headers = signed_as(&scheme, id);
        assert_eq!(code(&scheme, &[WHSEC], &borrowed(&headers), b"{}"), "MALFORMED_FIELD", "{id}");
    }
}

/// Replicate's verifiers ignore the time. Its text must be a time all the same.
#[test]
fn p35_a_timestamp_that_is_not_enforced_can_not_swallow_the_body() {
    for message in ["{timestamp}.{body}", "{timestamp}{body}"] {
        let scheme = scheme(&format!(
            "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nmessage = \"{message}\"\n\
             timestamp = {{ at = \"header:t\", enforce = false }}"
        ));
        let body = b"{\"a\":1}.{\"b\":2}";
        let headers = signed(&scheme, "secret", body);
        assert_eq!(code(&scheme, &["secret"], &borrowed(&headers), body), "VALID");
        let (signature, time) = (rig::value(&headers, "s"), rig::value(&headers, "t"));
        let dot = if message.contains('.') { "." } else { "" };
        let swallowed = format!("{time}{dot}{{\"a\":1}}{}", if dot.is_empty() { "." } else { "" });
        let headers = [("s", signature), ("t", swallowed.as_str())];
        assert_eq!(code(&scheme, &["secret"], &headers, b"{\"b\":2}"), "MALFORMED_TIMESTAMP", "{message}");
    }
}

/// If the boundary between a header and its neighbour in the message could be shifted, other texts would have the same
/// signature.
#[test]
fn p35_a_header_beside_the_body_can_not_take_a_part_of_it() {
    let of = |message: &str| {
        scheme(&format!(
            "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nmessage = \"{message}\""
        ))
    };
    let plain = of("{body}");
    let by = |text: &str| rig::value(&signed(&plain, "secret", text.as_bytes()), "s").to_string();
    let code = |message: &str, signature: &str, header: &str, body: &str| {
        code(&of(message), &["secret"], &[("s", signature), ("t", header)], body.as_bytes())
    };
    let before = by("1700000000{\"a\":1}");
    assert_eq!(code("{header:t}{body}", &before, "1700000000", "{\"a\":1}"), "VALID");
    assert_eq!(code("{header:t}{body}", &before, "1700000000{\"a\":1}", ""), "MALFORMED_FIELD");
    let after = by("{\"a\":1}1700000000");
    assert_eq!(code("{body}{header:t}", &after, "1700000000", "{\"a\":1}"), "VALID");
    assert_eq!(code("{body}{header:t}", &after, "{\"a\":1}1700000000", ""), "MALFORMED_FIELD");
    let dot = by("1.{}.{}");
    assert_eq!(code("{header_or_empty:t}.{body}", &dot, "1", "{}.{}"), "VALID");
    assert_eq!(code("{header_or_empty:t}.{body}", &dot, "1.{}", "{}"), "MALFORMED_FIELD");
}

/// The content type is not signed: with another one, the same fields could be accompanied by files and fields that no
/// signature covers.
#[test]
fn p37_a_signed_form_is_urlencoded() {
    let text = "signature = \"header:s\"\nencoding = \"base64\"\nalgorithm = \"hmac-sha1\"\nmessage = ";
    let form = scheme(&format!("{text}\"{{url}}{{sorted_form}}\""));
    let headers = signed(&form, "secret", b"Body=hello");
    let part = |head: &str, text: &str| format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n");
    for forged in ["name=\"Body\"; filename=\"f\"", "name=\"Body\"; x=\"; filename=y\""] {
        let body = format!("{}{}--x--\r\n", part(forged, "forged"), part("name=\"Body\"", "hello"));
        let headers = [borrowed(&headers), [("content-type", "multipart/form-data; boundary=x")].to_vec()].concat();
        assert_eq!(code(&form, &["secret"], &headers, body.as_bytes()), "MALFORMED_BODY", "{forged}");
    }
}

/// The receiver would read a list or an object where nothing was signed.
#[test]
fn p38_an_object_is_not_nothing() {
    let adyen = scheme(&ADYEN.replace("each = \"json:notificationItems[].NotificationRequestItem\"", ""));
    let mac = Keyed::new(Algorithm::HmacSha256, &[1; 32]).unwrap().compute(&[b"7914::5"[..].into()]);
    let signature = encoding::encode(Encoding::Base64, &mac);
    let secret = "01".repeat(32);
    let code = |original: &str| {
        let body = format!(
            "{{\"additionalData\":{{\"hmacSignature\":\"{signature}\"}},\"pspReference\":\"7914\",{original}\
             \"amount\":{{\"value\":5}}}}"
        );
        code(&adyen, &[&secret], &[], body.as_bytes())
    };
    assert_eq!(code(""), "VALID");
    assert_eq!(code("\"originalReference\":null,"), "VALID");
    assert_eq!(code("\"originalReference\":[\"forged\"],"), "MALFORMED_BODY");
    assert_eq!(code("\"originalReference\":{\"a\":1},"), "MALFORMED_BODY");
}

/// A receiver that matches names without case could read the other one.
#[test]
fn p38_a_name_in_another_case_is_refused_where_the_body_is_not_covered() {
    let secret = "01".repeat(32);
    let item = |more: &str| {
        let mac = Keyed::new(Algorithm::HmacSha256, &[1; 32]).unwrap().compute(&[b"7914::"[..].into()]);
        let signature = encoding::encode(Encoding::Base64, &mac);
        format!(
            "{{\"NotificationRequestItem\":{{\"additionalData\":{{\"hmacSignature\":\"{signature}\"}},\
             \"pspReference\":\"7914\"{more}}}}}"
        )
    };
    let adyen = scheme(ADYEN);
    let code = |body: String| code(&adyen, &[&secret], &[], body.as_bytes());
    assert_eq!(code(format!("{{\"notificationItems\":[{}]}}", item(""))), "VALID");
    for more in [",\"PspReference\":\"1\"", ",\"pſpReference\":\"1\"", ",\"AMOUNT\":{\"value\":5}"] {
        assert_eq!(code(format!("{{\"notificationItems\":[{}]}}", item(more))), "MALFORMED_BODY", "{more}");
    }
    let twice = format!("{{\"notificationItems\":[{}],\"NotificationItems\":[]}}", item(""));
    assert_eq!(code(twice), "MALFORMED_BODY");

    let form = scheme(
        "signature = \"form:signature\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\n\
         message = \"{form:timestamp}{form:token}\"",
    );
    let mac = Keyed::new(Algorithm::HmacSha256, b"secret").unwrap().compute(&[b"1a"[..].into()]);
    let mac = encoding::to_hex(&mac);
    let code = |more: &str| {
        let body = format!("timestamp=1&token=a&signature={mac}{more}");
        rig::code(&form, &["secret"], &[], body.as_bytes())
    };
    assert_eq!([code(""), code("&other=1"), code("&Token=b")], ["VALID", "VALID", "MALFORMED_BODY"]);

    let whole =
        scheme("signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"\nevent_id = \"json:id\"");
    let body = b"{\"id\":\"1\",\"Id\":\"2\"}";
    let headers = signed(&whole, "secret", body);
    assert_eq!(rig::code(&whole, &["secret"], &borrowed(&headers), body), "VALID", "the sender's own");
}

#[test]
fn contentful_signs_the_headers_that_it_lists_and_the_timestamp_must_be_one() {
    let scheme = scheme(
        r#"
        signature = "header:x-contentful-signature"
        encoding = "hex"
        algorithm = "hmac-sha256"
        message = "{method}\n{path_and_query}\n{signed_headers:x-contentful-signed-headers}\n{body}"
        timestamp = { at = "header:x-contentful-timestamp", unit = "ms", past = 30 }
        "#,
    );
    assert!(scheme.replay_protected());
    let time = format!("{NOW}000");
    let sign = |list: &str| {
        let headers = [("X-Contentful-Signed-Headers", list), ("x-contentful-timestamp", &time), ("x-a", "1")];
        let delivery = Delivery { headers: &headers, ..rig::post(&[], b"{}") };
        let signed = crate::sign(&scheme, "secret", &delivery, None, &options(NOW))?;
        let headers = [headers.as_slice(), &[("x-contentful-signature", &signed.value)]].concat();
        rig::check(&scheme, &["secret"], &Delivery { headers: &headers, ..delivery }, &options(NOW))
    };
    assert!(sign("x-contentful-signed-headers,x-contentful-timestamp,X-A").is_ok());
    assert_eq!(sign("x-contentful-signed-headers,x-a").unwrap_err().code(), "MISSING_HEADER");
    assert_eq!(sign("x-contentful-timestamp,x-none").unwrap_err().code(), "MISSING_HEADER");
}

fn signed_as(scheme: &Scheme, id: &str) -> Vec<(String, String)> {
    let mut headers = signed(scheme, WHSEC, b"{}");
    headers.retain(|(name, _)| name != "webhook-id");
    headers.push(("webhook-id".into(), id.into()));
    headers
}
