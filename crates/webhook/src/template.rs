//! What is signed, as a text with `{…}` in it.
//!
//! | written | stands for |
//! |---|---|
//! | `{body}` | the body's bytes as they came |
//! | `{escaped_body}` | the body with every non-ASCII character as lower-case `\uXXXX`, and `/` as `\/` (Box) |
//! | `{crc32:body}`, `{sha256hex:body}` | the body's CRC-32 in decimal, its SHA-256 in lower-case hex |
//! | `{timestamp}` | the text at `timestamp`, as it came |
//! | `{secret}` | the secret itself (plain SHA-256 only) |
//! | `{method}` | the method |
//! | `{url}` | the URL as the sender knows it |
//! | `{url_with_port}`, `{url_without_port}` | the same with the scheme's port written out, without any port |
//! | `{url_without_query}`, `{path}`, `{query}`, `{path_and_query}` | its parts; the query without `?` |
//! | `{escaped_path_and_query}` | path and query, the query escaped as one text, and all of it escaped again as a URI (Contentful) |
//! | `{canonical_query}` | the query sorted and percent-encoded as Atlassian's `qsh` has it, without `jwt` |
//! | `{sorted_form}` | the form's names and values, sorted by name, a name's values sorted and each once (Twilio) |
//! | `{param:NAME}` | what the source configures under that name |
//! | any [`Place`], `{header:NAME}` | the text there; there must be one |
//! | `{json_or_empty:a.b}`, `{header_or_empty:NAME}` … | the same, empty if there is none |
//! | `{signed_headers:NAME}` | `k:v` joined by `;`, for the headers that header `NAME` lists (Contentful) |
//! | `{present:A,B,C}` | `Key\nValue\n` for those members of the JSON document that are there, which have one line each (SNS) |
//! | `{response}` | in a handshake's answer: the response that was computed |
//! | `{{`, `}}` | a brace |
//!
//! A template is read once. Filling it in is one pass: what is filled in is
//! never looked at again, whatever characters are in it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::place::Place;
use crate::text::quoted;

/// A text with places to fill in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

/// One part of a [`Template`]; the module says what each stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Literal(String),
    Body,
    EscapedBody,
    Crc32,
    Sha256Hex,
    Timestamp,
    Secret,
    Method,
    Url,
    UrlWithPort,
    UrlWithoutPort,
    UrlWithoutQuery,
    Path,
    Query,
    PathAndQuery,
    EscapedPathAndQuery,
    CanonicalQuery,
    SortedForm,
    Param(String),
    Value(Place),
    ValueOrEmpty(Place),
    SignedHeaders(String),
    Present(Vec<String>),
    Response,
}

/// The parts that are one word.
const WORDS: [(&str, Part); 18] = [
    ("body", Part::Body),
    ("escaped_body", Part::EscapedBody),
    ("crc32:body", Part::Crc32),
    ("sha256hex:body", Part::Sha256Hex),
    ("timestamp", Part::Timestamp),
    ("secret", Part::Secret),
    ("method", Part::Method),
    ("url", Part::Url),
    ("url_with_port", Part::UrlWithPort),
    ("url_without_port", Part::UrlWithoutPort),
    ("url_without_query", Part::UrlWithoutQuery),
    ("path", Part::Path),
    ("query", Part::Query),
    ("path_and_query", Part::PathAndQuery),
    ("escaped_path_and_query", Part::EscapedPathAndQuery),
    ("canonical_query", Part::CanonicalQuery),
    ("sorted_form", Part::SortedForm),
    ("response", Part::Response),
];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = after.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = after.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some((name, after)) = after.strip_prefix('{').and_then(|after| after.split_once('}')) {
                if !literal.is_empty() {
                    parts.push(Part::Literal(core::mem::take(&mut literal)));
                }
                parts.push(Part::parse(name)?);
                rest = after;
            } else {
                return Err(format!("{} has a brace without its other; a brace itself is `{{{{`", quoted(text)));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        if parts.len() > 64 {
            return Err("a template has at most 64 parts".to_string());
        }
        Ok(Self(parts))
    }

    /// The places that it reads.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(place) | Part::ValueOrEmpty(place) => Some(place),
            _ => None,
        })
    }

    /// Whether it has this part.
    #[must_use]
    pub fn has(&self, part: &Part) -> bool {
        self.0.contains(part)
    }

    /// Whether all of the body is in it, as it is or as a hash.
    #[must_use]
    pub fn covers_body(&self) -> bool {
        let whole =
            |part: &Part| matches!(part, Part::Body | Part::EscapedBody | Part::Sha256Hex | Part::Value(Place::Body));
        // Of a form, Twilio signs all names and values, but not where each ends.
        self.0.iter().any(whole)
    }
}

impl Part {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, part)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(part.clone());
        }
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        let needs_name = |part: Self| if name.is_empty() { Err(unknown(text)) } else { Ok(part) };
        match kind {
            "param" => needs_name(Self::Param(name.into())),
            "signed_headers" => needs_name(Self::SignedHeaders(name.to_ascii_lowercase())),
            "present" => needs_name(Self::Present(name.split(',').map(String::from).collect())),
            "header" | "json" | "form" | "query" | "field" | "position" | "claim" => {
                Self::of(Place::parse(text)?).map(Self::Value)
            }
            _ => match kind.strip_suffix("_or_empty") {
                Some(kind) => Self::of(Place::parse(&format!("{kind}:{name}"))?).map(Self::ValueOrEmpty),
                None => Err(unknown(text)),
            },
        }
    }

    fn of(place: Place) -> Result<Place, String> {
        let many = match &place {
            Place::NumberedHeader(_) => true,
            Place::Json(path) | Place::Claim(path) => path.has_each(),
            _ => false,
        };
        if many { Err(format!("`{{{place}}}` may be several texts; a template takes one")) } else { Ok(place) }
    }
}

fn unknown(text: &str) -> String {
    format!(
        "{{{}}} stands for nothing; write a place such as {{header:NAME}}, {{param:NAME}}, {{signed_headers:NAME}}, \
         {{present:A,B}}, or one of {}",
        quoted(text).trim_matches('"'),
        WORDS.map(|(word, _)| word).join(", ")
    )
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((word, _)) = WORDS.iter().find(|(_, part)| part == self) {
            return write!(f, "{{{word}}}");
        }
        match self {
            Self::Literal(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            Self::Param(name) => write!(f, "{{param:{name}}}"),
            Self::Value(place) => write!(f, "{{{place}}}"),
            Self::ValueOrEmpty(place) => match place.to_string().split_once(':') {
                Some((kind, name)) => write!(f, "{{{kind}_or_empty:{name}}}"),
                None => write!(f, "{{{place}}}"),
            },
            Self::SignedHeaders(name) => write!(f, "{{signed_headers:{name}}}"),
            Self::Present(names) => write!(f, "{{present:{}}}", names.join(",")),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| part.fmt(f))
    }
}
