//! Requests as people paste them.

use std::{string::ToString as _, vec::Vec};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::explain::read_request;

fn headers(text: &str) -> Vec<(std::string::String, std::string::String)> {
    read_request(text).headers
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(std::string::String, std::string::String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[test]
fn lines_are_read_with_marks_folds_and_a_request_line() {
    let expected = pairs([("host", "a.example"), ("stripe-signature", "t=1,v1=ab")]);
    for text in [
        "Host: a.example\nStripe-Signature: t=1,v1=ab",
        "Host: a.example\r\nStripe-Signature: t=1,v1=ab\r\n",
        "> POST /in HTTP/1.1\n> Host: a.example\n> Stripe-Signature: t=1,v1=ab\n>\n* done",
        "* Connected to a.example\n> Host: a.example\n> Stripe-Signature: t=1,v1=ab",
        "Host: a.example\nStripe-Signature:\nt=1,v1=ab",
        "HTTP_HOST=a.example\nHTTP_STRIPE_SIGNATURE=t=1,v1=ab",
        "'HTTP_HOST' => 'a.example',\n'HTTP_STRIPE_SIGNATURE' => 't=1,v1=ab',",
    ] {
        assert_eq!(headers(text), expected, "{text}");
    }
    let request = read_request("POST /in?a=1 HTTP/1.1\nHost: a.example\nX-Long: one,\n  two\n\n{\"a\":1}\n");
    assert_eq!((request.method.as_deref(), request.url.as_deref()), (Some("POST"), Some("/in?a=1")));
    assert_eq!(request.headers, pairs([("host", "a.example"), ("x-long", "one, two")]));
    assert_eq!(request.body.as_deref(), Some("{\"a\":1}"));
    assert_eq!(request.notes.len(), 2, "{:?}", request.notes);
}

#[test]
fn printed_headers_of_other_languages_are_read() {
    let expected = pairs([("host", "a.example"), ("x-signature", "a'b")]);
    for text in [
        "{'Host': 'a.example', 'X-Signature': \"a'b\"}",
        "[('Host', 'a.example'), ('X-Signature', \"a'b\")]",
        "{\"Host\"=>\"a.example\", \"X-Signature\"=>\"a'b\"}",
        "Array\n(\n    [Host] => a.example\n    [X-Signature] => a'b\n)",
    ] {
        assert_eq!(headers(text), expected, "{text}");
    }
}

#[test]
fn json_of_many_kinds_is_read() {
    let expected = pairs([("host", "a.example"), ("x-signature", "ab")]);
    for text in [
        r#"{"Host": "a.example", "X-Signature": "ab"}"#,
        r#"{"Host": ["a.example"], "X-Signature": ["ab"]}"#,
        r#"[["Host", "a.example"], ["X-Signature", "ab"]]"#,
        r#"["Host", "a.example", "X-Signature", "ab"]"#,
        r#"[{"name": "Host", "value": "a.example"}, {"name": "X-Signature", "value": "ab"}]"#,
        r#"{"headers": {"Host": "a.example", "X-Signature": "ab"}}"#,
    ] {
        assert_eq!(headers(text), expected, "{text}");
    }
}

#[test]
fn har_and_events_of_lambda_are_whole_requests() {
    let har = r#"{"log": {"entries": [{"request": {"method": "POST", "url": "https://a.example/in",
        "headers": [{"name": "X-Signature", "value": "ab"}], "postData": {"text": "{}"}}}, {}]}}"#;
    let request = read_request(har);
    assert_eq!((request.form, request.method.as_deref()), ("HAR", Some("POST")));
    assert_eq!((request.url.as_deref(), request.body.as_deref()), (Some("https://a.example/in"), Some("{}")));
    assert_eq!(request.headers, pairs([("x-signature", "ab")]));

    let event = r#"{"httpMethod": "POST", "path": "/in", "headers": {"X-Signature": "last"},
        "multiValueHeaders": {"X-Signature": ["first", "last"]}, "body": "e30=", "isBase64Encoded": true}"#;
    let request = read_request(event);
    assert_eq!(request.headers, pairs([("x-signature", "first"), ("x-signature", "last")]));
    assert_eq!((request.body.as_deref(), request.body_is_base64), (Some("e30="), true));

    let v2 = r#"{"rawPath": "/in", "rawQueryString": "a=1", "headers": {"x-signature": "ab"}, "body": "{}",
        "requestContext": {"domainName": "a.example", "http": {"method": "POST"}}, "isBase64Encoded": false}"#;
    let request = read_request(v2);
    assert_eq!((request.method.as_deref(), request.url.as_deref()), (Some("POST"), Some("https://a.example/in?a=1")));
}

#[test]
fn curl_is_read_as_a_shell_reads_it() {
    let text = "curl -X POST 'https://a.example/in' \\\n  -H 'Content-Type: application/json' \\\n  \
                -H \"X-Signature: a\\\"b\" --data-raw $'{\"a\":\"it\\'s\\n\\u00e9\"}'";
    let request = read_request(text);
    assert_eq!(request.form, "curl");
    assert_eq!(request.url.as_deref(), Some("https://a.example/in"));
    assert_eq!(request.headers, pairs([("content-type", "application/json"), ("x-signature", "a\"b")]));
    assert_eq!(request.body.as_deref(), Some("{\"a\":\"it's\n\u{e9}\"}"));
    assert_eq!(read_request("curl https://a.example -d @body.json").body, None);
}

#[test]
fn any_text_can_be_read() {
    for text in ["", "{", "[", "curl ", "curl '", "\0", "[a", "[a] =>", "Array(", "> ", ":", "{\"a\":{}}", "null", "1"]
    {
        let request = read_request(text);
        assert!(request.headers.iter().all(|(name, _)| !name.is_empty()), "{text}");
    }
}
