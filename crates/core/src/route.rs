//! Routes: which paths are guarded, and what a request to them needs.
//!
//! A [path](crate::path) is matched in one normal form. One that another route
//! would cover if it were read as some servers read paths is refused: without
//! case, without `;parameters`, without dots and spaces at the end of a segment.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use crate::{
    key::Environment,
    path::{Path, PathError},
    scope::Scope,
};

/// What a method does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Read,
    Write,
}

impl Action {
    /// GET, HEAD and OPTIONS read; POST, PUT, PATCH and DELETE write; there are no others.
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
    /// The paths it covers.
    pub pattern: Pattern,
    /// The upstream's place in the configuration's list.
    pub upstream: usize,
    /// The one environment it takes keys of, or both.
    pub environment: Option<Environment>,
    /// The scopes that reading needs; `None`: nobody reads here.
    pub read: Option<Vec<Scope>>,
    /// The scopes that writing needs; `None`: nobody writes here.
    pub write: Option<Vec<Scope>>,
    /// Whether every request reads the feed.
    pub strict: bool,
}

impl Route {
    /// The scopes that an action needs, if the route has it.
    #[must_use]
    pub fn needs(&self, action: Action) -> Option<&[Scope]> {
        match action {
            Action::Read => self.read.as_deref(),
            Action::Write => self.write.as_deref(),
        }
    }

    /// The `Allow` header of a 405.
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
    /// [`PathError::Ambiguous`] if a lenient reader would find a more specific one.
    pub fn find(&self, path: &Path) -> Result<Option<&Route>, PathError> {
        let strict = self.0.iter().find(|route| route.pattern.covers(path));
        let Some(lenient) = path.as_lenient_readers_see_it() else { return Ok(strict) };
        let seen = self.0.iter().find(|route| route.pattern.covers_without_case(&lenient));
        match strict {
            Some(strict) if seen.is_some_and(|seen| seen.pattern != strict.pattern) => Err(PathError::Ambiguous),
            strict => Ok(strict),
        }
    }

    /// All of them, the most specific first.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }
}

/// `/api/leads`, `/api/leads/{id}`, `/api/*`. Ordered so that of two patterns
/// that cover one path the more specific comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pattern(Vec<PatternSegment>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum PatternSegment {
    Literal(String),
    /// One segment, whatever it is.
    Any,
    /// Whatever follows, nothing included.
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

    /// Whether the path is one of these.
    #[must_use]
    pub fn covers(&self, path: &Path) -> bool {
        self.matches(path, |literal, segment| literal == segment)
    }

    fn covers_without_case(&self, path: &Path) -> bool {
        self.matches(path, str::eq_ignore_ascii_case)
    }

    fn matches(&self, path: &Path, same: impl Fn(&str, &str) -> bool) -> bool {
        let mut segments = path.segments();
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

    /// Whether some path below `base` (such as `/keystile`) could match.
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn route(text: &str) -> Route {
        Route { pattern: pattern(text), upstream: 0, environment: None, read: None, write: None, strict: false }
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
            assert_eq!(routes.find(&path(raw)).unwrap().unwrap().pattern, pattern(expected), "{raw}");
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
            assert_eq!(routes.find(&path(raw)), Err(PathError::Ambiguous), "{raw}");
        }
        for raw in ["/shop/key_4bTz", "/shop/a;v=1", "/shop/file.txt", "/shop/a%20b", "/shop/admin/Y;z"] {
            assert!(routes.find(&path(raw)).unwrap().is_some(), "{raw}");
        }
        assert_eq!(routes.find(&path("/SHOP/x")), Ok(None), "what no route covers is not forwarded at all");
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
