use super::*;
use proptest::prelude::*;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn mistakes(text: &str) -> Vec<String> {
    match read(text) {
        Err(ReadJsonError::Mistakes(mistakes)) => mistakes.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn twice(text: &str) -> (String, usize, usize) {
    match read(text) {
        Err(ReadJsonError::Twice { member, line, column }) => (member, line, column),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_member_that_is_there_twice_is_named_wherever_it_is() {
    assert_eq!(twice(r#"{"name":"x","scopes":["a"],"scopes":["b"]}"#).0, "scopes");
    assert_eq!(twice(r#"{"metadata":{"a":[1,{"b":1,"\u0062":2}]}}"#).0, "metadata.a.1.b");
    assert_eq!(twice(r#"{"":1,"":1}"#).0, "");
    let (member, line, _) = twice("{\"a\": 1,\n\"a\": 1}");
    assert_eq!((member.as_str(), line), ("a", 2));
    assert_eq!(twice(&format!("{{\"{0}\":1,\"{0}\":1}}", "x".repeat(1_000))).0.len(), MAX_FIELD_CHARS);
    assert_eq!(read(r#"{"a":{"b":1},"c":{"b":1}}"#).unwrap(), json!({"a": {"b": 1}, "c": {"b": 1}}));
}

#[test]
fn of_plain_members_each_is_there_once() {
    let read = |text: &str| read_members(text).map_err(|error| Problem::from(error).detail.into_owned());
    assert_eq!(read(r#"{"a":[1.0],"b":{}}"#).unwrap().to_string(), r#"{"a":[1.0],"b":{}}"#);
    assert!(read(r#"{"key":"a","\u006bey":"b"}"#).unwrap_err().starts_with("The member `key` is there twice: line 1"));
    assert!(read("[]").unwrap_err().contains("a JSON object expected"));
    assert!(read("{\"a\":1").unwrap_err().contains("not JSON: line 1"));
    assert!(read("{} x").is_err());
}

#[test]
fn numbers_go_back_out_as_they_came() {
    for number in [
        "99.08701741838819",
        "123456789012345678901",
        "-0",
        "-0.0",
        "1.0",
        "1e2",
        "1E-7",
        "18446744073709551615",
        "0e999",
        "1.7976931348623157e308",
        "5e-324",
        "0.00000001e-300",
    ] {
        let text = format!("{{\"n\":[{number}]}}");
        let written = read(&text).unwrap().to_string();
        assert_eq!(written.to_lowercase().replace("e+", "e"), text.to_lowercase(), "{number}");
    }
    for number in ["1.8e308", "-1e400", "1e-400", "0.0001e313", "10e-326", "1e99999999999999999999", &"9".repeat(400)] {
        assert!(mistakes(&format!("{{\"n\":[{number}]}}"))[0].starts_with("n.0: a number"), "{number}");
    }
}

#[test]
fn depth_is_followed_to_its_bound_and_no_further() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(MAX_DEPTH - 1)).is_ok());
    let found = mistakes(&nested(MAX_DEPTH));
    assert!(found.len() == 1 && found[0].starts_with("a.0.0") && found[0].ends_with("64 levels at most"), "{found:?}");
    assert_eq!(mistakes(&nested(2_000_000)).len(), 1);
    let objects = format!("{}1{}", "{\"a\":".repeat(1_000), "}".repeat(1_000));
    assert_eq!(mistakes(&objects).len(), 1);
    let wide = format!("[{}]", alloc::vec![nested(100); 100].join(","));
    assert_eq!(mistakes(&wide).len(), MAX_MISTAKES);
}

#[test]
fn a_text_of_too_many_values_is_given_up() {
    let list = |value: &str, count: usize| format!("[{}]", alloc::vec![value; count].join(","));
    assert!(read(&list("0", MAX_VALUES - 1)).is_ok());
    assert!(mistakes(&list("0", MAX_VALUES))[0].contains("in parts"));
    assert!(read(&list("{}", MAX_CONTAINERS - 1)).is_ok());
    assert!(mistakes(&list("[]", MAX_CONTAINERS))[0].contains("in parts"));
}

#[test]
fn names_that_the_parser_keeps_for_itself_are_refused() {
    for name in ["$serde_json::private::Number", "\\u0024serde_json::private::RawValue"] {
        let found = mistakes(&format!(r#"{{"metadata":{{"{name}":"[1"}}}}"#));
        assert!(found[0].contains("take another one"), "{found:?}");
    }
    assert!(read(r#"{"$serde_json":1,"$":"$"}"#).is_ok());
}

#[test]
fn what_is_no_json_is_placed() {
    for (text, line, column) in [("{\"a\":\n1", 2, 1), ("{} x", 1, 4), ("", 1, 0), ("{\"a\" 1}", 1, 6)] {
        let Err(ReadJsonError::Malformed(error)) = read(text) else { panic!("{text}") };
        assert_eq!((error.line(), error.column()), (line, column), "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("usual", |f| f.abs() > 1e-300 && f.abs() < 1e300).prop_map(Value::from),
    ];
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, ".*".prop_map(Value::from)];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written(value in any_json()) {
        prop_assert_eq!(read(&value.to_string()).unwrap(), value);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]{}\",:0-9.eE+-]{0,64}") {
        let _ = (read(&text), read_members(&text));
    }
}
