//! Causes in the body: numbers 1 to 19.

use std::{format, string::String, vec::Vec};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{Given, hints, is_good, proves};
use crate::{
    explain::CauseCode,
    tests::rig::{GITHUB, STANDARD, STRIPE, WHSEC},
};

const COMPACT: &str = r#"{"id":"evt_1","list":[1,2,{}],"none":null,"url":"https://a.example/b?c=1&d=2","empty":[]}"#;
const SPACED: &str =
    r#"{"id": "evt_1", "list": [1, 2, {}], "none": null, "url": "https://a.example/b?c=1&d=2", "empty": []}"#;
const INDENTED: &str = "{\n  \"id\": \"evt_1\",\n  \"list\": [\n    1,\n    2,\n    {}\n  ],\n  \"none\": null,\n  \
                        \"url\": \"https://a.example/b?c=1&d=2\",\n  \"empty\": []\n}";
/// As Jackson's `DefaultPrettyPrinter` writes it.
const JACKSON: &str = "{\n  \"id\" : \"evt_1\",\n  \"list\" : [ 1, 2, { } ],\n  \"none\" : null,\n  \"url\" : \
                       \"https://a.example/b?c=1&d=2\",\n  \"empty\" : [ ]\n}";

/// A delivery of what was signed, with another body.
fn given(signed: impl AsRef<[u8]>, given: impl AsRef<[u8]>) -> Given {
    for (scheme, secret) in [(GITHUB, "It's a Secret to Everybody"), (STRIPE, "whsec_test")] {
        is_good(&Given::signed(scheme, secret, signed.as_ref()));
    }
    Given::signed(STANDARD, WHSEC, signed.as_ref()).with_body(given)
}

#[test]
fn cause_1_compact_json() {
    for other in
        [SPACED.into(), INDENTED.into(), INDENTED.replace('\n', "\r\n"), JACKSON.into(), format!("{INDENTED}\n")]
    {
        let explanation = proves(&given(COMPACT, &other), 1);
        let difference = explanation.causes[0].changes[0].difference.clone().unwrap();
        let same = COMPACT.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        assert_eq!(difference.offset, same);
        assert_eq!(difference.signed.byte, Some(format!("{:02x}", COMPACT.as_bytes()[same])));
        assert_eq!(difference.given.length, other.len());
    }
}

#[test]
fn cause_2_spaces_after_commas_and_colons() {
    for other in [COMPACT, INDENTED] {
        proves(&given(SPACED, other), 2);
    }
    proves(&given(COMPACT.replace("\":", "\": "), COMPACT), 2);
}

#[test]
fn cause_3_indented_json() {
    let indents = [INDENTED.into(), INDENTED.replace("  ", "    "), INDENTED.replace("  ", "\t"), JACKSON.into()];
    for signed in indents {
        proves(&given(&signed, COMPACT), 3);
        proves(&given(signed.replace('\n', "\r\n"), SPACED), 3);
    }
}

#[test]
fn cause_4_order_of_members() {
    let sorted = r#"{"amount":1,"currency":"eur","id":"a","nested":{"a":1,"b":2},"zone":"x"}"#;
    proves(&given(sorted, r#"{"zone":"x","id":"a","currency":"eur","amount":1,"nested":{"b":2,"a":1}}"#), 4);
    proves(&given(r#"{"2":"a","10":"b","id":"x","before":1}"#, r#"{"id":"x","10":"b","before":1,"2":"a"}"#), 4);
    let spaced = sorted.replace("\":", "\": ").replace(",\"", ", \"");
    proves(
        &given(spaced, r#"{"zone": "x", "id": "a", "currency": "eur", "amount": 1, "nested": {"b": 2, "a": 1}}"#),
        4,
    );
    hints(
        &given(r#"{"zone":"x","id":"a","currency":"eur","amount":1,"nested":{"b":2,"a":1}}"#, sorted),
        CauseCode::KeyOrder,
    );
}

#[test]
fn cause_5_unicode_escapes() {
    let raw = r#"{"name":"Zoë 😀","city":"Łódź"}"#;
    let lower = r#"{"name":"Zo\u00eb \ud83d\ude00","city":"\u0141\u00f3d\u017a"}"#;
    let upper = r#"{"name":"Zo\u00EB \uD83D\uDE00","city":"\u0141\u00F3d\u017A"}"#;
    for signed in [raw, lower, upper] {
        for other in [raw, lower, upper].into_iter().filter(|other| *other != signed) {
            proves(&given(signed, other), 5);
        }
    }
}

#[test]
fn cause_6_slash_escapes() {
    let escaped = COMPACT.replace('/', "\\/");
    proves(&given(&escaped, COMPACT), 6);
    proves(&given(COMPACT, &escaped), 6);
}

#[test]
fn cause_7_html_escapes() {
    let raw = r#"{"html":"<a href='x'>&amp;</a> 1+1 \"q\""}"#;
    let lower = r#"{"html":"\u003ca href='x'\u003e\u0026amp;\u003c/a\u003e 1+1 \"q\""}"#;
    let dot_net = r#"{"html":"\u003Ca href=\u0027x\u0027\u003E\u0026amp;\u003C/a\u003E 1\u002B1 \u0022q\u0022"}"#;
    proves(&given(lower, raw), 7);
    proves(&given(raw, lower), 7);
    proves(&given(raw, dot_net), 7);
    proves(&given(dot_net, raw), 7);
    proves(&given(dot_net, lower), 7);
    proves(&given(lower.replace("\\u003c", "\\u003C").replace("\\u003e", "\\u003E"), raw), 7);
}

#[test]
fn cause_8_numbers() {
    for (signed, other) in [
        (r#"{"a":10.0,"b":7}"#, r#"{"a":10,"b":7}"#),
        (r#"{"a":10,"b":7}"#, r#"{"a":10.0,"b":7.0}"#),
        (r#"{"a":1e3,"b":7}"#, r#"{"a":1000,"b":7}"#),
        (r#"{"a":1000,"b":0.05}"#, r#"{"a":1e3,"b":5e-2}"#),
        (r#"{"a":1.50,"b":2.00}"#, r#"{"a":1.5,"b":2}"#),
        (r#"{"a":1.5,"b":7}"#, r#"{"a":1.500,"b":7}"#),
    ] {
        proves(&given(signed, other), 8);
    }
    hints(&given(r#"{"id":9007199254740993}"#, r#"{"id":9007199254740992123}"#), CauseCode::Numbers);
}

#[test]
fn cause_9_outer_space() {
    for (signed, other) in [
        ("{\"a\":1}", "{\"a\":1}\n"),
        ("{\"a\":1}\n", "{\"a\":1}"),
        ("{\"a\":1}\r\n", "{\"a\":1}"),
        ("{\"a\":1}", "{\"a\":1}\r\n"),
        ("{\"a\":1}", " \n{\"a\":1}  "),
        ("plain text", "plain text\n"),
        ("plain text", "plain text\0"),
    ] {
        proves(&given(signed, other), 9);
    }
    let explanation = proves(&given("{\"a\":1}", "{\"a\":1}\n"), 9);
    let difference = explanation.causes[0].changes[0].difference.clone().unwrap();
    assert_eq!((difference.offset, difference.given.byte.as_deref(), difference.signed.byte), (7, Some("0a"), None));
}

#[test]
fn cause_10_line_ends() {
    let unix = "a=1\nb=2\n\nc";
    let windows = unix.replace('\n', "\r\n");
    proves(&given(unix, &windows), 10);
    proves(&given(&windows, unix), 10);
    proves(&given("{\r\n\"a\":1 }\r\n", "{\n\"a\":1 }"), 10);
    proves(&given("{\r\n\"a\":1 }", "{\n\"a\":1 }\n"), 10);
}

#[test]
fn cause_11_byte_order_mark() {
    proves(&given("{\"a\":1}", "\u{feff}{\"a\":1}"), 11);
    proves(&given("\u{feff}{\"a\":1}", "{\"a\":1}"), 11);
}

#[test]
fn cause_12_charset() {
    let text = "{\"name\":\"Zoë – „Łódź” €\"}";
    let latin = "{\"name\":\"Zoë ñ\"}";
    let as_latin1 = |text: &str| -> String { text.bytes().map(char::from).collect() };
    proves(&given(latin, as_latin1(latin)), 12);
    proves(&given(as_latin1(latin), latin), 12);
    let bytes: Vec<u8> = latin.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
    proves(&given(latin, &bytes), 12);
    proves(&given(&bytes, latin), 12);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    proves(&given(text, &utf16), 12);
    proves(&given(&utf16, text), 12);
    // Windows-1252, where the bytes from 0x80 to 0x9f are other characters.
    proves(&given("{\"price\":\"5 €\"}", "{\"price\":\"5 â‚¬\"}"), 12);
    hints(&given(latin, String::from_utf8_lossy(&bytes).as_ref()), CauseCode::Charset);
}

#[test]
fn cause_13_lookalikes() {
    proves(&given("{\"a\":\"caf\u{e9}\"}", "{\"a\":\"cafe\u{301}\"}"), 13);
    proves(&given("{\"a\":\"cafe\u{301}\"}", "{\"a\":\"caf\u{e9}\"}"), 13);
    proves(&given("{\"a\":\"b\"}", "{\u{201c}a\u{201d}:\u{201c}b\u{201d}}"), 13);
    proves(&given("{\"a\": 1}", "{\"a\":\u{a0}1}"), 13);
    proves(&given("{\"a\":1}", "{\"a\":\u{200b}1}"), 13);
    proves(&given("{\"it's\": 1}", "{\u{201c}it\u{2019}s\u{201d}:\u{a0}1}"), 13);
}

#[test]
fn cause_14_json_in_json() {
    let quoted = r#""{\"a\":1,\"b\":\"x\\n\"}""#;
    proves(&given(r#"{"a":1,"b":"x\n"}"#, quoted), 14);
    proves(&given(quoted, r#"{"a":1,"b":"x\n"}"#), 14);
}

#[test]
fn cause_15_base64_body() {
    proves(&given("{\"a\":\"b?>\"}", "eyJhIjoiYj8+In0="), 15);
    proves(&given("{\"a\":\"b?>\"}", "eyJhIjoiYj8-In0"), 15);
    proves(&given("eyJhIjoiYj8+In0=", "{\"a\":\"b?>\"}"), 15);
}

#[test]
fn cause_16_compressed_body() {
    let body = "{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}";
    let deflated = miniz_oxide::deflate::compress_to_vec(body.as_bytes(), 6);
    let length = u32::try_from(body.len()).unwrap();
    let trailer = [crate::mac::crc32(body.as_bytes()).to_le_bytes(), length.to_le_bytes()].concat();
    let gzip =
        |flags: u8, fields: &[u8]| [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3], fields, &deflated, &trailer].concat();
    proves(&given(body, gzip(0, &[])), 16);
    proves(&given(body, gzip(8, b"name.json\0")), 16);
    proves(&given(body, miniz_oxide::deflate::compress_to_vec_zlib(body.as_bytes(), 6)), 16);
    hints(&given(gzip(0, &[]), body).with_header("content-encoding", "gzip"), CauseCode::CompressedBody);
}

#[test]
fn cause_17_forms() {
    let form = "payload=%7B%22a%22%3A%22x+y%22%7D";
    proves(&given(form, r#"{"a":"x y"}"#), 17);
    proves(&given(r#"{"a":"x y"}"#, form), 17);
    proves(&given("a=x+y&b=%C3%A9*", "a=x%20y&b=%c3%a9%2A"), 17);
    proves(&given("a=x%20y&b=%c3%a9", "a=x+y&b=%C3%A9"), 17);
    proves(&given("token=abc&text=hello+you&n=1", r#"{"token":"abc","text":"hello you","n":"1"}"#), 17);
}

#[test]
fn cause_18_nothing() {
    for (signed, other) in [("", "{}"), ("", "null"), ("{}", ""), ("null", "{}"), ("[]", "")] {
        proves(&given(signed, other), 18);
    }
}

#[test]
fn cause_19_another_body() {
    hints(&given("{\"a\":1,\"b\":2}", "{\"a\":1,").with_header("content-length", "13"), CauseCode::AlteredBody);
    hints(&given("{\"a\":1,\"b\":2}", "{\"a\":1,"), CauseCode::AlteredBody);
    hints(&given("{\"a\":1}", "[object Object]"), CauseCode::AlteredBody);
    hints(&given("{\"a\":1}", "").with_header("content-length", "7"), CauseCode::EmptyBody);
}

#[test]
fn changes_of_several_kinds_are_found_together() {
    let explanation =
        proves(&given("{\"url\": \"https:\\/\\/a\", \"n\": \"\\u00e9\"}", "{\"url\":\"https://a\",\"n\":\"é\"}"), 2);
    let codes: Vec<CauseCode> = explanation.causes[0].changes.iter().map(|change| change.code).collect();
    assert_eq!(codes, [CauseCode::SpacedJson, CauseCode::UnicodeEscapes, CauseCode::SlashEscapes]);
    proves(&given(format!("{INDENTED}\n"), COMPACT), 3);
}
