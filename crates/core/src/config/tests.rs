use super::{
    raw::{ConfigError, RawConfig},
    *,
};
use crate::feed::client::WhenFeedUnreachable;
use alloc::vec;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EXAMPLE: &str = r#"
name = "Konvoq"

[keys]
prefix = "knq"
headers = ["bearer"]

[[scopes]]
name = "read:leads"
[[scopes]]
name = "write:leads"
[[scopes]]
name = "admin"
implies = ["*"]

[[presets]]
name = "zapier"
scopes = ["read:leads", "write:leads"]

[edge]
max_staleness_ms = 1000
when_feed_unreachable = "deny"

[usage]
flush_seconds = 5

[[upstreams]]
name = "api"
service = "UPSTREAM"

[[routes]]
path = "/api/leads/*"
upstream = "api"
environment = "live"
read = ["read:leads"]
write = ["write:leads"]
strict = true
"#;

fn parse(text: &str) -> Result<Config, Vec<ConfigError>> {
    Config::new(toml::from_str(text).unwrap())
}

/// Where each mistake of `text` is and a part of what is said of it.
fn mistakes(text: &str) -> Vec<String> {
    parse(text).unwrap_err().into_iter().map(|error| format!("{}: {}", error.at.join("."), error.message)).collect()
}

#[test]
fn a_whole_configuration_is_read() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.prefix().unwrap().as_str(), "knq");
    assert_eq!(config.feed.max_staleness_ms, 1000);
    assert_eq!(config.feed.when_unreachable, WhenFeedUnreachable::Deny);
    assert_eq!(config.usage_flush_seconds, 5);
    assert_eq!(config.presets[0].scopes.joined(), "read:leads write:leads");
    let route = config.routes.find(&Path::parse("/api/leads/7").unwrap()).unwrap().unwrap();
    assert!(route.strict);
    assert_eq!(route.environment, Some(Environment::Live));
}

#[test]
fn imported_keys_are_allowed_by_what_they_begin_with_and_by_default_none_are() {
    assert!(parse(EXAMPLE).unwrap().allow_imported.is_empty());
    let listed = "prefix = \"knq\"\nallow_imported = [\"sk_\", \"sk_live_\", \"kn\", \"knqx\"]";
    let config = parse(&EXAMPLE.replace("prefix = \"knq\"", listed)).unwrap();
    let texts: Vec<_> = config.allow_imported.iter().map(crate::imported::ImportedPrefix::as_str).collect();
    assert_eq!(texts, ["sk_", "sk_live_", "kn", "knqx"]);
    assert_eq!(Config::for_management(&config.to_blob()), Ok(config));
}

#[test]
fn what_ships_to_the_workers_reads_back_the_same() {
    let config = parse(&format!("{EXAMPLE}\n[audit]\nretention_days = 90")).unwrap();
    assert_eq!(config.management.audit_retention_days, Some(90));
    let blob = config.to_blob();
    assert_eq!(Config::for_management(&blob), Ok(config.clone()));
    // The edge reads all but what is the management worker's alone.
    assert_eq!(Config::for_edge(&blob), Ok(Config { management: Management::default(), ..config }));
}

#[test]
fn what_was_built_for_another_version_is_refused() {
    let other = STANDARD.encode(postcard::to_allocvec(&(BLOB_VERSION + 1, 0_u32)).unwrap());
    assert!(Config::for_management(&other).unwrap_err().contains(&format!("version {}", BLOB_VERSION + 1)));
    for broken in ["", "{}", "AQ=="] {
        assert!(Config::for_edge(broken).is_err(), "{broken}");
        assert!(Config::for_management(broken).is_err(), "{broken}");
    }
}

#[test]
fn each_mistake_is_placed_and_says_what_to_write() {
    for (from, to, expected) in [
        ("prefix = \"knq\"", "prefix = \"KNQ\"", "keys.prefix: a prefix is lower-case words"),
        ("name = \"Konvoq\"", "name = \"a\\\"b\"", "name: a name is 1 to 64"),
        ("headers = [\"bearer\"]", "headers = []", "keys.headers: write [\"bearer\"]"),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nallow_imported = [\"sk_live_\", \"s\"]",
            "keys.allow_imported.1: write 2 to 32 printable ASCII characters",
        ),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nallow_imported = [\"ksop_\"]",
            "keys.allow_imported.0: what begins with `ksop` or `ksroot` belongs to operator keys",
        ),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nallow_imported = [\"knq_live_\"]",
            "keys.allow_imported.0: keys that are issued here begin so",
        ),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nformer_prefixes = [\"old\"]\nallow_imported = [\"old_\"]",
            "keys.allow_imported.0: keys that are issued here begin so",
        ),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nallow_imported = [\"sk_\", \"sk_\"]",
            "keys.allow_imported.1: this is listed twice",
        ),
        ("implies = [\"*\"]", "implies = [\"nothing\"]", "scopes.2: \"admin\" implies \"nothing\""),
        ("name = \"write:leads\"", "name = \"Write\"", "scopes.1.name: a scope is 1 to 64"),
        (
            "scopes = [\"read:leads\", \"write:leads\"]",
            "scopes = [\"write:deals\"]",
            "presets.0.scopes.0: no [[scopes]] defines \"write:deals\"",
        ),
        ("[[upstreams]]", "[audit]\nretention_days = 29\n[[upstreams]]", "audit.retention_days: write 30 to 3650 days"),
        ("max_staleness_ms = 1000", "max_staleness_ms = 10", "edge.max_staleness_ms: write 250 to 60000"),
        ("flush_seconds = 5", "flush_seconds = 30", "usage.flush_seconds: write 1 to 20 seconds"),
        ("service = \"UPSTREAM\"", "url = \"http://api.example.com\"", "upstreams.0.url: write an https:// URL"),
        ("service = \"UPSTREAM\"", "url = \"http://localhost.example.com\"", "upstreams.0.url: write an https:// URL"),
        ("service = \"UPSTREAM\"", "", "upstreams.0: write either service"),
        ("path = \"/api/leads/*\"", "path = \"/*\"", "routes.0.path: this overlaps /keystile"),
        ("path = \"/api/leads/*\"", "path = \"api\"", "routes.0.path: a path begins with /"),
        ("upstream = \"api\"", "upstream = \"app\"", "routes.0.upstream: no [[upstreams]] is called \"app\""),
        ("write = [\"write:leads\"]", "write = [\"write:leeds\"]", "routes.0.write.0: no [[scopes]] defines"),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        let found = mistakes(&EXAMPLE.replacen(from, to, 1));
        assert!(found.iter().any(|mistake| mistake.starts_with(expected)), "{expected} in {found:?}");
    }
}

#[test]
fn a_route_that_needs_nothing_said_is_refused() {
    let silent = EXAMPLE.replace("read = [\"read:leads\"]\nwrite = [\"write:leads\"]\n", "");
    assert_eq!(mistakes(&silent).len(), 1);
}

#[test]
fn several_mistakes_come_together() {
    let text = EXAMPLE.replace("knq", "KNQ").replace("upstream = \"api\"", "upstream = \"x\"");
    let found = mistakes(&text);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn unknown_fields_are_refused() {
    let text = EXAMPLE.replace("strict = true", "stirct = true");
    let error = toml::from_str::<RawConfig>(&text).unwrap_err();
    assert!(error.to_string().contains("unknown field `stirct`"), "{error}");
    assert_eq!(vec![error.span().is_some()], [true]);
}

#[test]
fn limits_and_plans_fit_together() {
    let plans = r#"
[limits]
max_active_keys = 2000000
default_expiry_days = 400
max_expiry_days = 365
[[plans]]
name = "Free"
max_expiry_days = 0
[[plans]]
name = "pro"
[[plans]]
name = "pro"
"#;
    assert_eq!(
        mistakes(&format!("{EXAMPLE}{plans}")),
        [
            "limits.max_active_keys: write 0 to 1000000, or leave it out for no limit",
            "limits.default_expiry_days: write 365 at most, which max_expiry_days allows",
            "plans.0.max_expiry_days: write 1 to 3650 days, or leave it out",
            "plans.0.name: a plan's name is 1 to 64 of a-z, 0-9, `-` and `_`, such as \"free\"",
            "plans.2.name: there are two plans \"pro\"",
        ]
    );
}
