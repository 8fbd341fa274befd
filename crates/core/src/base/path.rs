//! Paths in one normal form. The judged path is the forwarded path, so guard and upstream read the same. Paths that
//! upstreams are known to read in two ways (backslashes, dot segments) are refused. Empty segments and encoded slashes
//! stay as they were sent; [`Reading`] has the ways in which servers take them.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{error::Error, fmt};

use serde::{Deserialize, Serialize};

/// A path in normal form: unreserved characters are decoded, others are percent-encoded in upper case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path(String);

/// The reason why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PathError {
    NotAbsolute,
    EmptySegment,
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
            Self::EmptySegment => "The path has an empty segment.",
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
    /// Normalises the path of a setting. No segment is empty, and none holds an encoded slash.
    ///
    /// # Errors
    /// The thing in the path that servers may read in two ways.
    pub fn parse(raw: &str) -> Result<Self, PathError> {
        let path = Self::of_request(raw)?;
        match (path.has_empty_segment(), path.has_encoded_slash()) {
            (true, _) => Err(PathError::EmptySegment),
            (_, true) => Err(PathError::EncodedSlash),
            _ => Ok(path),
        }
    }

    /// Normalises the path of a request's URL. Empty segments and encoded slashes stay.
    ///
    /// # Errors
    /// The thing in the path that no route takes.
    pub fn of_request(raw: &str) -> Result<Self, PathError> {
        let rest = raw.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        let mut path = String::with_capacity(raw.len());
        for raw in rest.split('/') {
            path.push('/');
            let start = path.len();
            normalise(raw, &mut path)?;
            // Some servers decode slashes, cut a segment at `;` or drop its spaces before they look at its dots.
            let segment = path.get(start..).filter(|segment| segment.contains('.')).unwrap_or_default();
            let mut parts = segment.split(ENCODED_SLASH);
            if parts.any(|part| matches!(without_spaces(without_parameters(part)), "." | "..")) {
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

    /// Whether two slashes follow each other.
    #[must_use]
    pub fn has_empty_segment(&self) -> bool {
        self.0.as_bytes().windows(2).any(|pair| pair == b"//")
    }

    /// Whether a segment holds an encoded slash.
    #[must_use]
    pub fn has_encoded_slash(&self) -> bool {
        self.0.as_bytes().windows(3).any(|three| three == ENCODED_SLASH.as_bytes())
    }

    /// The path without empty segments, as servers see it that merge slashes.
    #[must_use]
    pub fn merged(&self) -> Cow<'_, Self> {
        if !self.has_empty_segment() {
            return Cow::Borrowed(self);
        }
        let mut merged = String::with_capacity(self.0.len());
        for character in self.0.chars() {
            if character != '/' || !merged.ends_with('/') {
                merged.push(character);
            }
        }
        Cow::Owned(Self(merged))
    }

    /// The segments. A slash at the end does not add an empty one.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        self.read(Reading::default())
    }

    /// The segments as this reader sees them, but for encoded slashes.
    fn read(&self, reading: Reading) -> Vec<&str> {
        let mut segments = Vec::new();
        let path = self.0.strip_suffix('/').unwrap_or(&self.0);
        let Some(path) = path.strip_prefix('/') else { return segments };
        for segment in path.split('/') {
            let segment = if reading.lenient { lenient(segment) } else { segment };
            if !(reading.merged && segment.is_empty()) {
                segments.push(segment);
            }
        }
        segments
    }

    /// Whether this holds for any other way in which servers read this path.
    pub(crate) fn is_read_otherwise(&self, so: &dyn Fn(Reading, &[&str]) -> bool) -> bool {
        let decoded = self.has_encoded_slash().then(|| Self(self.0.split(ENCODED_SLASH).collect::<Vec<_>>().join("/")));
        let (slashes, empty) = (decoded.is_some(), self.has_empty_segment());
        let path = |reading: Reading| decoded.as_ref().filter(|_| reading.decoded).unwrap_or(self);
        (1..8_u8)
            .map(|bits| Reading { merged: bits & 1 > 0, lenient: bits & 2 > 0, decoded: bits & 4 > 0 })
            .filter(|reading| if reading.decoded { slashes } else { reading.lenient || empty })
            .any(|reading| so(reading, &path(reading).read(reading)))
    }

    /// The part of the path after `base`, if the path is `base` or below it.
    #[must_use]
    pub fn below<'a>(&'a self, base: &Self) -> Option<&'a str> {
        let rest = self.0.strip_prefix(base.0.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    /// Whether some reader takes the path for `base` or for one below it.
    #[must_use]
    pub fn is_read_below(&self, base: &Self, fold: Fold<'_>) -> bool {
        let base = base.segments();
        self.is_read_otherwise(&|_, segments| {
            base.len() <= segments.len()
                && base.iter().zip(segments).all(|(name, segment)| same_leniently(name, segment, fold))
        })
    }
}

const ENCODED_SLASH: &str = "%2F";

/// A way in which servers read paths. By default segments are taken as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Empty segments, or segments of which nothing is left, are dropped.
    pub(crate) merged: bool,
    /// Segments are cut at `;`, lose dots and spaces at their end, and are compared without case.
    pub(crate) lenient: bool,
    /// Encoded slashes separate segments.
    pub(crate) decoded: bool,
}

/// The segment as lenient servers see it: cut at `;`, without dots and spaces at the end.
fn lenient(segment: &str) -> &str {
    let mut segment = without_parameters(segment);
    while let Some(trimmed) = segment.strip_suffix('.').or_else(|| segment.strip_suffix("%20")) {
        segment = trimmed;
    }
    segment
}

/// The segment without encoded spaces around it.
fn without_spaces(mut segment: &str) -> &str {
    while let Some(trimmed) = segment.strip_prefix("%20").or_else(|| segment.strip_suffix("%20")) {
        segment = trimmed;
    }
    segment
}

/// Whether two segments in normal form are the same to lenient servers.
pub(crate) fn same_leniently(one: &str, other: &str, fold: Fold<'_>) -> bool {
    same_without_case(lenient(one), lenient(other), fold)
}

/// Folds the case of a text: `toUpperCase`, then `toLowerCase`. The caller provides it, since the tables for it would
/// take a tenth of the edge worker's size.
pub type Fold<'a> = &'a dyn Fn(&str) -> String;

/// A [`Fold`] for programs whose size does not matter.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// Whether two segments in normal form are the same to a server that decodes them and ignores the case of any letter.
/// Some servers compare small letters and some compare capitals, so the Kelvin sign equals `k` and the long s equals `s`.
fn same_without_case(one: &str, other: &str, fold: Fold<'_>) -> bool {
    // `İ` becomes an `i` and a combining dot, which some servers drop.
    let folded = |segment: &str| decoded(segment).map(|text| fold(&text).replace('\u{307}', ""));
    one.eq_ignore_ascii_case(other)
        || (one.contains('%') || other.contains('%')) && folded(one).is_some_and(|one| folded(other) == Some(one))
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
    let is_encoded = |at: usize| segment.get(at..).is_some_and(|rest| rest.starts_with("%3B"));
    let end = segment.bytes().enumerate().position(|(at, byte)| byte == b';' || byte == b'%' && is_encoded(at));
    end.and_then(|end| segment.get(..end)).unwrap_or(segment)
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

    fn requested(text: &str) -> Path {
        Path::of_request(text).unwrap()
    }

    #[test]
    fn paths_have_one_normal_form() {
        assert_eq!(path("/api/%61dmin").as_str(), "/api/admin");
        assert_eq!(path("/a%c3%a9/é").as_str(), "/a%C3%A9/%C3%A9");
        assert_eq!(path("/a;v=1/b%3Bv").as_str(), "/a;v=1/b%3Bv");
        assert_eq!(path("/").as_str(), "/");
    }

    #[test]
    fn slashes_of_a_request_stay_as_they_were_sent_and_settings_have_none_to_spare() {
        for raw in ["//api///leads/", "/a/https://x.example/y", "/a%2Fb/c", "/a%2F%2F"] {
            assert_eq!(requested(raw).as_str(), raw);
        }
        assert_eq!(requested("/a%2fb").as_str(), "/a%2Fb");
        assert_eq!(requested("//api///leads/").merged().as_str(), "/api/leads/");
        assert_eq!(requested("//").merged().as_str(), "/");
        assert_eq!(requested("/a/").merged().as_str(), "/a/");
        assert_eq!(Path::parse("/api//leads"), Err(PathError::EmptySegment));
        assert_eq!(Path::parse("/api%2fadmin"), Err(PathError::EncodedSlash));
    }

    #[test]
    fn segments_are_read_as_servers_read_them() {
        let read = |raw: &str, merged| requested(raw).read(Reading { merged, ..Reading::default() }).join("|");
        assert_eq!(read("/a//b%2Fc/", false), "a||b%2Fc");
        assert_eq!(read("/a//b%2Fc/", true), "a|b%2Fc");
        assert_eq!(read("/a//", false), "a|");
        assert_eq!(read("/", false), "");
        let decoded = Reading { decoded: true, ..Reading::default() };
        let as_decoded = |reading, segments: &[&str]| reading == decoded && segments == ["a", "", "b", "c", ""];
        assert!(requested("/a//b%2Fc%2F/").is_read_otherwise(&as_decoded));
        let readings = |raw: &str| {
            let count = core::cell::Cell::new(0);
            let counted = |_: Reading, _: &[&str]| {
                count.set(count.get() + 1);
                false
            };
            assert!(!requested(raw).is_read_otherwise(&counted));
            count.get()
        };
        assert_eq!((readings("/a/b;x"), readings("/a//b"), readings("/a%2Fb")), (2, 3, 6));
    }

    #[test]
    fn no_writing_of_a_base_passes_for_another_path() {
        let base = path("/keystile");
        for raw in [
            "/keystile",
            "/KEYSTILE/v1/me",
            "//keystile/v1/me",
            "/keystile;x/v1",
            "/keystile%3Bx/v1",
            "/Keystile./v1",
            "/keystile%20",
            "/%20/keystile/v1",
            "/;/keystile",
            "/.../keystile",
            "/keystile%2Fv1%2Fverify",
            "/%2Fkeystile/v1",
            "/%e2%84%aaeystile/v1",
        ] {
            assert!(requested(raw).is_read_below(&base, &fold), "{raw}");
        }
        for raw in ["/", "/keystiles", "/a/keystile", "/a%2Fkeystile", "/keystile-docs", "/keystile%253B"] {
            assert!(!requested(raw).is_read_below(&base, &fold), "{raw}");
        }
    }

    #[test]
    fn what_reads_two_ways_is_refused() {
        for (raw, error) in [
            ("/api/..%2fadmin", PathError::DotSegment),
            ("/api/x%2f..%2fadmin", PathError::DotSegment),
            ("/api/x%2F%2e", PathError::DotSegment),
            ("/api/..;a%2Fadmin", PathError::DotSegment),
            ("/api/..%3Ba%2Fadmin", PathError::DotSegment),
            ("/api//../admin", PathError::DotSegment),
            ("/api\\admin", PathError::Backslash),
            ("/api/%5cadmin", PathError::Backslash),
            ("/api/../admin", PathError::DotSegment),
            ("/api/%2e%2E/admin", PathError::DotSegment),
            ("/api/.", PathError::DotSegment),
            ("/api/..;/admin", PathError::DotSegment),
            ("/api/..%3bx/admin", PathError::DotSegment),
            ("/api/.;", PathError::DotSegment),
            ("/api/..%20/admin", PathError::DotSegment),
            ("/api/%20.%20;a/admin", PathError::DotSegment),
            ("/api/x%2F..%20", PathError::DotSegment),
            ("/api/%zz", PathError::BadEncoding),
            ("/api/%4", PathError::BadEncoding),
            ("/api/%00", PathError::ControlCharacter),
            ("api", PathError::NotAbsolute),
        ] {
            assert_eq!(Path::of_request(raw), Err(error), "{raw}");
            assert_eq!(Path::parse(raw), Err(error), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn normal_forms_are_stable(raw in "/[a-zA-Z0-9%./ é;]{0,30}") {
            if let Ok(path) = Path::of_request(&raw) {
                prop_assert_eq!(Path::of_request(path.as_str()), Ok(path.clone()));
                prop_assert!(path.segments().iter().all(|segment| !matches!(*segment, "." | "..")));
            }
        }

        /// Nothing but the writing of a segment changes: each slash stays where it was sent.
        #[test]
        fn a_path_keeps_its_slashes(raw in "/[a-z/]{0,20}") {
            let path = requested(&raw);
            prop_assert_eq!(path.as_str(), raw);
        }
    }
}
