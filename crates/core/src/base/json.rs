//! Reads the JSON of a request as RFC 7493 (I-JSON) has it, whoever asks.
//!
//! A member that is there twice is refused, since readers disagree on which of the two counts. A number keeps its text, so
//! it goes back out with the same value. A text that nests deep is not followed, and one of many small values, which
//! take up to a hundred times their length, is given up before it takes the memory of all callers.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{error::Error, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{
    code::Code,
    fields::{self, FieldError, MAX_FIELD_CHARS},
    problem::Problem,
};

/// The maximum depth of a body, levels. It leaves room for metadata of its own maximum in a body of any form.
pub const MAX_DEPTH: usize = 64;
/// The maximum number of values in a body, those of lists and objects included.
pub const MAX_VALUES: usize = 300_000;
/// The maximum number of lists and objects in a body. An object with one member takes half a kilobyte.
pub const MAX_CONTAINERS: usize = 60_000;
/// The maximum number of mistakes that are named; there may be millions.
pub const MAX_MISTAKES: usize = 8;

/// The names that the parser of JSON keeps for itself. A member of such a name would come back as another value.
const RESERVED: &str = "$serde_json::private::";
/// The name under which the parser hands over a number's text.
pub(crate) const NUMBER: &str = "$serde_json::private::Number";

/// The reason why a text is not the JSON that a request may have.
#[derive(Debug)]
pub enum ReadJsonError {
    /// The text is not JSON from some place on.
    Malformed(serde_json::Error),
    /// A member is there twice.
    Twice {
        /// The member, such as `metadata.plan`.
        member: String,
        /// The line by which it is there twice, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// The text is JSON, and something in it can't be taken.
    Mistakes(Vec<FieldError>),
}

impl From<Vec<FieldError>> for ReadJsonError {
    fn from(mistakes: Vec<FieldError>) -> Self {
        Self::Mistakes(mistakes)
    }
}

impl From<ReadJsonError> for Problem {
    fn from(error: ReadJsonError) -> Self {
        match error {
            ReadJsonError::Malformed(error) => {
                let (line, column) = (error.line(), error.column());
                Self::malformed_json(format!("The body is not JSON: line {line}, column {column}."), line, column)
            }
            ReadJsonError::Twice { member, line, column } => {
                let detail =
                    format!("The member `{member}` is there twice: line {line}, column {column}. Send it once.");
                Self::malformed_json(detail, line, column)
            }
            ReadJsonError::Mistakes(mistakes) => fields::invalid(&mistakes),
        }
    }
}

impl Problem {
    /// The 400: the body is not JSON, or not one that all readers understand alike.
    #[must_use]
    pub fn malformed_json(detail: String, line: usize, column: usize) -> Self {
        Self::new(Code::MalformedJson, detail).with("line", line.into()).with("column", column.into())
    }
}

impl fmt::Display for ReadJsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "{error}"),
            Self::Twice { member, line, column } => write!(f, "`{member}` twice at line {line}, column {column}"),
            Self::Mistakes(mistakes) => mistakes.iter().try_for_each(|mistake| write!(f, "{mistake}; ")),
        }
    }
}

impl Error for ReadJsonError {}

/// Reads a text of JSON.
///
/// # Errors
/// [`ReadJsonError`].
pub fn read(text: &str) -> Result<Value, ReadJsonError> {
    let mut reading = Reading::default();
    // Nothing else tells such a name from a number's text.
    if text.contains(RESERVED) {
        reading.mistake(&Place::Body, reserved());
        return Err(ReadJsonError::Mistakes(reading.mistakes));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Seed { reading: &mut reading, place: &Place::Body, depth: 0 };
    let read = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    match read {
        Ok(value) if reading.mistakes.is_empty() => Ok(value),
        Ok(_) => Err(ReadJsonError::Mistakes(reading.mistakes)),
        Err(error) => Err(match reading.stopped {
            None => ReadJsonError::Malformed(error),
            Some(Stop::Twice(member)) => ReadJsonError::Twice { member, line: error.line(), column: error.column() },
            Some(Stop::TooMany) => ReadJsonError::Mistakes(alloc::vec![too_many()]),
        }),
    }
}

/// Reads an object of which no member takes an object, so that only its own members can be there twice. The edge reads
/// bodies so, in a third of the code.
///
/// # Errors
/// [`ReadJsonError`].
pub fn read_members(text: &str) -> Result<Value, ReadJsonError> {
    let mut twice = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer.deserialize_map(Members(&mut twice));
    read.and_then(|object| deserializer.end().map(|()| Value::Object(object))).map_err(|error| match twice {
        Some(member) => ReadJsonError::Twice { member, line: error.line(), column: error.column() },
        None if error.is_data() => ReadJsonError::Mistakes(alloc::vec![FieldError {
            field: String::new(),
            detail: "a JSON object expected".into()
        }]),
        None => ReadJsonError::Malformed(error),
    })
}

struct Members<'a>(&'a mut Option<String>);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value()?;
            if read.contains_key(&name) {
                *self.0 = Some(name.chars().take(MAX_FIELD_CHARS).collect());
                return Err(serde::de::Error::custom("twice"));
            }
            read.insert(name, value);
        }
        Ok(read)
    }
}

fn too_many() -> FieldError {
    let detail =
        format!("it has more than {MAX_VALUES} values, or {MAX_CONTAINERS} lists and objects; send it in parts");
    FieldError { field: String::new(), detail }
}

fn reserved() -> String {
    format!("a name that begins with `{RESERVED}` can't be kept; take another one")
}

/// The state of a reading.
#[derive(Default)]
struct Reading {
    values: usize,
    containers: usize,
    mistakes: Vec<FieldError>,
    stopped: Option<Stop>,
}

/// The reason why the rest of a text is not read.
enum Stop {
    Twice(String),
    TooMany,
}

impl Reading {
    fn mistake(&mut self, place: &Place<'_>, detail: String) {
        if self.mistakes.len() < MAX_MISTAKES {
            self.mistakes.push(FieldError { field: place.to_string(), detail });
        }
    }

    fn stop<E: serde::de::Error>(&mut self, stop: Stop) -> E {
        self.stopped = Some(stop);
        E::custom("stopped")
    }

    fn too_deep(&mut self, place: &Place<'_>) -> Value {
        self.mistake(place, format!("it is nested too deep; {MAX_DEPTH} levels at most"));
        Value::Null
    }

    /// A number whose text is more than a whole number of 64 bits.
    fn number(&mut self, place: &Place<'_>, text: &str) -> Value {
        if !is_of_usual_size(text) {
            self.mistake(
                place,
                "a number that fits a double expected: up to 1.7976931348623157e308, and 0 or from 1e-324".into(),
            );
        }
        text.parse().map_or(Value::Null, Value::Number)
    }

    fn count<E: serde::de::Error>(&mut self, containers: usize) -> Result<(), E> {
        self.values += 1;
        self.containers += containers;
        if self.values > MAX_VALUES || self.containers > MAX_CONTAINERS {
            return Err(self.stop(Stop::TooMany));
        }
        Ok(())
    }
}

/// A place in a body.
enum Place<'a> {
    Body,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn write(&self, written: &mut String) {
        let (parent, step) = match self {
            Self::Body => return,
            Self::Member(parent, name) => (parent, name.chars().take(MAX_FIELD_CHARS).collect()),
            Self::Item(parent, index) => (parent, index.to_string()),
        };
        parent.write(written);
        if !written.is_empty() {
            written.push('.');
        }
        written.push_str(&step);
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = String::new();
        self.write(&mut written);
        written.chars().take(MAX_FIELD_CHARS).try_for_each(|char| fmt::Write::write_char(f, char))
    }
}

struct Seed<'a> {
    reading: &'a mut Reading,
    place: &'a Place<'a>,
    /// The number of levels around this value.
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.reading.count(0).map(|()| Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.reading.count(0).map(|()| value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.reading.count(0).map(|()| value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.reading.count(0).map(|()| value.into())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.reading.count(0).map(|()| value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Self { reading, place, depth } = self;
        reading.count(1)?;
        if depth >= MAX_DEPTH {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(reading.too_deep(place));
        }
        let mut read = Vec::new();
        loop {
            let place = Place::Item(place, read.len());
            match items.next_element_seed(Seed { reading: &mut *reading, place: &place, depth: depth + 1 })? {
                Some(item) => read.push(item),
                None => return Ok(Value::Array(read)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let Self { reading, place, depth } = self;
        reading.count(1)?;
        let mut read = Map::new();
        while let Some(name) = members.next_key_seed(AnyName)? {
            let name = match name {
                Name::Number => {
                    reading.containers -= 1;
                    return Ok(reading.number(place, &members.next_value::<String>()?));
                }
                Name::Member(name) => name,
            };
            if depth >= MAX_DEPTH {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let place = Place::Member(place, &name);
            if name.starts_with(RESERVED) {
                reading.mistake(&place, reserved());
            }
            let value = members.next_value_seed(Seed { reading: &mut *reading, place: &place, depth: depth + 1 })?;
            if read.contains_key(&name) {
                return Err(reading.stop(Stop::Twice(place.to_string())));
            }
            read.insert(name, value);
        }
        Ok(if depth >= MAX_DEPTH { reading.too_deep(place) } else { Value::Object(read) })
    }
}

/// The name of a member, or the sign that a number's text follows.
enum Name {
    Member(String),
    Number,
}

struct AnyName;

impl<'de> DeserializeSeed<'de> for AnyName {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for AnyName {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name, E> {
        Ok(if name == NUMBER { Name::Number } else { Name::Member(name.into()) })
    }

    /// A name with escapes is one in the text, whatever it is.
    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(Name::Member(name.into()))
    }
}

/// Whether a double can hold a number of this size, as any reader of JSON expects. Its digits may be more than a double
/// has; they are kept.
fn is_of_usual_size(number: &str) -> bool {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches(['-', '0']);
    let digits = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return true;
    }
    // The power of ten of the first digit that isn't 0.
    let first = if whole.is_empty() { digits.len() as i64 - fraction.len() as i64 } else { whole.len() as i64 } - 1;
    match exponent.parse::<i64>().map(|exponent| first.saturating_add(exponent)) {
        Ok(308) => digits.get(..17).unwrap_or(digits) <= "17976931348623157",
        Ok(power) => (-324..308).contains(&power),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
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
        assert!(
            read(r#"{"key":"a","\u006bey":"b"}"#).unwrap_err().starts_with("The member `key` is there twice: line 1")
        );
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
        for number in
            ["1.8e308", "-1e400", "1e-400", "0.0001e313", "10e-326", "1e99999999999999999999", &"9".repeat(400)]
        {
            assert!(mistakes(&format!("{{\"n\":[{number}]}}"))[0].starts_with("n.0: a number"), "{number}");
        }
    }

    #[test]
    fn depth_is_followed_to_its_bound_and_no_further() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH - 1)).is_ok());
        let found = mistakes(&nested(MAX_DEPTH));
        assert!(
            found.len() == 1 && found[0].starts_with("a.0.0") && found[0].ends_with("64 levels at most"),
            "{found:?}"
        );
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
        let leaf =
            prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, ".*".prop_map(Value::from)];
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
}
