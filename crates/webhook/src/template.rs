//! Templates: texts with parts in braces, such as `{timestamp}.{body}`.
//!
//! [The reference of schemes](crate::scheme) lists the parts.
//!
//! A template is parsed once and filled in in one pass: a text that was filled in is never read as a part again.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::{
    parse_error::{ParseError, quoted},
    place::Place,
};

/// A text with parts to fill in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

/// One part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A fixed text. A brace in it is written `{{` or `}}`.
    Literal(String),
    /// `{body}`: the bytes of the body, unchanged.
    Body,
    /// `{escaped_body}`: the body with `\uXXXX` for every non-ASCII character and `\/` for `/` (Box).
    EscapedBody,
    /// `{json_escaped_body}`: the body with an escape for every backslash and all that isn't printable ASCII (Box).
    JsonEscapedBody,
    /// `{unpacked_body}`: the body as it was before its sender compressed it.
    UnpackedBody,
    /// `{crc32:body}`: the CRC-32 of the body in decimal (PayPal).
    Crc32,
    /// `{sha256hex:body}`: the SHA-256 of the body in lower-case hex.
    Sha256Hex,
    /// `{timestamp}`: the text at the place of the timestamp, unchanged.
    Timestamp,
    /// `{secret}`: the secret itself, only for plain SHA-256.
    Secret,
    /// `{method}`: the HTTP method.
    Method,
    /// `{url}`: the URL as the sender knows it.
    Url,
    /// `{url_with_port}`: the URL with its port, even if it is the default port, and percent-encoded.
    UrlWithPort,
    /// `{url_without_port}`: the URL without its port, percent-encoded.
    UrlWithoutPort,
    /// `{url_unescaped}`: the URL without the percent escapes of certain delimiters (HubSpot).
    UrlUnescaped,
    /// `{url_without_query}`: the URL up to its `?`.
    UrlWithoutQuery,
    /// `{path}`: the path of the URL.
    Path,
    /// `{query}`: the query of the URL, without `?`.
    Query,
    /// `{path_and_query}`: the path and the query, with the `?` between them.
    PathAndQuery,
    /// `{escaped_path_and_query}`: path and query, percent-encoded as Contentful does it.
    EscapedPathAndQuery,
    /// `{canonical_query}`: the query, sorted and percent-encoded as for the `qsh` of Atlassian.
    CanonicalQuery,
    /// `{sorted_form}`: the names and values of the form, sorted (Twilio).
    SortedForm,
    /// `{sorted_query_and_form}`: the names and values of the query and of the form, sorted (Plivo).
    SortedQueryAndForm,
    /// `{param:NAME}`: a text that the receiver configures under this name.
    Param(String),
    /// `{header:NAME}` or any other place: the text there, which must exist.
    Value(Place),
    /// `{header_or_empty:NAME}` and the like for any other place: the text there, or nothing.
    ValueOrEmpty(Place),
    /// `{optional:id:<query:id>;}`: a text that vanishes, with the fixed text around it, if it is missing (Mercado Pago).
    Optional(Segment),
    /// `{signed_headers:NAME}`: the headers that the header `NAME` lists, as `name:value` (Contentful).
    SignedHeaders(String),
    /// `{header_lines:head:NAME}`: the headers that the text at this place lists, a line `Name: value` each (TrueLayer).
    HeaderLines(Place),
    /// `{present:A,B}`: the name and the value of each of these members that exists, one line each (SNS).
    Present(Vec<String>),
    /// `{response}`: the computed response, in the answer of a handshake.
    Response,
}

/// A text with fixed text before and after it, all of which is there or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The text before it; never empty.
    pub before: String,
    /// The place of the text.
    pub place: Place,
    /// The text after it, whose first character the text can't contain; never empty.
    pub after: String,
    /// Whether ASCII letters are made lower-case first.
    pub lower: bool,
}

/// The parts that are written as one word.
const WORDS: [(&str, Part); 22] = [
    ("body", Part::Body),
    ("escaped_body", Part::EscapedBody),
    ("json_escaped_body", Part::JsonEscapedBody),
    ("unpacked_body", Part::UnpackedBody),
    ("crc32:body", Part::Crc32),
    ("sha256hex:body", Part::Sha256Hex),
    ("timestamp", Part::Timestamp),
    ("secret", Part::Secret),
    ("method", Part::Method),
    ("url", Part::Url),
    ("url_with_port", Part::UrlWithPort),
    ("url_without_port", Part::UrlWithoutPort),
    ("url_unescaped", Part::UrlUnescaped),
    ("url_without_query", Part::UrlWithoutQuery),
    ("path", Part::Path),
    ("query", Part::Query),
    ("path_and_query", Part::PathAndQuery),
    ("escaped_path_and_query", Part::EscapedPathAndQuery),
    ("canonical_query", Part::CanonicalQuery),
    ("sorted_form", Part::SortedForm),
    ("sorted_query_and_form", Part::SortedQueryAndForm),
    ("response", Part::Response),
];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// A sentence that says which brace or part is wrong.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
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
                let sentence = format!("{} has a brace without its other; a brace itself is `{{{{`", quoted(text));
                return Err(ParseError::new(sentence));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        if parts.len() > 64 {
            return Err(ParseError::new("a template has at most 64 parts"));
        }
        Ok(Self(parts))
    }

    /// The places that the template reads.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.iter().filter_map(Part::place)
    }

    /// Whether the template has this part.
    #[must_use]
    pub fn has(&self, part: &Part) -> bool {
        self.0.contains(part)
    }

    /// Whether the template contains the whole body, unchanged or as a hash.
    #[must_use]
    pub fn covers_body(&self) -> bool {
        let whole = |part: &Part| {
            matches!(
                part,
                Part::Body
                    | Part::EscapedBody
                    | Part::JsonEscapedBody
                    | Part::UnpackedBody
                    | Part::Sha256Hex
                    | Part::Value(Place::Body)
            )
        };
        // For a form, Twilio signs all names and values, but not where each ends.
        self.0.iter().any(whole)
    }
}

impl Part {
    /// The place that the part reads, if it is one.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Value(place) | Self::ValueOrEmpty(place) | Self::HeaderLines(place) => Some(place),
            Self::Optional(segment) => Some(&segment.place),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((_, part)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(part.clone());
        }
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        let needs_name = |part: Self| if name.is_empty() { Err(unknown(text)) } else { Ok(part) };
        match kind {
            "param" => needs_name(Self::Param(name.into())),
            "signed_headers" => needs_name(Self::SignedHeaders(name.to_ascii_lowercase())),
            "optional" | "optional_lower" => Segment::parse(name, kind == "optional_lower").map(Self::Optional),
            "header_lines" => Self::of(Place::parse(name)?).map(Self::HeaderLines),
            "present" => needs_name(Self::Present(name.split(',').map(String::from).collect())),
            "header" | "json" | "form" | "query" | "field" | "position" | "claim" | "head" => {
                Self::of(Place::parse(text)?).map(Self::Value)
            }
            _ => match kind.strip_suffix("_or_empty") {
                Some(kind) => Self::of(Place::parse(&format!("{kind}:{name}"))?).map(Self::ValueOrEmpty),
                None => Err(unknown(text)),
            },
        }
    }

    fn of(place: Place) -> Result<Place, ParseError> {
        let many = match &place {
            Place::NumberedHeader(_) => true,
            Place::Json(path) | Place::Claim(path) | Place::Head(path) => path.has_each(),
            _ => false,
        };
        if many {
            Err(ParseError::new(format!("`{{{place}}}` may be several texts; a template takes one")))
        } else {
            Ok(place)
        }
    }
}

impl Segment {
    fn parse(text: &str, lower: bool) -> Result<Self, ParseError> {
        let malformed = || {
            let sentence = "a text that may be missing is written with fixed text before and after it, such as \
                            `{optional:id:<query:id>;}`; without them the message had two readings";
            ParseError::new(sentence)
        };
        let (before, rest) = text.split_once('<').ok_or_else(malformed)?;
        let (place, after) = rest.split_once('>').ok_or_else(malformed)?;
        if before.is_empty() || after.is_empty() || before.contains('>') || after.contains(['<', '>']) {
            return Err(malformed());
        }
        let place = Part::of(Place::parse(place)?)?;
        Ok(Self { before: before.into(), place, after: after.into(), lower })
    }
}

fn unknown(text: &str) -> ParseError {
    ParseError::new(format!(
        "{{{}}} stands for nothing; write a place such as {{header:NAME}}, {{optional:id:<query:id>;}}, {{param:NAME}}, \
         {{signed_headers:NAME}}, {{header_lines:PLACE}}, {{present:A,B}}, or one of {}",
        quoted(text).trim_matches('"'),
        WORDS.map(|(word, _)| word).join(", ")
    ))
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
            Self::Optional(Segment { before, place, after, lower }) => {
                let kind = if *lower { "optional_lower" } else { "optional" };
                write!(f, "{{{kind}:{before}<{place}>{after}}}")
            }
            Self::SignedHeaders(name) => write!(f, "{{signed_headers:{name}}}"),
            Self::HeaderLines(place) => write!(f, "{{header_lines:{place}}}"),
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
