//! `[[routes]]`, and the origins that browsers may call from.

use keystile_core::access::route::{Enough, Route};

use super::*;

const ROUTE: &str = "path = \"/api/leads/*\"\nupstream = \"api\"\nenvironment = \"live\"\nread = [\"read:leads\"]\n\
                     write = [\"write:leads\"]\nstrict = true\ncost = 5\n";

/// The example with this route alone.
fn with_route(lines: &str) -> String {
    assert!(EXAMPLE.contains(ROUTE));
    EXAMPLE.replace(ROUTE, &format!("upstream = \"api\"\n{lines}\n"))
}

fn route(lines: &str) -> Route {
    let config = parse(&with_route(lines)).unwrap();
    config.edge.routes.iter().next().unwrap().clone()
}

fn scopes(names: &[&str]) -> Vec<keystile_core::Scope> {
    names.iter().map(|name| keystile_core::Scope::parse(name).unwrap()).collect()
}

#[test]
fn the_needs_of_a_route_are_read() {
    let route = route(
        r#"path = "/api/*"
        read = "public"
        write = { any_of = ["write:leads", "admin"] }
        methods = { DELETE = ["admin"], GET = ["read:leads"], PUT = "public" }"#,
    );
    let needs = |method| route.needs(method).map(|needs| (needs.enough, needs.scopes.clone()));
    assert_eq!(needs("OPTIONS"), Some((Enough::Public, vec![])));
    assert_eq!(needs("POST"), Some((Enough::AnyOf, scopes(&["write:leads", "admin"]))));
    assert_eq!(needs("DELETE"), Some((Enough::All, scopes(&["admin"]))));
    assert_eq!(needs("PUT"), Some((Enough::Public, vec![])));
    assert_eq!(needs("GET"), Some((Enough::All, scopes(&["read:leads"]))));
    assert_eq!(needs("HEAD"), needs("GET"), "HEAD tells of what GET answers");
    let own = self::route("path = \"/x\"\nmethods = { GET = [\"admin\"], HEAD = [] }");
    assert_eq!(own.needs("HEAD").unwrap().scopes, []);
    assert_eq!(own.allow(), "GET, HEAD");
}

#[test]
fn a_catch_all_leaves_keystiles_own_paths_alone_and_no_route_lies_below_them() {
    assert!(parse(&with_route("path = \"/*\"\nread = []")).is_ok());
    assert!(parse(&with_route("path = \"/{any}/x\"\nread = []")).is_ok());
    for path in ["/keystile", "/keystile/*", "/Keystile/x", "/keystile;x/*"] {
        let found = mistakes(&with_route(&format!("path = \"{path}\"\nread = []")));
        assert_eq!(
            found,
            [
                "routes.0.path: this lies below /keystile, where Keystile's own endpoints are; guard other paths, or set \
              another base in [edge]"
            ]
        );
    }
}

#[test]
fn prefixes_and_encoded_slashes_are_read() {
    let moved =
        route("path = \"/api/*\"\nread = []\nstrip_prefix = \"/api\"\nadd_prefix = \"/v2/x\"\nencoded_slashes = true");
    assert_eq!(
        (moved.strip_prefix.as_str(), moved.add_prefix.as_str(), moved.encoded_slashes),
        ("/api", "/v2/x", true)
    );
    let plain = route("path = \"/api/*\"\nread = []");
    assert_eq!((plain.strip_prefix.as_str(), plain.add_prefix.as_str(), plain.encoded_slashes), ("", "", false));
}

#[test]
fn each_mistake_in_a_route_is_placed_and_says_what_to_write() {
    let needs = "write a list of scopes, such as [\"read:leads\"], or { any_of = [";
    for (lines, expected) in [
        ("path = \"/x\"", "routes.0: say what it needs: read = "),
        ("path = \"/x\"\nread = \"read:leads\"", &format!("routes.0.read: {needs}")),
        ("path = \"/x\"\nread = [1]", &format!("routes.0.read: {needs}")),
        ("path = \"/x\"\nwrite = { any_of = [] }", &format!("routes.0.write: {needs}")),
        ("path = \"/x\"\nwrite = { all_of = [\"admin\"] }", &format!("routes.0.write: {needs}")),
        ("path = \"/x\"\nread = { any_of = [\"admin\", \"nope\"] }", "routes.0.read.any_of.1: no [[scopes]] defines"),
        ("path = \"/x\"\nmethods = { DELETE = [\"nope\"] }", "routes.0.methods.DELETE.0: no [[scopes]] defines"),
        (
            "path = \"/x\"\nmethods = { delete = [] }",
            "routes.0.methods.delete: no route takes this method; write one of GET,",
        ),
        ("path = \"/x\"\nread = \"public\"\nstrict = true", "routes.0.strict: this is about keys"),
        ("path = \"/x\"\nread = \"public\"\nenvironment = \"live\"", "routes.0.environment: this is about keys"),
        ("path = \"/x\"\nread = \"public\"\ncost = 2", "routes.0.cost: this is about keys"),
        ("path = \"/v2/:id\"\nread = []", "routes.0.path: for one segment of any text, write {id}, not :id"),
        ("path = \"/a//b\"\nread = []", "routes.0.path: write one slash between segments"),
        ("path = \"/a?b\"\nread = []", "routes.0.path: a path has no query"),
        (
            "path = \"/*\"\nread = []\nstrip_prefix = \"/api\"",
            "routes.0.strip_prefix: the paths of \"/*\" don't begin with",
        ),
        (
            "path = \"/api/*\"\nread = []\nstrip_prefix = \"/api/\"",
            "routes.0.strip_prefix: write a path such as \"/api\"",
        ),
        ("path = \"/x\"\nread = []\nadd_prefix = \"v2\"", "routes.0.add_prefix: write a path such as \"/v2\""),
        ("path = \"/x\"\nread = []\nadd_prefix = \"/a//b\"", "routes.0.add_prefix: write a path such as \"/v2\""),
    ] {
        let found = mistakes(&with_route(lines));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{expected} in {found:?}");
    }
    let mixed = "path = \"/x\"\nread = \"public\"\nwrite = []\nstrict = true\nenvironment = \"live\"\ncost = 2";
    assert!(parse(&with_route(mixed)).is_ok(), "they hold for what needs a key");
    let line = read(&format!(
        "{GOOD}[[upstreams]]\nname = \"api\"\nservice = \"API\"\n[[routes]]\npath = \"/x\"\nupstream = \"api\"\nread = []\nmethods = {{ GET = [],\n  DELETE = [\"nope\"] }}\n"
    ));
    assert!(line.unwrap_err()[0].starts_with("14: routes.0.methods.DELETE.0: no [[scopes]]"));
}

fn with_cors(lines: &str) -> String {
    EXAMPLE.replace("[usage]", &format!("[edge.cors]\n{lines}\n[usage]"))
}

#[test]
fn origins_are_read_and_headers_that_pages_may_read_are_added() {
    let text = with_cors(
        "origins = [\"https://app.example.com:8443\", \"https://*.example.co.uk\", \"https://*.in.own\"]\nexpose_headers = [\"X-Total\"]",
    );
    let cors = parse(&text).unwrap().edge.cors.unwrap();
    assert_eq!(cors.origins, ["https://app.example.com:8443", "https://*.example.co.uk", "https://*.in.own"]);
    assert!(
        cors.exposed.starts_with("Keystile-Request-Id, ") && cors.exposed.ends_with(", X-Total"),
        "{}",
        cors.exposed
    );
    assert!(parse(&with_cors("origins = [\"*\"]")).unwrap().edge.cors.unwrap().is_open());
}

#[test]
fn an_origin_that_no_browser_sends_is_refused() {
    for (origin, expected) in [
        ("https://App.example.com", "write \"https://app.example.com\", as browsers send it"),
        ("HTTPS://app.example.com", "write \"https://app.example.com\", as browsers send it"),
        ("https://app.example.com:443", "write \"https://app.example.com\", as browsers send it"),
        ("http://app.example.com:80", "write \"http://app.example.com\", as browsers send it"),
        ("https://app.example.com/", "write \"https://app.example.com\", as browsers send it"),
        ("https://app.example.com/x?y", "write \"https://app.example.com\", as browsers send it"),
        ("https://me@app.example.com", "write \"https://app.example.com\", as browsers send it"),
        ("https://bücher.example", "write \"https://xn--bcher-kva.example\", as browsers send it"),
        ("https://*.Example.com", "write \"https://*.example.com\", as browsers send it"),
        ("https://*.example.com:443", "write \"https://*.example.com\", as browsers send it"),
        ("https://*.com", "write the domain whose subdomains are meant"),
        ("https://*.com.", "write the domain whose subdomains are meant"),
        ("https://*.co.uk", "anybody can get a name below co.uk; write the domain that is yours"),
        ("https://*.co.uk:8443", "anybody can get a name below co.uk"),
        ("https://*.workers.dev", "anybody can get a name below workers.dev"),
        ("https://app-*.example.com", "write an origin such as"),
        ("https://*.*.example.com", "write an origin such as"),
        ("app.example.com", "write an origin such as"),
        ("ftp://app.example.com", "write an origin such as"),
        ("null", "write an origin such as"),
        ("", "write an origin such as"),
    ] {
        let found = mistakes(&with_cors(&format!("origins = [\"https://a.example\", \"{origin}\"]")));
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("edge.cors.origins.1: {expected}")),
            "{origin}: {found:?}"
        );
        if !origin.contains('*') {
            let portal = mistakes(&format!("{EXAMPLE}[portal]\norigins = [\"{origin}\"]"));
            assert!(portal[0].starts_with(&format!("portal.origins.0: {expected}")), "{origin}: {portal:?}");
        }
    }
    for origin in ["https://*.example.com", "http://app.example.com", "https://app.example.com;x"] {
        assert_eq!(mistakes(&format!("{EXAMPLE}[portal]\norigins = [\"{origin}\"]")).len(), 1, "{origin}");
    }
    let header = mistakes(&with_cors("origins = [\"*\"]\nexpose_headers = [\"X Total\"]"));
    assert_eq!(header, ["edge.cors.expose_headers.0: write a header's name"]);
}
