//! Patterns of paths.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::base::path::{self, Fold, Path, PathError, Reading};

/// A pattern of paths: `/api/leads`, `/api/leads/{id}`, `/api/*`. The order puts the more specific of two patterns that
/// cover one path first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pattern(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Segment {
    Literal(String),
    /// Exactly one segment of any text.
    Any,
    /// Any number of segments, none included.
    Rest,
}

impl fmt::Display for Pattern {
    /// The pattern without the names of its segments: `/api/leads/{}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|segment| {
            f.write_str("/")?;
            f.write_str(match segment {
                Segment::Literal(literal) => literal,
                Segment::Any => "{}",
                Segment::Rest => "*",
            })
        })
    }
}

impl Pattern {
    /// The pattern `/`.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Parses a pattern.
    ///
    /// # Errors
    /// A sentence that says what a pattern looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix('/').ok_or("a path begins with /")?;
        if text.contains(['?', '#']) {
            return Err("a path has no query; drop all from the ? or # on".to_string());
        }
        if rest.is_empty() {
            return Ok(Self::root());
        }
        let mut segments = Vec::new();
        let mut parts = rest.split('/').peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            segments.push(match part {
                "*" if is_last => Segment::Rest,
                "" if is_last && !segments.is_empty() => {
                    return Err(format!("drop the slash at the end; \"{}\" covers it too", text.trim_end_matches('/')));
                }
                "" => return Err("write one slash between segments".to_string()),
                _ => Segment::parse(part)?,
            });
        }
        Ok(Self(segments))
    }

    /// Whether it covers these segments, as a reader of paths sees them.
    pub(super) fn covers(&self, segments: &[&str], reading: Reading, fold: Fold<'_>) -> bool {
        let mut segments = segments.iter();
        for expected in &self.0 {
            let covered = match (expected, segments.next()) {
                (Segment::Rest, _) => return true,
                (_, None) => false,
                (Segment::Any, _) => true,
                (Segment::Literal(literal), Some(segment)) => {
                    literal == segment || (reading.lenient && path::same_leniently(literal, segment, fold))
                }
            };
            if !covered {
                return false;
            }
        }
        segments.next().is_none()
    }

    /// Whether lenient readers take the two patterns for one, so that no path could tell them apart.
    #[must_use]
    pub fn is_read_as(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|segments| match segments {
                (Segment::Literal(one), Segment::Literal(other)) => path::same_leniently(one, other, &path::fold),
                (one, other) => one == other,
            })
    }

    /// Whether it begins with the segments of `prefix`, so that every path that it covers does.
    #[must_use]
    pub fn begins_with(&self, prefix: &Path) -> bool {
        self.begins(prefix, |one, other| one == other)
    }

    /// Whether lenient readers take every path that it covers for `base` or one below it.
    #[must_use]
    pub fn is_read_below(&self, base: &Path) -> bool {
        self.begins(base, |one, other| path::same_leniently(one, other, &path::fold))
    }

    fn begins(&self, prefix: &Path, same: impl Fn(&str, &str) -> bool) -> bool {
        let mut segments = self.0.iter();
        prefix.segments().iter().all(|expected| match segments.next() {
            Some(Segment::Literal(literal)) => same(literal, expected),
            _ => false,
        })
    }
}

impl Segment {
    /// Parses a segment that is not a `*` at the end.
    fn parse(part: &str) -> Result<Self, String> {
        let inside = |open: char, close: &str| part.strip_prefix(open).and_then(|part| part.strip_suffix(close));
        let is_name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if inside('{', "}").is_some_and(is_name) {
            return Ok(Self::Any);
        }
        let of_others = [inside(':', ""), inside('$', ""), inside('<', ">"), inside('[', "]")];
        if let Some(name) = of_others.into_iter().flatten().find(|name| is_name(name)) {
            return Err(format!("for one segment of any text, write {{{name}}}, not {part}"));
        }
        if part.contains(['*', '{', '}']) {
            return Err("`*` stands alone and at the end, `{name}` for one whole segment".to_string());
        }
        let path = Path::parse(&format!("/{part}")).map_err(|error: PathError| error.detail().to_string())?;
        Ok(Self::Literal(path.segments().concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn path(text: &str) -> Path {
        Path::of_request(text).unwrap()
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn covers(text: &str, raw: &str) -> bool {
        pattern(text).covers(&path(raw).segments(), Reading::default(), &path::fold)
    }

    #[test]
    fn patterns_cover_what_they_say() {
        for (covering, raw) in [
            ("/api/*", "/api"),
            ("/api/*", "/api/leads/7"),
            ("/api/*", "/api//leads"),
            ("/bots/{id}/run", "/bots/7/run"),
            ("/bots/{id}/run", "/bots//run"),
            ("/bots/{id}/run", "/bots/a%2Fb/run"),
            ("/leads", "/leads/"),
            ("/*", "/"),
            ("/", "/"),
            ("/v1/things:search", "/v1/things:search"),
        ] {
            assert!(covers(covering, raw), "{covering} {raw}");
        }
        for (apart, raw) in [
            ("/api/*", "/apis"),
            ("/api/*", "//api"),
            ("/bots/{id}/run", "/bots/7"),
            ("/bots/{id}", "/bots/"),
            ("/leads", "/leads//"),
            ("/", "/a"),
            ("/Leads", "/leads"),
        ] {
            assert!(!covers(apart, raw), "{apart} {raw}");
        }
    }

    #[test]
    fn two_routes_that_lenient_readers_take_for_one_are_known() {
        for (one, other) in [("/a/Admin/*", "/a/admin/*"), ("/a/x;v", "/a/x"), ("/É", "/é"), ("/{a}/B", "/{c}/b")] {
            assert!(pattern(one).is_read_as(&pattern(other)), "{one} {other}");
        }
        for (one, other) in [("/a/b", "/a/c"), ("/a/*", "/a"), ("/a/{id}", "/a/b")] {
            assert!(!pattern(one).is_read_as(&pattern(other)), "{one} {other}");
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for bad in
            ["", "api", "/a*", "/*/b", "/**", "/{}", "/{id?}", "/a/", "/a//b", "//", "/a/../b", "/a%2fb", "/a?b=c"]
        {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_parameter_in_another_notation_is_no_literal() {
        for foreign in ["/v2/:id", "/v2/$id/x", "/v2/<id>", "/v2/[id]"] {
            let message = Pattern::parse(foreign).unwrap_err();
            assert!(message.contains("write {id}"), "{foreign}: {message}");
        }
        assert_eq!(pattern("/v2/$metadata.json").0, vec![literal("v2"), literal("$metadata.json")]);
    }

    fn literal(text: &str) -> Segment {
        Segment::Literal(text.into())
    }

    #[test]
    fn patterns_below_a_base_are_seen_in_any_writing() {
        let base = path("/keystile");
        for below in ["/keystile", "/keystile/v1/verify", "/keystile/*", "/KEYSTILE/*", "/keystile;x/*", "/Keystile./x"]
        {
            assert!(pattern(below).is_read_below(&base), "{below}");
        }
        for apart in ["/*", "/{any}/x", "/api/*", "/", "/keystiles/*", "/a/keystile"] {
            assert!(!pattern(apart).is_read_below(&base), "{apart}");
        }
        assert!(pattern("/api/v1/*").begins_with(&path("/api")) && pattern("/api/*").begins_with(&path("/api")));
        for apart in ["/*", "/{x}/v1", "/Api/*", "/apis"] {
            assert!(!pattern(apart).begins_with(&path("/api")), "{apart}");
        }
    }
}
