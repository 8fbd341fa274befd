//! Routes: the guarded paths, and the needs of a request to each.
//!
//! A [path] is matched in one normal form. Some servers read paths leniently: without case, without `;parameters`,
//! without dots and spaces at the end of a segment. A path is refused if another route would cover it in such a
//! reading.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use crate::{
    access::scope::Scope,
    base::path::{self, Fold, Path, PathError},
    key::Environment,
};

/// The effect of a method: it reads or it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Read,
    Write,
}

impl Action {
    /// The action of a method: GET, HEAD and OPTIONS read; POST, PUT, PATCH and DELETE write; any other method has
    /// none.
    #[must_use]
    pub fn of_method(method: &str) -> Option<Self> {
        match method {
            "GET" | "HEAD" | "OPTIONS" => Some(Self::Read),
            "POST" | "PUT" | "PATCH" | "DELETE" => Some(Self::Write),
            _ => None,
        }
    }
}

/// A guarded route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The paths that it covers.
    pub pattern: Pattern,
    /// The upstream's index in the configuration's list.
    pub upstream: usize,
    /// The one environment that its keys must have; `None` if it takes both.
    pub environment: Option<Environment>,
    /// The scopes that reading needs; `None` if the route refuses reads.
    pub read: Option<Vec<Scope>>,
    /// The scopes that writing needs; `None` if the route refuses writes.
    pub write: Option<Vec<Scope>>,
    /// Whether every request reads the feed.
    pub strict: bool,
    /// The units that a request costs, 0 to 1000.
    pub cost: u16,
}

impl Route {
    /// The scopes that an action needs; `None` if the route refuses the action.
    #[must_use]
    pub fn needs(&self, action: Action) -> Option<&[Scope]> {
        match action {
            Action::Read => self.read.as_deref(),
            Action::Write => self.write.as_deref(),
        }
    }

    /// The value of `Allow` in a 405.
    #[must_use]
    pub fn allow(&self) -> String {
        let read = self.read.is_some().then_some("GET, HEAD, OPTIONS");
        let write = self.write.is_some().then_some("POST, PUT, PATCH, DELETE");
        [read, write].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Routes, the most specific first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Sorts the routes.
    #[must_use]
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by(|a, b| a.pattern.cmp(&b.pattern));
        Self(routes)
    }

    /// The most specific route that covers the path.
    ///
    /// # Errors
    /// [`PathError::Ambiguous`] if a lenient reader would find another route.
    pub fn find(&self, path: &Path, fold: Fold<'_>) -> Result<Option<&Route>, PathError> {
        let Some(strict) = self.0.iter().find(|route| route.pattern.covers(path)) else { return Ok(None) };
        let differs = |keep_empty| {
            let seen = self.0.iter().find(|route| route.pattern.covers_leniently(path, keep_empty, fold));
            seen.is_some_and(|seen| seen.pattern != strict.pattern)
        };
        if differs(true) || differs(false) { Err(PathError::Ambiguous) } else { Ok(Some(strict)) }
    }

    /// All routes, the most specific first.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }
}

/// A pattern of paths: `/api/leads`, `/api/leads/{id}`, `/api/*`. The order puts the more specific of two patterns that
/// cover one path first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pattern(Vec<PatternSegment>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum PatternSegment {
    Literal(String),
    /// Exactly one segment of any text.
    Any,
    /// Any number of segments, none included.
    Rest,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// A sentence that says what a pattern looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix('/').ok_or("a path begins with /")?;
        if rest.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let mut segments = Vec::new();
        let mut parts = rest.split('/').peekable();
        while let Some(part) = parts.next() {
            let named = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            segments.push(match (part, named) {
                ("*", _) if parts.peek().is_none() => PatternSegment::Rest,
                ("", _) if parts.peek().is_none() && !segments.is_empty() => {
                    return Err(format!("drop the slash at the end; \"{}\" covers it too", text.trim_end_matches('/')));
                }
                (_, Some(name)) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                    PatternSegment::Any
                }
                _ => match Path::parse(&format!("/{part}")) {
                    Ok(_) if part.contains(['*', '{', '}']) => {
                        return Err("`*` stands alone and at the end, `{name}` for one whole segment".to_string());
                    }
                    Ok(path) => PatternSegment::Literal(path.segments().next().unwrap_or_default().to_string()),
                    Err(error) => return Err(error.detail().to_string()),
                },
            });
        }
        Ok(Self(segments))
    }

    /// Whether it covers the path.
    #[must_use]
    pub fn covers(&self, path: &Path) -> bool {
        self.matches(path.segments(), |literal, segment| literal == segment)
    }

    /// Whether it covers the path for a server that ignores case, `;parameters`, and dots and spaces at the end of a
    /// segment.
    fn covers_leniently(&self, path: &Path, keep_empty: bool, fold: Fold<'_>) -> bool {
        self.matches(path.lenient_segments(keep_empty), |literal, segment| {
            same_to_lenient_readers(literal, segment, fold)
        })
    }

    fn matches<'a>(&self, mut segments: impl Iterator<Item = &'a str>, same: impl Fn(&str, &str) -> bool) -> bool {
        for expected in &self.0 {
            let covered = match expected {
                PatternSegment::Rest => return true,
                PatternSegment::Any => segments.next().is_some(),
                PatternSegment::Literal(literal) => segments.next().is_some_and(|segment| same(literal, segment)),
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
                (PatternSegment::Literal(one), PatternSegment::Literal(other)) => {
                    same_to_lenient_readers(one, other, &path::fold)
                }
                (one, other) => one == other,
            })
    }

    /// Whether it covers any path below `base` (such as `/keystile`).
    #[must_use]
    pub fn overlaps(&self, base: &Path) -> bool {
        let mut base = base.segments();
        for expected in &self.0 {
            match (expected, base.next()) {
                (PatternSegment::Rest, _) | (_, None) => return true,
                (PatternSegment::Literal(literal), Some(segment)) if literal != segment => return false,
                _ => {}
            }
        }
        base.next().is_none()
    }
}

fn same_to_lenient_readers(literal: &str, segment: &str, fold: Fold<'_>) -> bool {
    path::same_without_case(path::lenient(literal), path::lenient(segment), fold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn route(text: &str) -> Route {
        Route {
            pattern: pattern(text),
            upstream: 0,
            environment: None,
            read: None,
            write: None,
            strict: false,
            cost: 1,
        }
    }

    #[test]
    fn patterns_cover_what_they_say() {
        assert!(pattern("/api/*").covers(&path("/api")));
        assert!(pattern("/api/*").covers(&path("/api/leads/7")));
        assert!(!pattern("/api/*").covers(&path("/apis")));
        assert!(pattern("/bots/{id}/run").covers(&path("/bots/7/run")));
        assert!(!pattern("/bots/{id}/run").covers(&path("/bots/7")));
        assert!(pattern("/leads").covers(&path("/leads/")));
        assert!(pattern("/*").covers(&path("/")));
        assert!(pattern("/").covers(&path("/")) && !pattern("/").covers(&path("/a")));
        assert!(!pattern("/Leads").covers(&path("/leads")));
    }

    #[test]
    fn the_most_specific_route_wins_whatever_the_order() {
        let routes = Routes::new(vec![
            route("/*"),
            route("/api/*"),
            route("/api/{x}"),
            route("/api/admin"),
            route("/api/admin/*"),
        ]);
        for (raw, expected) in [
            ("/x", "/*"),
            ("/api/admin", "/api/admin"),
            ("/api/admin/y", "/api/admin/*"),
            ("/api/z", "/api/{x}"),
            ("/api/z/y", "/api/*"),
        ] {
            assert_eq!(routes.find(&path(raw), &path::fold).unwrap().unwrap().pattern, pattern(expected), "{raw}");
        }
    }

    #[test]
    fn a_path_that_a_lenient_server_would_route_elsewhere_is_refused() {
        let routes = Routes::new(vec![route("/shop/*"), route("/shop/admin/*")]);
        for raw in [
            "/shop/ADMIN/x",
            "/shop/admin;x/y",
            "/shop/admin./y",
            "/shop/admin%20/y",
            "/shop/admin%3Bx",
            "/shop/Admin.;y",
        ] {
            assert_eq!(routes.find(&path(raw), &path::fold), Err(PathError::Ambiguous), "{raw}");
        }
        for raw in ["/shop/key_4bTz", "/shop/a;v=1", "/shop/file.txt", "/shop/a%20b", "/shop/admin/Y;z"] {
            assert!(routes.find(&path(raw), &path::fold).unwrap().is_some(), "{raw}");
        }
        assert_eq!(
            routes.find(&path("/SHOP/x"), &path::fold),
            Ok(None),
            "what no route covers is not forwarded at all"
        );
    }

    #[test]
    fn a_route_is_not_gone_round_in_other_letters_whichever_have_capitals() {
        let routes = Routes::new(vec![
            route("/shop/*"),
            route("/shop/Admin/*"),
            route("/shop/{id}/Kiosk"),
            route("/shop/École/*"),
            route("/shop/Odds;v/*"),
        ]);
        for raw in [
            "/shop/admin/users",
            "/shop/ADMIN",
            "/shop/aDmin;x/users",
            "/shop/7/kiosk",
            "/shop/7/kiosk.",
            "/shop/7/%E2%84%AAiosk",
            "/shop/%c3%a9cole/x",
            "/shop/éCOLE/x",
            "/shop/odd%C5%BF/x",
            "/shop/%20/admin/users",
            "/shop/%20/kiosk",
            "/shop/;7/kiosk",
            "/shop/.../KIOSK",
        ] {
            assert_eq!(routes.find(&path(raw), &path::fold), Err(PathError::Ambiguous), "{raw}");
        }
        for (raw, expected) in [
            ("/shop/Admin/users", "/shop/Admin/*"),
            ("/shop/7/Kiosk", "/shop/{id}/Kiosk"),
            ("/shop/École/x", "/shop/École/*"),
            ("/shop/Odds;v/x", "/shop/Odds;v/*"),
            ("/shop/administrator", "/shop/*"),
            ("/shop/ecole/x", "/shop/*"),
            ("/shop/ü/x", "/shop/*"),
        ] {
            assert_eq!(routes.find(&path(raw), &path::fold).unwrap().unwrap().pattern, pattern(expected), "{raw}");
        }
    }

    proptest! {
        /// Any spelling of a path below a route leads to that route or to none.
        #[test]
        fn no_writing_of_a_path_leads_to_a_laxer_route(
            capitals in prop::collection::vec(any::<(bool, bool)>(), 5),
            end in "(;[a-z]{0,2})?(\\.|%20){0,2}",
        ) {
            let write = |second: bool| -> String {
                let cased = "admin".chars().zip(&capitals).map(|(letter, capital)| {
                    if if second { capital.1 } else { capital.0 } { letter.to_ascii_uppercase() } else { letter }
                });
                cased.collect()
            };
            let admin = format!("/shop/{}/*", write(false));
            let routes = Routes::new(vec![route("/shop/*"), route(&admin)]);
            match routes.find(&path(&format!("/shop/{}{end}/x", write(true))), &path::fold) {
                Ok(found) => prop_assert_eq!(&found.unwrap().pattern, &pattern(&admin)),
                Err(error) => prop_assert_eq!(error, PathError::Ambiguous),
            }
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
        for bad in ["", "api", "/a*", "/*/b", "/{}", "/a/", "/a/../b", "/a%2fb"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn overlap_with_a_base_is_seen() {
        let base = path("/keystile");
        for overlapping in ["/*", "/keystile", "/keystile/v1/verify", "/{any}/x", "/keystile/*"] {
            assert!(pattern(overlapping).overlaps(&base), "{overlapping}");
        }
        for apart in ["/api/*", "/", "/keystiles/*"] {
            assert!(!pattern(apart).overlaps(&base), "{apart}");
        }
    }

    #[test]
    fn unknown_methods_have_no_action() {
        assert_eq!(Action::of_method("GET"), Some(Action::Read));
        assert_eq!(Action::of_method("DELETE"), Some(Action::Write));
        for method in ["get", "TRACE", "CONNECT", "PROPFIND", ""] {
            assert_eq!(Action::of_method(method), None, "{method}");
        }
    }
}
