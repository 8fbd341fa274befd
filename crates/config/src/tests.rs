use keystile_core::{
    base::path::{Path, fold},
    config::{WebhookMode, from_blob},
    feed::client::WhenFeedUnreachable,
    key::{Environment, imported::ImportedPrefix},
};

use super::*;

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

fn parse(text: &str) -> Result<Configuration, Vec<Mistake>> {
    Configuration::new(toml::from_str(text).unwrap())
}

/// The place of each mistake in `text`, with a part of its message.
fn mistakes(text: &str) -> Vec<String> {
    parse(text).unwrap_err().into_iter().map(|mistake| mistake.to_string()).collect()
}

#[test]
fn a_whole_configuration_is_read() {
    let Configuration { edge: config, manage, .. } = parse(EXAMPLE).unwrap();
    assert_eq!(manage.prefix().unwrap().as_str(), "knq");
    assert_eq!(config.feed.max_staleness_ms, 1000);
    assert_eq!(config.feed.when_unreachable, WhenFeedUnreachable::Deny);
    assert_eq!(config.usage_flush_seconds, 5);
    assert_eq!(manage.presets[0].scopes.joined(), "read:leads write:leads");
    let route = config.routes.find(&Path::parse("/api/leads/7").unwrap(), &fold).unwrap().unwrap();
    assert!(route.strict);
    assert_eq!(route.environment, Some(Environment::Live));
}

#[test]
fn imported_keys_are_allowed_by_what_they_begin_with_and_by_default_none_are() {
    assert!(parse(EXAMPLE).unwrap().edge.allow_imported.is_empty());
    let listed = "prefix = \"knq\"\nallow_imported = [\"sk_\", \"sk_live_\", \"kn\", \"knqx\"]";
    let config = parse(&EXAMPLE.replace("prefix = \"knq\"", listed)).unwrap();
    let texts: Vec<_> = config.edge.allow_imported.iter().map(ImportedPrefix::as_str).collect();
    assert_eq!(texts, ["sk_", "sk_live_", "kn", "knqx"]);
    assert_eq!(config.manage.allow_imported, config.edge.allow_imported);
}

#[test]
fn each_worker_reads_its_own_part_back() {
    let config = parse(&format!("{EXAMPLE}\n[audit]\nretention_days = 90{SOURCE}")).unwrap();
    assert_eq!(config.manage.audit_retention_days, Some(90));
    let blobs = config.to_blobs();
    assert_eq!(from_blob(&blobs.edge), Ok(config.edge));
    assert_eq!(from_blob(&blobs.manage), Ok(config.manage));
    assert_eq!(from_blob(&blobs.hooks), Ok(config.hooks));
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

/// A source of webhooks, appended to [`EXAMPLE`].
const SOURCE: &str = r#"
[[webhooks]]
source = "events"
secrets = ["EVENTS_KEY", "EVENTS_KEY_OLD"]
params = { who = "us" }
past_seconds = 60
upstream = "api"
signing_secret = "OUR_SECRET"
[webhooks.scheme]
signature = "header:x-proof"
encoding = "hex"
algorithm = "hmac-sha256"
message = "{timestamp}{param:who}{body}"
params = ["who"]
timestamp = { at = "header:x-time" }
"#;

#[test]
fn the_receiver_gets_sources_of_webhooks_and_the_management_worker_a_list_of_them() {
    let config = parse(&format!("{EXAMPLE}{SOURCE}")).unwrap();
    assert_eq!(config.edge.hooks_base.as_ref().unwrap().as_str(), "/hooks");
    assert_eq!(config.hooks.hooks_base, config.edge.hooks_base);
    let [source] = config.hooks.sources.as_slice() else { panic!("one source expected") };
    assert_eq!(source.scheme.timestamp.as_ref().map(|rule| (rule.past, rule.future)), Some((60, 300)));
    assert_eq!((source.mode, source.remember_hours, source.max_body_bytes), (WebhookMode::Direct, 72, 1024 * 1024));
    assert_eq!((source.upstream, source.path.as_str(), source.provider.as_deref()), (0, "/", None));
    let [listed] = config.manage.webhooks.as_slice() else { panic!("one source expected") };
    assert_eq!((listed.source.as_str(), listed.provider.as_str(), listed.body_authenticated), ("events", "own", true));
}

#[test]
fn mistakes_in_sources_say_where_and_what_to_write() {
    let wrong = |from: &str, to: &str| {
        let source = SOURCE.replace(from, to);
        assert_ne!(source, SOURCE, "{from}");
        mistakes(&format!("{EXAMPLE}{source}")).join("\n")
    };
    for (from, to, said) in [
        ("source = \"events\"", "source = \"Events\"", "webhooks.0.source: a source is"),
        ("\"EVENTS_KEY\"", "\"whsec_abc=\"", "webhooks.0.secrets.0: write the name"),
        ("\"EVENTS_KEY_OLD\"", "\"EVENTS_KEY\"", "webhooks.0.secrets.1: this is listed twice"),
        ("[\"EVENTS_KEY\", \"EVENTS_KEY_OLD\"]", "[]", "webhooks.0.secrets: write the names"),
        ("\"OUR_SECRET\"", "\"whsec_abc=\"", "webhooks.0.signing_secret: write the name"),
        ("upstream = \"api\"", "upstream = \"apy\"", "webhooks.0.upstream: no [[upstreams]] is called \"apy\""),
        ("upstream = \"api\"", "upstream = \"api\"\npath = \"events\"", "webhooks.0.path: write the path"),
        ("upstream = \"api\"", "upstream = \"api\"\nurl = \"https://a.example/#x\"", "webhooks.0.url: write the URL"),
        (
            "upstream = \"api\"",
            "upstream = \"api\"\nmax_body_bytes = 20971521",
            "webhooks.0.max_body_bytes: write 1 to",
        ),
        ("upstream = \"api\"", "upstream = \"api\"\nprovider = \"github\"", "webhooks.0: write either provider"),
        ("past_seconds = 60", "past_seconds = 7200\nremember_hours = 2", "webhooks.0.remember_hours: write 1 to 720"),
        ("past_seconds = 60", "past_seconds = 604801", "webhooks.0.past_seconds: write 0 to"),
        ("past_seconds = 60", "retry_seconds = 20", "webhooks.0.retry_seconds: this goes with mode = \"queue\" alone"),
        ("past_seconds = 60", "mode = \"queue\"\nretry_seconds = 0", "webhooks.0.retry_seconds: write 1 to 3600"),
        ("who = \"us\"", "", "webhooks.0.params: this scheme needs a parameter: params = { who"),
        ("who = \"us\"", "who = \"us\", whom = \"x\"", "webhooks.0.params.whom: this scheme has no such"),
        ("\"header:x-proof\"", "\"heder:x-proof\"", "webhooks.0.scheme.signature: "),
    ] {
        let all = wrong(from, to);
        assert!(all.contains(said), "{said}\n{all}");
    }
    let untimed = "message = \"{param:who}{body}\"\nparams = [\"who\"]\n";
    let all = wrong(&SOURCE[SOURCE.find("message").unwrap()..], untimed);
    assert!(all.contains("webhooks.0.past_seconds: this scheme has no time that is enforced"), "{all}");
    assert!(mistakes(&format!("{EXAMPLE}{SOURCE}{SOURCE}")).join("\n").contains("there are two sources \"events\""));
}

#[test]
fn no_route_lies_where_webhooks_come_in() {
    let routed = EXAMPLE.replace("/api/leads/*", "/hooks/*");
    assert!(parse(&routed).is_ok(), "without sources nothing comes in there");
    assert!(mistakes(&format!("{routed}{SOURCE}")).join("\n").contains("routes.0.path: this overlaps /hooks"));
    let moved = format!("{routed}{SOURCE}").replace("max_staleness_ms", "hooks_base = \"/in/hooks\"\nmax_staleness_ms");
    assert_eq!(parse(&moved).unwrap().edge.hooks_base.unwrap().as_str(), "/in/hooks");
    let below = moved.replace("/in/hooks", "/keystile/hooks");
    assert!(mistakes(&below).join("\n").contains("edge.hooks_base: this overlaps /keystile"));
}

#[test]
fn a_providers_scheme_is_resolved_when_the_file_is_checked() {
    let source = |provider: &str| {
        let (head, _) = SOURCE.split_once("params").unwrap();
        format!(
            "{EXAMPLE}{head}provider = \"{provider}\"\nupstream = \"api\"\nsigning_secret = \"OUR_SECRET\"\nmode = \"queue\"\n"
        )
    };
    let config = parse(&source("stripe")).unwrap();
    let [read] = config.hooks.sources.as_slice() else { panic!("one source expected") };
    assert_eq!(read.provider.as_deref(), Some("stripe"));
    assert!(read.scheme.replay_protected());
    assert_eq!((read.mode, read.retry_seconds), (WebhookMode::Queue, 10));
    assert!(mistakes(&source("strype")).join("\n").contains("webhooks.0.provider: there is no provider \"strype\""));
    let unconfirmed = mistakes(&source("ably")).join("\n");
    assert!(unconfirmed.contains("accept_unconfirmed = true"), "{unconfirmed}");
    assert!(parse(&source("ably").replace("mode", "accept_unconfirmed = true\nmode")).is_ok());
}

const GOOD: &str = "name = \"Demo\"\n[keys]\nprefix = \"demo\"\n[[scopes]]\nname = \"read:leads\"\n";

#[test]
fn mistakes_have_their_line() {
    let mistake = |text: &str| read(text).unwrap_err().remove(0);
    assert!(read(GOOD).is_ok());
    assert!(mistake("name = \n").starts_with("1: "));
    assert!(mistake(&GOOD.replace("demo", "Demo!")).starts_with("3: keys.prefix: a prefix is"));
    let imported = GOOD.replace("prefix", "allow_imported = [\n  \"sk_\",\n  \"ksop_\",\n]\nprefix");
    assert!(mistake(&imported).starts_with("5: keys.allow_imported.1: what begins with `ksop`"));
    let unknown = mistake(&format!("{GOOD}\n[edge]\nmax_stalenes_ms = 3\n"));
    assert!(unknown.starts_with("8: unknown field `max_stalenes_ms`"), "{unknown}");
    let scope =
        mistake(&format!("{GOOD}[[scopes]]\nname = \"admin\"\nimplies = [\n  \"read:leads\",\n  \"Nope\",\n]\n"));
    assert!(scope.starts_with("10: scopes.1.implies.1: "), "{scope}");
}
