//! Routes: the guarded paths, and the needs of a request to each.
//!
//! A [`Path`] is matched in one normal form. Some servers read paths otherwise: without case, without `;parameters`,
//! without dots and spaces at the end of a segment, with slashes merged or decoded. A path is refused if it belongs
//! to another route in such a reading.

mod pattern;

use alloc::{rc::Rc, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    access::scope::Scope,
    base::path::{Fold, Path, PathError, Reading},
    key::Environment,
};
pub use pattern::Pattern;

/// The methods that routes take, those that read first.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// The needs of a request by one of some methods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// The methods: a bit for each of [`METHODS`], the lowest for the first.
    pub methods: u8,
    /// The scopes that count.
    pub scopes: Vec<Scope>,
    /// The scopes that are enough.
    pub enough: Enough,
}

/// The scopes that are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Enough {
    /// None: no key is asked for.
    Public,
    /// All of them. If there are none, every valid key will do.
    All,
    /// One of them.
    AnyOf,
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
    /// The needs of each method. The route refuses others.
    pub needs: Vec<Needs>,
    /// Whether every request reads the feed.
    pub strict: bool,
    /// The units that a request costs, 0 to 1000.
    pub cost: u16,
    /// The beginning of its paths that the upstream doesn't see, such as `/api`, or empty.
    pub strip_prefix: String,
    /// The beginning of paths at the upstream that callers don't see, such as `/v2`, or empty.
    pub add_prefix: String,
    /// Whether an encoded slash may stand in a segment.
    pub encoded_slashes: bool,
}

impl Route {
    /// The route of a question: it leads nowhere, and its needs stand in the question.
    #[must_use]
    pub const fn of_question(environment: Option<Environment>, strict: bool, cost: u16) -> Self {
        Self {
            pattern: Pattern::root(),
            upstream: usize::MAX,
            environment,
            needs: Vec::new(),
            strict,
            cost,
            strip_prefix: String::new(),
            add_prefix: String::new(),
            encoded_slashes: false,
        }
    }

    /// The needs of a method; `None` if the route refuses it.
    #[must_use]
    pub fn needs(&self, method: &str) -> Option<&Needs> {
        let index = METHODS.iter().position(|name| *name == method)?;
        self.needs.iter().find(|needs| needs.methods >> index & 1 == 1)
    }

    /// The value of `Allow` in a 405.
    #[must_use]
    pub fn allow(&self) -> String {
        let allowed = METHODS.into_iter().filter(|method| self.needs(method).is_some());
        allowed.collect::<Vec<_>>().join(", ")
    }

    /// A path of this route as the upstream sees it.
    #[must_use]
    pub fn forwarded(&self, path: &Path) -> String {
        let rest = path.as_str().strip_prefix(self.strip_prefix.as_str()).unwrap_or(path.as_str());
        let forwarded = [self.add_prefix.as_str(), rest].concat();
        if forwarded.is_empty() { "/".into() } else { forwarded }
    }
}

/// Routes, the most specific first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes(Vec<Rc<Route>>);

impl Routes {
    /// Sorts the routes.
    #[must_use]
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by(|a, b| a.pattern.cmp(&b.pattern));
        Self(routes.into_iter().map(Rc::new).collect())
    }

    /// The most specific route that covers the path.
    ///
    /// # Errors
    /// [`PathError::EncodedSlash`] if no route takes one here, and [`PathError::Ambiguous`] if another reader would find
    /// another route.
    pub fn find(&self, path: &Path, fold: Fold<'_>) -> Result<Option<&Rc<Route>>, PathError> {
        let seen =
            |reading, segments: &[&str]| self.0.iter().find(|route| route.pattern.covers(segments, reading, fold));
        let found = seen(Reading::default(), &path.segments());
        if path.has_encoded_slash() && !found.is_some_and(|found| found.encoded_slashes) {
            return Err(PathError::EncodedSlash);
        }
        let Some(found) = found else {
            let is_merged = seen(Reading::default(), &path.merged().segments()).is_some();
            return if is_merged { Err(PathError::Ambiguous) } else { Ok(None) };
        };
        let differs = path.is_read_otherwise(&|reading, segments| match seen(reading, segments) {
            Some(seen) => seen.pattern != found.pattern,
            // The route says that its upstream keeps encoded slashes. Who decodes them finds nothing.
            None => !reading.decoded,
        });
        // Many programs take what follows two slashes at the beginning for a host.
        let is_host = path.has_empty_segment() && found.forwarded(path).starts_with("//");
        if differs || is_host { Err(PathError::Ambiguous) } else { Ok(Some(found)) }
    }

    /// All routes, the most specific first.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter().map(|route| &**route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::path;
    use alloc::{format, string::ToString, vec};
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn path(text: &str) -> Path {
        Path::of_request(text).unwrap()
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn route(text: &str) -> Route {
        Route {
            pattern: pattern(text),
            upstream: 0,
            environment: None,
            needs: Vec::new(),
            strict: false,
            cost: 1,
            strip_prefix: String::new(),
            add_prefix: String::new(),
            encoded_slashes: false,
        }
    }

    fn with_encoded_slashes(text: &str) -> Route {
        Route { encoded_slashes: true, ..route(text) }
    }

    /// The pattern of the route that a path is forwarded by.
    fn found(routes: &Routes, raw: &str) -> Result<Option<Pattern>, PathError> {
        routes.find(&path(raw), &path::fold).map(|route| route.map(|route| route.pattern.clone()))
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

    #[test]
    fn an_empty_segment_goes_on_where_it_makes_no_difference() {
        let routes = Routes::new(vec![route("/api/*"), route("/api/leads/*"), route("/bots/{id}/run"), route("/one")]);
        for (raw, expected) in [
            ("/api/leads/https://x.example/y", "/api/leads/*"),
            ("/api/other//", "/api/*"),
            ("/api//", "/api/*"),
            ("/one/", "/one"),
        ] {
            assert_eq!(found(&routes, raw), Ok(Some(pattern(expected))), "{raw}");
        }
        for raw in ["/api//leads/7", "//api/leads", "/bots//run", "/bots/7//run", "/one//", "/api//LEADS/7"] {
            assert_eq!(found(&routes, raw), Err(PathError::Ambiguous), "{raw}");
        }
        assert_eq!(found(&routes, "//elsewhere//x"), Ok(None));
    }

    #[test]
    fn no_path_at_the_upstream_begins_with_two_slashes() {
        let stripped = Route { strip_prefix: "/api".into(), ..route("/api/*") };
        let moved = Route { strip_prefix: "/old".into(), add_prefix: "/new".into(), ..route("/old/*") };
        let routes = Routes::new(vec![route("/*"), stripped, moved]);
        for raw in ["//x.example/y", "/api//x.example/y", "//"] {
            assert_eq!(found(&routes, raw), Err(PathError::Ambiguous), "{raw}");
        }
        assert_eq!(found(&routes, "/old//x"), Ok(Some(pattern("/old/*"))));
        assert_eq!(found(&routes, "/x//y"), Ok(Some(pattern("/*"))));
    }

    #[test]
    fn an_encoded_slash_stays_in_its_segment_where_the_route_takes_it() {
        let routes = Routes::new(vec![
            with_encoded_slashes("/files/{name}/meta"),
            with_encoded_slashes("/files/{name}"),
            with_encoded_slashes("/open/*"),
            route("/open/admin/*"),
            route("/plain/*"),
        ]);
        for (raw, expected) in [
            ("/files/a%2fb/meta", "/files/{name}/meta"),
            ("/files/https:%2F%2Fx.example%2F", "/files/{name}"),
            ("/open/a%2Fb", "/open/*"),
            ("/open/x%2Fadmin", "/open/*"),
        ] {
            assert_eq!(found(&routes, raw), Ok(Some(pattern(expected))), "{raw}");
        }
        for raw in [
            "/files/a%2Fmeta",
            "/open/admin%2Fx",
            "/open/ADMIN%2Fx",
            "/open/admin;v%2Fx",
            "/open/%2Fadmin",
            "/open/%2F%2Fadmin%2Fx",
            "/open/;v%2Fadmin",
        ] {
            assert_eq!(found(&routes, raw), Err(PathError::Ambiguous), "{raw}");
        }
        for raw in ["/plain/a%2Fb", "/open/admin/a%2Fb", "/files%2Fx", "/elsewhere%2F"] {
            assert_eq!(found(&routes, raw), Err(PathError::EncodedSlash), "{raw}");
        }
    }

    #[test]
    fn a_method_has_the_needs_that_name_it() {
        let needs = |methods, enough| Needs { methods, scopes: Vec::new(), enough };
        let route = Route { needs: vec![needs(0b100_0001, Enough::All), needs(0b10, Enough::Public)], ..route("/x") };
        assert_eq!(route.needs("DELETE").unwrap().enough, Enough::All);
        assert_eq!(route.needs("GET").unwrap().enough, Enough::All);
        assert_eq!(route.needs("HEAD").unwrap().enough, Enough::Public);
        for refused in ["POST", "get", "TRACE", ""] {
            assert_eq!(route.needs(refused), None, "{refused}");
        }
        assert_eq!(route.allow(), "GET, HEAD, DELETE");
    }

    /// Most servers decode what is no delimiter of a path, before they look for a route.
    #[test]
    fn an_encoded_character_is_no_way_round_a_route() {
        let routes =
            Routes::new(vec![route("/v1/*"), route("/v1/leads:export"), route("/v1/@admin/*"), route("/v1/a+b")]);
        for raw in ["/v1/leads%3Aexport", "/v1/LEADS%3aexport", "/v1/%40admin/x", "/v1/a%2Bb"] {
            assert_eq!(routes.find(&path(raw), &path::fold), Err(PathError::Ambiguous), "{raw}");
        }
        for raw in ["/v1/leads:export", "/v1/@admin/x", "/v1/other%3Aexport"] {
            assert!(routes.find(&path(raw), &path::fold).unwrap().is_some(), "{raw}");
        }
    }

    #[test]
    fn the_upstream_sees_a_path_with_its_own_prefix() {
        let seen = |strip: &str, add: &str, raw: &str| {
            let (strip_prefix, add_prefix) = (strip.to_string(), add.to_string());
            Route { strip_prefix, add_prefix, ..route("/api/*") }.forwarded(&path(raw))
        };
        assert_eq!(seen("", "", "/api/x"), "/api/x");
        assert_eq!(seen("/api", "", "/api/x//y%2Fz/"), "/x//y%2Fz/");
        assert_eq!(seen("/api", "", "/api"), "/");
        assert_eq!(seen("/api", "", "/api/"), "/");
        assert_eq!(seen("/api", "/v2", "/api"), "/v2");
        assert_eq!(seen("/api", "/v2", "/api/x"), "/v2/x");
        assert_eq!(seen("", "/v2", "/api/x"), "/v2/api/x");
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

    proptest! {
        /// A path that is forwarded belongs to the same route for a server that merges or decodes slashes.
        #[test]
        fn no_slash_leads_to_a_laxer_route(raw in "/(open|admin|x|%2F|/|;){0,7}") {
            let routes = Routes::new(vec![with_encoded_slashes("/open/*"), route("/open/admin/*"), route("/admin/{x}")]);
            if let Ok(Some(forwarded)) = found(&routes, &raw) {
                let decoded = raw.replace("%2F", "/");
                for seen in [raw.as_str(), &decoded] {
                    let merged = path(seen).merged().into_owned();
                    let there = routes.0.iter().find(|route| route.pattern.covers(&merged.segments(), Reading::default(), &path::fold));
                    prop_assert_eq!(there.map(|route| &route.pattern), Some(&forwarded), "{}", seen);
                }
            }
        }
    }
}
