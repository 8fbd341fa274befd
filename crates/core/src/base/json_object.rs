//! Reads a JSON object without building trees for members that nobody asked for.
//!
//! A tree of values takes up to thirty times the memory of its text. Bodies may be long, so each member's text is
//! measured before it is parsed, and unknown members are skipped.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, error::Category, value::RawValue};

use super::{
    fields::FieldError,
    json::{self, MAX_MISTAKES, ReadJsonError},
};

/// The form of a member's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any value whose text has at most this many bytes.
    Any(usize),
    /// A string of any length. Any other value is read as `false`.
    Text,
}

/// Reads an object with these members. The first few unknown members appear as null, the others are dropped.
///
/// # Errors
/// [`ReadJsonError`].
pub fn read(text: &[u8], members: &[(&str, Form)]) -> Result<Map<String, Value>, ReadJsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let mut twice = None;
    let object = Object { members, twice: &mut twice };
    let read = object.deserialize(&mut deserializer).and_then(|read| deserializer.end().map(|()| read));
    match read {
        Ok(Read { object, mistakes }) if mistakes.is_empty() => Ok(object),
        Ok(Read { mistakes, .. }) => Err(ReadJsonError::Mistakes(mistakes)),
        Err(error) => Err(match twice {
            Some(member) => ReadJsonError::Twice { member, line: error.line(), column: error.column() },
            None if error.classify() == Category::Data => {
                ReadJsonError::Mistakes(mistake("", "a JSON object expected".to_string()))
            }
            None => ReadJsonError::Malformed(error),
        }),
    }
}

fn mistake(field: &str, detail: String) -> Vec<FieldError> {
    alloc::vec![FieldError { field: field.into(), detail }]
}

struct Object<'a> {
    members: &'a [(&'a str, Form)],
    /// The member because of which the reading stopped.
    twice: &'a mut Option<String>,
}

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
            let Some((name, form)) = self.members.iter().find(|(known, _)| *known == name) else {
                map.next_value::<IgnoredAny>()?;
                unknown += 1;
                if unknown <= MAX_MISTAKES {
                    read.object.insert(name, Value::Null);
                }
                continue;
            };
            let written: &RawValue = map.next_value()?;
            let length = written.get().len();
            let value = match form {
                _ if read.object.contains_key(*name) => {
                    Err(ReadJsonError::Twice { member: String::new(), line: 0, column: 0 })
                }
                Form::Any(longest) if length > *longest => {
                    let detail = format!("it has {length} bytes; {longest} at most");
                    Err(ReadJsonError::Mistakes(mistake("", detail)))
                }
                Form::Text if !written.get().starts_with('"') => Ok(Value::Bool(false)),
                _ => json::read(written.get()),
            };
            let place = |within: &str| if within.is_empty() { (*name).into() } else { format!("{name}.{within}") };
            // A member whose value is wrong is there, too.
            read.object.insert((*name).into(), Value::Null);
            match value {
                Ok(value) => drop(read.object.insert((*name).into(), value)),
                Err(ReadJsonError::Twice { member, .. }) => {
                    *self.twice = Some(place(&member));
                    return Err(A::Error::custom("twice"));
                }
                Err(ReadJsonError::Mistakes(mistakes)) => read.mistakes.extend(
                    mistakes.into_iter().map(|wrong| FieldError { field: place(&wrong.field), detail: wrong.detail }),
                ),
                Err(ReadJsonError::Malformed(error)) => read.mistakes.extend(mistake(name, error.to_string())),
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
            ReadJsonError::Mistakes(mistakes) => {
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
        assert_eq!(read(format!("{{{}}}", many.join(",")).as_bytes(), MEMBERS).unwrap().len(), MAX_MISTAKES);
    }

    #[test]
    fn a_member_that_is_there_twice_is_named_and_placed() {
        for (text, expected) in [
            ("{\"small\": 1,\n \"small\": 1}", ("small", 2)),
            ("{\"small\": \"too long for it\", \"small\": 1}", ("small", 1)),
            ("{\"deep\": {\"a\": [{\"b\": 1, \"b\": 1}]}}", ("deep.a.0.b", 1)),
        ] {
            let members = [("small", Form::Any(8)), ("deep", Form::Any(80))];
            let Err(ReadJsonError::Twice { member, line, .. }) = read(text.as_bytes(), &members) else {
                panic!("{text}")
            };
            assert_eq!((member.as_str(), line), expected, "{text}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_object_is_said() {
        assert_eq!(mistakes("{\"small\": [1, 2, 3]}"), ["small: it has 9 bytes; 8 at most"]);
        for none in ["[]", "1", "null", "\"x\""] {
            assert_eq!(mistakes(none), [": a JSON object expected"], "{none}");
        }
        assert_eq!(read(b"{\"text\": [0, 0]}", MEMBERS).unwrap()["text"], json!(false));
    }

    #[test]
    fn what_is_no_json_is_placed() {
        for (text, line, column) in [("{\"a\":\n1", 2, 1), ("{} x", 1, 4), ("", 1, 0), ("{\"a\" 1}", 1, 6)] {
            let Err(ReadJsonError::Malformed(error)) = read(text.as_bytes(), MEMBERS) else { panic!("{text}") };
            assert_eq!((error.line(), error.column()), (line, column), "{text}");
        }
        assert!(matches!(read(b"{\"small\": \"\xff\"}", MEMBERS), Err(ReadJsonError::Malformed(_))));
    }

    #[test]
    fn depth_is_no_matter_where_nobody_looks() {
        let deep = format!("{{\"other\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(deep.as_bytes(), MEMBERS).is_ok());
    }
}
