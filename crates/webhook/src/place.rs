//! Places: where a text is in a delivery.
//!
//! [The reference of schemes](crate::scheme) says how each place is written.
//!
//! A JSON string is taken without its quotes and escapes, and a number as it was written, digit for digit.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use crate::parse_error::{ParseError, quoted};

/// The highest number of a numbered header.
pub const NUMBERED_HEADERS: usize = 100;

/// The place of a text in a delivery, such as `header:x-signature`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first of these headers that exists. The names are in lower case, and there is at least one.
    Header(Vec<String>),
    /// The headers of this name followed by `1` to `100`.
    NumberedHeader(String),
    /// A member of the JSON document.
    Json(JsonPath),
    /// A field of the form.
    Form(String),
    /// A parameter of the URL.
    Query(String),
    /// The text after `KEY=` in an entry of the signature's own value.
    Field(String),
    /// An entry of the signature's own value, by its position.
    Position(usize),
    /// A claim of the JWT.
    Claim(JsonPath),
    /// A member of the signature's head: of the JWT's own, or of the JSON object at the axis `head`.
    Head(JsonPath),
    /// The whole body, as text.
    Body,
}

impl Place {
    /// Reads a place.
    ///
    /// # Errors
    /// A sentence that says which places there are.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text == "body" {
            return Ok(Self::Body);
        }
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        if name.is_empty() {
            return Err(ParseError::new(format!(
                "{} is no place; write `header:NAME`, `json:a.b`, `form:NAME`, `query:NAME`, `field:KEY`, \
                 `position:N`, `claim:NAME`, `head:NAME` or `body`",
                quoted(text)
            )));
        }
        match kind {
            "header" => headers(name),
            "json" => JsonPath::parse(name).map(Self::Json),
            "claim" => JsonPath::parse(name).map(Self::Claim),
            "head" => JsonPath::parse(name).map(Self::Head),
            "form" => Ok(Self::Form(name.into())),
            "query" => Ok(Self::Query(name.into())),
            "field" => Ok(Self::Field(name.into())),
            "position" => match name.parse() {
                Ok(position) if position < 100 => Ok(Self::Position(position)),
                _ => {
                    let sentence = format!("{} is no position; write `position:0` to `position:99`", quoted(name));
                    Err(ParseError::new(sentence))
                }
            },
            other => Err(ParseError::new(format!(
                "{} is no kind of place; there are header, json, form, query, field, position, claim, head and body",
                quoted(other)
            ))),
        }
    }

    /// Whether the place is in the signature's own value.
    #[must_use]
    pub const fn is_of_signature(&self) -> bool {
        matches!(self, Self::Field(_) | Self::Position(_))
    }

    /// Whether the place is in a JWT, so that nothing is known of it before that is taken apart.
    #[must_use]
    pub const fn is_of_token(&self) -> bool {
        matches!(self, Self::Claim(_) | Self::Head(_))
    }

    /// Whether the place is in the body.
    #[must_use]
    pub const fn is_of_body(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Form(_) | Self::Body)
    }
}

fn headers(names: &str) -> Result<Place, ParseError> {
    let names: Vec<String> = names.split('|').map(str::to_ascii_lowercase).collect();
    let numbered = |name: &String| name.ends_with('#');
    let token = |name: &String| {
        let name = name.strip_suffix('#').unwrap_or(name);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`~".contains(&b))
    };
    match names.as_slice() {
        names if !names.iter().all(token) => {
            Err(ParseError::new("a header's name has letters, digits and `-`; `|` stands between alternatives"))
        }
        [name] if numbered(name) => Ok(Place::NumberedHeader(name.trim_end_matches('#').into())),
        names if names.iter().any(numbered) => Err(ParseError::new("a numbered header can't have alternatives")),
        _ => Ok(Place::Header(names)),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(names) => write!(f, "header:{}", names.join("|")),
            Self::NumberedHeader(name) => write!(f, "header:{name}#"),
            Self::Json(path) => write!(f, "json:{path}"),
            Self::Form(name) => write!(f, "form:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Field(name) => write!(f, "field:{name}"),
            Self::Position(position) => write!(f, "position:{position}"),
            Self::Claim(path) => write!(f, "claim:{path}"),
            Self::Head(path) => write!(f, "head:{path}"),
            Self::Body => f.write_str("body"),
        }
    }
}

/// A path in a JSON document: `a.b[0].c`, `a["b.c"]`. In the axis `each` it contains a `[]`, which stands for every
/// element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(pub Vec<Step>);

/// One step of a [`JsonPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The member of this name.
    Member(String),
    /// The element of this index, from 0.
    Element(usize),
    /// Every element.
    Each,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// A sentence that says how a path is written.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::steps(text)
            .filter(|steps| !steps.is_empty() && steps.len() <= 16)
            .map(Self)
            .ok_or_else(|| ParseError::new(format!("{} is no path; write `a.b[0].c`, at most 16 steps", quoted(text))))
    }

    fn steps(text: &str) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix("[\"") {
                let (name, after) = inner.split_once("\"]")?;
                steps.push(Step::Member(name.into()));
                rest = after;
            } else if let Some(inner) = rest.strip_prefix('[') {
                let (index, after) = inner.split_once(']')?;
                steps.push(if index.is_empty() { Step::Each } else { Step::Element(index.parse().ok()?) });
                rest = after;
            } else {
                let name = match (rest.strip_prefix('.'), steps.is_empty()) {
                    (Some(name), false) => name,
                    (None, true) => rest,
                    _ => return None,
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let (name, after) = name.split_at(end);
                if name.is_empty() || name.contains([']', '"', '{', '}']) {
                    return None;
                }
                steps.push(Step::Member(name.into()));
                rest = after;
            }
        }
        Some(steps)
    }

    /// Whether the path has a step into every element.
    #[must_use]
    pub fn has_each(&self) -> bool {
        self.0.contains(&Step::Each)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if name.contains(['.', '[', ']', '"', '{', '}']) => write!(f, "[\"{name}\"]")?,
                Step::Member(name) if index == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
                Step::Each => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}
