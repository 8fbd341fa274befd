//! Reads a JSON object without building trees for members that nobody asked for.
//!
//! A tree of values takes up to thirty times the memory of its text. Bodies may be long, so each member's text is
//! measured before it is parsed, and unknown members are skipped.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{error::Error, fmt};

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, error::Category, value::RawValue};

use crate::base::fields::FieldError;

/// The maximum number of unknown members, and of mistakes, that are named; there may be millions.
const MAX_NAMED: usize = 8;

/// The form of a member's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any value whose text has at most this many bytes.
    Any(usize),
    /// A string of any length. Any other value is read as `false`.
    Text,
}

/// The reason why a text is not the expected object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadObjectError {
    /// The text is not JSON from this place on.
    Json {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// The text is JSON, but it is not an object, or its members are wrong.
    Mistakes(Vec<FieldError>),
}

impl From<Vec<FieldError>> for ReadObjectError {
    fn from(mistakes: Vec<FieldError>) -> Self {
        Self::Mistakes(mistakes)
    }
}

impl fmt::Display for ReadObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => write!(f, "no JSON at line {line}, column {column}"),
            Self::Mistakes(mistakes) => mistakes.iter().try_for_each(|mistake| write!(f, "{mistake}; ")),
        }
    }
}

impl Error for ReadObjectError {}

/// Reads an object with these members. The first few unknown members appear as null, the others are dropped.
///
/// # Errors
/// [`ReadObjectError`].
pub fn read(text: &[u8], members: &[(&str, Form)]) -> Result<Map<String, Value>, ReadObjectError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Object(members).deserialize(&mut deserializer).and_then(|read| deserializer.end().map(|()| read));
    let Read { object, mistakes } = read.map_err(|error| match error.classify() {
        Category::Data => mistake("", "a JSON object expected".to_string()).into(),
        _ => ReadObjectError::Json { line: error.line(), column: error.column() },
    })?;
    if mistakes.is_empty() { Ok(object) } else { Err(ReadObjectError::Mistakes(mistakes)) }
}

fn mistake(field: &str, detail: String) -> Vec<FieldError> {
    alloc::vec![FieldError { field: field.into(), detail }]
}

struct Object<'a>(&'a [(&'a str, Form)]);

#[derive(Default)]
struct Read {
    object: Map<String, Value>,
    mistakes: Vec<FieldError>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Read;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        let mut read = Read::default();
        let mut unknown = 0;
        while let Some(name) = map.next_key::<String>()? {
            let Some((name, form)) = self.0.iter().find(|(known, _)| *known == name) else {
                map.next_value::<IgnoredAny>()?;
                unknown += 1;
                if unknown <= MAX_NAMED {
                    read.object.insert(name, Value::Null);
                }
                continue;
            };
            if read.mistakes.len() >= MAX_NAMED {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let written: &RawValue = map.next_value()?;
            let length = written.get().len();
            let value = match form {
                _ if read.object.contains_key(*name) => Err("this is there twice".to_string()),
                Form::Any(longest) if length > *longest => Err(format!("it has {length} bytes; {longest} at most")),
                Form::Text if !written.get().starts_with('"') => Ok(Value::Bool(false)),
                _ => serde_json::from_str(written.get()).map_err(|error| error.to_string()),
            };
            match value {
                Ok(value) => drop(read.object.insert((*name).into(), value)),
                Err(detail) => read.mistakes.extend(mistake(name, detail)),
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MEMBERS: &[(&str, Form)] = &[("small", Form::Any(8)), ("text", Form::Text)];

    fn mistakes(text: &str) -> Vec<String> {
        match read(text.as_bytes(), MEMBERS).unwrap_err() {
            ReadObjectError::Mistakes(mistakes) => {
                mistakes.iter().map(|each| format!("{}: {}", each.field, each.detail)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn members_are_read_and_others_are_named() {
        let object = read(br#"{"small": [1, 2], "text": "\u00e9", "other": [[[1]]]}"#, MEMBERS).unwrap();
        assert_eq!(Value::Object(object), json!({ "small": [1, 2], "text": "é", "other": null }));
        let many: Vec<String> = (0..1_000).map(|index| format!("\"{index}\":{{}}")).collect();
        assert_eq!(read(format!("{{{}}}", many.join(",")).as_bytes(), MEMBERS).unwrap().len(), MAX_NAMED);
    }

    #[test]
    fn what_is_too_long_twice_there_or_no_object_is_said() {
        assert_eq!(mistakes("{\"small\": [1, 2, 3]}"), ["small: it has 9 bytes; 8 at most"]);
        assert_eq!(mistakes("{\"small\": 1, \"small\": 1}"), ["small: this is there twice"]);
        let repeated = std::format!("{{{}\"text\":\"\"}}", "\"small\":1,".repeat(1_000));
        assert_eq!(mistakes(&repeated).len(), MAX_NAMED);
        for none in ["[]", "1", "null", "\"x\""] {
            assert_eq!(mistakes(none), [": a JSON object expected"], "{none}");
        }
        assert_eq!(read(b"{\"text\": [0, 0]}", MEMBERS).unwrap()["text"], json!(false));
    }

    #[test]
    fn what_is_no_json_is_placed() {
        for (text, line, column) in [("{\"a\":\n1", 2, 1), ("{} x", 1, 4), ("", 1, 0), ("{\"a\" 1}", 1, 6)] {
            assert_eq!(read(text.as_bytes(), MEMBERS), Err(ReadObjectError::Json { line, column }), "{text}");
        }
        assert!(matches!(read(b"{\"small\": \"\xff\"}", MEMBERS), Err(ReadObjectError::Json { .. })));
    }

    #[test]
    fn depth_is_no_matter_where_nobody_looks() {
        let deep = format!("{{\"other\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(deep.as_bytes(), MEMBERS).is_ok());
    }
}
