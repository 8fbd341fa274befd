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
mod tests;
