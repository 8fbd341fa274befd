//! Paths in one normal form. The judged path is the forwarded path, so guard and upstream read the same. Paths that
//! upstreams are known to read in two ways (encoded slashes, backslashes, dot segments) are refused.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{error::Error, fmt};

use serde::{Deserialize, Serialize};

/// A request's path in normal form: unreserved characters are decoded, others are percent-encoded in upper case. No
/// segment is empty except possibly the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path(String);

/// The reason why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PathError {
    NotAbsolute,
    EncodedSlash,
    Backslash,
    DotSegment,
    BadEncoding,
    ControlCharacter,
    Ambiguous,
}

impl PathError {
    /// A sentence for the caller.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::NotAbsolute => "The path does not begin with a slash.",
            Self::EncodedSlash => "The path has an encoded slash.",
            Self::Backslash => "The path has a backslash.",
            Self::DotSegment => "The path has a dot segment.",
            Self::BadEncoding => "The path has a percent sign that no two hexadecimal digits follow.",
            Self::ControlCharacter => "The path has a control character.",
            Self::Ambiguous => "Servers read this path in different ways; write it as it is documented.",
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail())
    }
}

impl Error for PathError {}

impl Path {
    /// Normalises the path of a URL.
    ///
    /// # Errors
    /// The thing in the path that upstreams may read in two ways.
    pub fn parse(raw: &str) -> Result<Self, PathError> {
        let rest = raw.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        let mut path = String::with_capacity(raw.len());
        let mut segments = rest.split('/').peekable();
        while let Some(raw) = segments.next() {
            if raw.is_empty() && segments.peek().is_some() {
                continue;
            }
            path.push('/');
            let start = path.len();
            normalise(raw, &mut path)?;
            // Some servers cut a segment at `;` before they look at its dots.
            if matches!(path.get(start..).map(without_parameters), Some("." | "..")) {
                return Err(PathError::DotSegment);
            }
        }
        Ok(Self(path))
    }

    /// The path `/`.
    #[must_use]
    pub fn root() -> Self {
        Self("/".to_string())
    }

    /// The path as text, to be forwarded unchanged.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments. A slash at the end does not add an empty one.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }

    /// The segments as lenient servers see them: cut at `;`, without dots and spaces at the end. Some servers see a
    /// segment of which nothing is left as an empty one, others drop it.
    pub(crate) fn lenient_segments(&self, keep_empty: bool) -> impl Iterator<Item = &str> {
        self.segments().map(lenient).filter(move |segment| keep_empty || !segment.is_empty())
    }

    /// The part of the path after `base`, if the path is `base` or below it.
    #[must_use]
    pub fn below<'a>(&'a self, base: &Self) -> Option<&'a str> {
        let rest = self.0.strip_prefix(base.0.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

/// The segment as lenient servers see it: cut at `;`, without dots and spaces at the end.
pub(crate) fn lenient(segment: &str) -> &str {
    let mut segment = without_parameters(segment);
    while let Some(trimmed) = segment.strip_suffix('.').or_else(|| segment.strip_suffix("%20")) {
        segment = trimmed;
    }
    segment
}

/// Folds the case of a text: `toUpperCase`, then `toLowerCase`. The caller provides it, since the tables for it would
/// take a tenth of the edge worker's size.
pub type Fold<'a> = &'a dyn Fn(&str) -> String;

/// A [`Fold`] for programs whose size does not matter.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// Whether two segments in normal form are the same to a server that ignores the case of any letter. Some servers
/// compare small letters and some compare capitals, so the Kelvin sign equals `k` and the long s equals `s`.
pub(crate) fn same_without_case(one: &str, other: &str, fold: Fold<'_>) -> bool {
    // `İ` becomes an `i` and a combining dot, which some servers drop.
    let folded = |segment: &str| decoded(segment).map(|text| fold(&text).replace('\u{307}', ""));
    one.eq_ignore_ascii_case(other)
        || ((is_beyond_ascii(one) || is_beyond_ascii(other))
            && folded(one).is_some_and(|one| folded(other) == Some(one)))
}

/// Whether a segment in normal form encodes a byte of 128 or more.
fn is_beyond_ascii(segment: &str) -> bool {
    segment.as_bytes().windows(2).any(|pair| matches!(pair, [b'%', b'8'..=b'9' | b'A'..=b'F']))
}

/// A segment's text; `None` if it is not UTF-8.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    let mut decoded = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' { decode(bytes.next(), bytes.next())? } else { byte });
    }
    String::from_utf8(decoded).ok()
}

/// A segment up to its first `;`, encoded or not.
fn without_parameters(segment: &str) -> &str {
    let ends = |rest: &str| rest.starts_with(';') || rest.starts_with("%3B");
    let end = segment.char_indices().find(|(at, _)| segment.get(*at..).is_some_and(ends));
    end.and_then(|(end, _)| segment.get(..end)).unwrap_or(segment)
}

fn normalise(segment: &str, path: &mut String) -> Result<(), PathError> {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let (byte, encoded) = match byte {
            b'%' => (decode(bytes.next(), bytes.next()).ok_or(PathError::BadEncoding)?, true),
            byte => (byte, false),
        };
        match byte {
            b'\\' => return Err(PathError::Backslash),
            b'/' => return Err(PathError::EncodedSlash),
            0..=31 | 127 => return Err(PathError::ControlCharacter),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            // Only some servers take an encoded sub-delimiter for the plain one, so sub-delimiters stay as they were
            // sent.
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' if !encoded => {
                path.push(char::from(byte));
            }
            byte => path.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(())
}

/// Decodes percent-encoded ASCII; everything else stays as it is.
#[must_use]
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let mut bytes = after.bytes();
        match decode(bytes.next(), bytes.next()).filter(u8::is_ascii).zip(after.get(2..)) {
            Some((byte, after)) => {
                decoded.push(char::from(byte));
                rest = after;
            }
            None => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn decode(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[test]
    fn paths_have_one_normal_form() {
        assert_eq!(path("/api/%61dmin").as_str(), "/api/admin");
        assert_eq!(path("//api///leads/").as_str(), "/api/leads/");
        assert_eq!(path("/a%c3%a9/é").as_str(), "/a%C3%A9/%C3%A9");
        assert_eq!(path("/a;v=1/b%3Bv").as_str(), "/a;v=1/b%3Bv");
        assert_eq!(path("/").as_str(), "/");
    }

    #[test]
    fn what_reads_two_ways_is_refused() {
        for (raw, error) in [
            ("/api/..%2fadmin", PathError::EncodedSlash),
            ("/api%2Fadmin", PathError::EncodedSlash),
            ("/api\\admin", PathError::Backslash),
            ("/api/%5cadmin", PathError::Backslash),
            ("/api/../admin", PathError::DotSegment),
            ("/api/%2e%2E/admin", PathError::DotSegment),
            ("/api/.", PathError::DotSegment),
            ("/api/..;/admin", PathError::DotSegment),
            ("/api/..%3bx/admin", PathError::DotSegment),
            ("/api/.;", PathError::DotSegment),
            ("/api/%zz", PathError::BadEncoding),
            ("/api/%4", PathError::BadEncoding),
            ("/api/%00", PathError::ControlCharacter),
            ("api", PathError::NotAbsolute),
        ] {
            assert_eq!(Path::parse(raw), Err(error), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn normal_forms_are_stable(raw in "/[a-zA-Z0-9%./ é;]{0,30}") {
            if let Ok(path) = Path::parse(&raw) {
                prop_assert_eq!(Path::parse(path.as_str()), Ok(path.clone()));
                prop_assert!(path.segments().all(|segment| segment != "." && segment != ".."));
            }
        }
    }
}
