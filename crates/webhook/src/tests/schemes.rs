//! Tests of how schemes are written.

use std::{string::String, vec::Vec};

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{place::Place, scheme::Scheme, template::Template};

fn mistakes(value: Value) -> Vec<String> {
    let mistakes = Scheme::from_value(value).err().map(Vec::from_iter).unwrap_or_default();
    mistakes.iter().map(std::string::ToString::to_string).collect()
}

/// One scheme on nearly every axis.
const WHOLE: &str = r#"
    signature = ["header:webhook-signature|svix-signature", "header:x-other-#"]
    groups = " "
    split = ","
    prefix = "v1="
    after = "|"
    begins = "x"
    encoding = "base64"
    algorithm = "hmac-sha256"
    key = "whsec"
    or = [{ prefix = "v1a=", algorithm = "ed25519", key = "whpk" }]
    message = ["{header:webhook-id|svix-id}.{timestamp}.{body}", "{{{param:a}}}{json_or_empty:a.b[0]}{body}"]
    timestamp = { at = "field:t", unit = "ms", past = 60, future = 5, enforce = false }
    event_id = "header:webhook-id"
    params = ["a"]
    hashes = [{ at = "field:h", encoding = "base64url", of = "{body}", unless_empty = true }]
    requires = [{ at = "header:x-version", is = "1" }]
    refused = 403

    [[handshake]]
    when = { method = "GET", at = "query:crc_token", without = "header:x-signature" }
    signed = false
    token = { at = "query:verify", is = "{param:a}" }
    tells = "query:secret"
    response = { of = "{query:crc_token}", encoding = "base64" }
    answer = { json = { response_token = "sha256={response}" }, header = { x-hook = "{header:x-hook}" } }
"#;

#[test]
fn a_scheme_reads_the_same_from_toml_json_and_postcard() {
    let mut text = String::from(WHOLE);
    text = text.replace("{timestamp}.{body}", "{timestamp}.{field:h}.{body}").replace("{{{param:a}}}", "{{{field:h}}}");
    let scheme: Scheme = toml::from_str(&text).unwrap();
    let json = serde_json::to_string(&scheme).unwrap();
    assert_eq!(serde_json::from_str::<Scheme>(&json).unwrap(), scheme, "{json}");
    let bytes = postcard::to_allocvec(&("before", &scheme, "after")).unwrap();
    let (before, read, after): (String, Scheme, String) = postcard::from_bytes(&bytes).unwrap();
    assert_eq!((before.as_str(), &read, after.as_str()), ("before", &scheme, "after"));
}

#[test]
fn the_axes_about_a_delivery_are_checked() {
    let scheme = |axis: &str, value: Value| {
        let mut scheme = json!({ "signature": "header:a", "encoding": "hex", "algorithm": "hmac-sha256" });
        scheme[axis] = value;
        mistakes(scheme).join(" ")
    };
    assert_eq!(scheme("requires", json!([{ "at": "header:v", "is": "1" }])), "");
    assert!(scheme("requires", json!([{ "at": "header:v", "is": "" }])).contains("which text must be there"));
    assert_eq!(scheme("requires", json!([{ "at": "header:v" }])), "", "any text");
    assert!(scheme("requires", json!([{ "at": "header:v", "is": "{param:v}" }])).contains("not among the `params`"));
    assert!(scheme("requires", json!([{ "at": "head:v", "is": "1" }])).contains("a JWT has a head"));
    assert!(scheme("requires", json!([{ "at": "claim:v", "is": "1" }])).contains("only JWTs have claims"));
    for status in [200, 399, 500] {
        assert!(scheme("refused", json!(status)).contains("a status from 400 to 499"), "{status}");
    }
    let hashes = json!([{ "at": "header:h", "of": "{header:b}", "unless_empty": true }]);
    assert!(scheme("hashes", hashes).contains("isn't of the body"));
}

#[test]
fn the_shortest_scheme_is_what_most_senders_do() {
    let text = "signature = \"header:X-Signature\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"";
    let scheme: Scheme = toml::from_str(text).unwrap();
    assert_eq!(scheme.messages, [Template::parse("{body}").unwrap()]);
    assert_eq!(scheme.signature, [Place::Header(std::vec!["x-signature".into()])]);
    assert!(scheme.body_authenticated() && !scheme.replay_protected());
}

#[test]
fn unknown_axes_are_refused_by_name_wherever_they_stand() {
    let mistakes = mistakes(json!({
        "signature": "header:x", "encoding": "hex", "algorithm": "hmac-sha256", "tolerance": 5,
        "timestamp": { "at": "header:t", "past": 3, "window": 3 },
        "handshake": [{ "when": { "methd": "GET" }, "answer": { "text": "x" } }],
    }));
    for expected in
        ["\"tolerance\" is unknown here", "timestamp: \"window\"", "handshake.0.when: \"methd\"", "\"text\""]
    {
        assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{expected}: {mistakes:?}");
    }
}

/// Each of these alone makes a good scheme bad, and the sentence says why.
#[test]
fn what_can_not_work_is_refused_when_it_is_read() {
    let cases = [
        (json!({ "signature": [] }), "say where the signature stands"),
        (json!({ "signature": "field:v1" }), "can't hold the signature"),
        (json!({ "algorithm": "hmac-md5" }), "is none of"),
        (json!({ "algorithm": "ed25519" }), "say how the public key is written"),
        (json!({ "algorithm": "ed25519", "key": "utf8" }), "has no key that is written as utf8"),
        (json!({ "key": "pem" }), "has no key that is written as pem"),
        (json!({ "encoding": "utf8" }), "can't be written as utf8"),
        (json!({ "message": "constant" }), "same for every delivery"),
        (json!({ "message": "{param:a}{body}" }), "not among the `params`"),
        (json!({ "message": "{timestamp}{body}" }), "which is not said"),
        (json!({ "algorithm": "sha256" }), "proves nothing without the `{secret}`"),
        (json!({ "message": "{field:t}{body}" }), "say `split`"),
        (json!({ "message": "{claim:a}{body}" }), "only JWTs have claims"),
        (json!({ "message": "{response}{body}" }), "can't stand here"),
        (json!({ "message": "{body" }), "without its other"),
        (json!({ "message": "{nonsense}" }), "stands for nothing"),
        (json!({ "claims": { "iss": "a" } }), "only JWTs have claims"),
        (json!({ "split": ", " }), "one ASCII character"),
        (json!({ "groups": " " }), "say `split`"),
        (json!({ "each": "json:items" }), "has `[]` once"),
        (json!({ "hashes": [{ "at": "header:digest" }] }), "proves nothing"),
        (json!({ "or": [{ "algorithm": "equality" }] }), "side by side"),
        (json!({ "timestamp": { "at": "header:t", "past": -1 } }), "seconds expected"),
        (json!({ "timestamp": { "at": "header:t-#" } }), "may be several"),
        (json!({ "params": ["a", "a"] }), "a name of its own"),
        (json!({ "message": "{optional:<query:id>;}{body}" }), "before and after"),
        (json!({ "message": "{optional:id:<query:id>}{body}" }), "before and after"),
        (json!({ "message": "{optional:id:query:id;}{body}" }), "before and after"),
        (json!({ "message": "{optional:id:<nowhere:id>;}{body}" }), "no kind of place"),
        (json!({ "message": "{optional:id:<header:x-#>;}{body}" }), "takes one"),
        (json!({ "message": "{optional:id:<claim:id>;}{body}" }), "only JWTs have claims"),
        (json!({ "message": "{body}{sorted_query_and_form}" }), "stands once"),
        (json!({ "algorithm": "sha1" }), "proves nothing"),
        (json!({ "message": "{secret}{body}" }), "`sha1` and `sha256` only"),
        (json!({ "handshake": [{ "when": {}, "answer": {} }] }), "which requests"),
        (
            json!({ "handshake": [{ "when": { "method": "POST" }, "tells": "json:secret", "answer": {} }] }),
            "handshake.0.tells: nothing is signed before the secret is told",
        ),
        (
            json!({ "handshake": [{ "when": { "method": "POST" }, "tells": "claim:a", "signed": false, "answer": {} }] }),
            "only JWTs have claims",
        ),
        (
            json!({ "handshake": [{ "when": { "method": "GET" }, "answer": { "type": "text/html", "body": "{query:a}" } }] }),
            "text/plain",
        ),
        (
            json!({ "handshake": [{ "when": { "method": "GET" }, "response": { "of": "{url}" }, "answer": {} }] }),
            "a token that was sent",
        ),
        (
            json!({ "handshake": [{ "when": { "method": "GET" }, "token": { "at": "query:a", "is": "open" }, "answer": {} }] }),
            "proves nothing",
        ),
    ];
    for (change, expected) in cases {
        let mut scheme = json!({ "signature": "header:x", "encoding": "hex", "algorithm": "hmac-sha256" });
        assert_eq!(mistakes(scheme.clone()), Vec::<String>::new());
        for (axis, value) in change.as_object().unwrap() {
            scheme[axis] = value.clone();
        }
        let mistakes = mistakes(scheme);
        assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{change}: {mistakes:?}");
    }
}

#[test]
fn places_and_templates_print_as_they_are_written() {
    for text in ["header:a|b", "header:x-#", "json:a.b[0].c", "json:a[\"b.c\"]", "position:3", "claim:a.b", "body"] {
        assert_eq!(std::string::ToString::to_string(&Place::parse(text).unwrap()), text);
    }
    for text in ["{{}}{body}", "a{json_or_empty:a[1]}b", "{present:A,B}", "{signed_headers:x-y}{crc32:body}{url}"]
        .into_iter()
        .chain(["{optional:id:<query:data.id>;}ts", "{optional_lower:a=<header:x|y>&}{sorted_query_and_form}"])
    {
        assert_eq!(std::string::ToString::to_string(&Template::parse(text).unwrap()), text);
    }
}
