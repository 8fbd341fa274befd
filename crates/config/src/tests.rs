use keystile_core::{
    base::path::{Path, fold},
    config::from_blob,
    feed::client::WhenFeedUnreachable,
    key::{Environment, imported::ImportedForm},
    ledger::reminders::ReminderSettings,
};

use super::*;

mod deployment;
mod events;
mod exposure;
mod form;
mod limits;
mod routes;
mod webhook_upstreams;
mod webhooks;

const GOOD: &str = "name = \"Demo\"\n[keys]\nprefix = \"demo\"\n[[scopes]]\nname = \"read:leads\"\n";

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

[relays]
per_location = 2

[usage]
flush_seconds = 5

[[rate_limits]]
name = "per-second"
limit = 20
window_seconds = 1
when_unreachable = "allow_locally"

[[quotas]]
name = "monthly"
limit = 100000
period = "month"
per = "tenant"

[limits]
rate_limits = ["per-second"]

[[plans]]
name = "team"
rate_limits = [{ name = "per-second", limit = 100 }]
quotas = ["monthly"]

[[upstreams]]
name = "api"
service = "UPSTREAM"
timeout_seconds = 30

[[routes]]
path = "/api/leads/*"
upstream = "api"
environment = "live"
read = ["read:leads"]
write = ["write:leads"]
strict = true
cost = 5
"#;

fn parse(text: &str) -> Result<Configuration, Vec<Mistake>> {
    let mut check = check::Check::default();
    let configuration = Configuration::new(toml::from_str(text).unwrap(), &mut check);
    check.finish(configuration)
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

/// The mistakes that are told of a file that is refused.
fn refused(text: &str) -> String {
    read(text).unwrap_err().join("\n")
}

/// The text with its first such part replaced.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
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
    assert_eq!(config.relays_per_location, 2);
    assert_eq!(config.usage_flush_seconds, 5);
    assert_eq!(manage.presets[0].scopes.joined(), "read:leads write:leads");
    let route = config.routes.find(&Path::parse("/api/leads/7").unwrap(), &fold).unwrap().unwrap();
    assert!(route.strict);
    assert_eq!(route.environment, Some(Environment::Live));
    assert_eq!(route.cost, 5);
}

#[test]
fn without_the_table_there_are_no_relays_and_an_empty_one_means_one_for_each_location() {
    let relays =
        |text: &str| parse(&format!("{GOOD}{text}")).map(|read| (read.edge.relays_per_location, read.summary.relays));
    assert_eq!(relays(""), Ok((0, false)));
    assert_eq!(relays("[relays]\n"), Ok((1, true)));
}

#[test]
fn imported_keys_are_allowed_by_what_they_begin_with_and_by_default_none_are() {
    assert!(parse(EXAMPLE).unwrap().edge.allow_imported.is_empty());
    let listed = "prefix = \"knq\"\nallow_imported = [\"sk_\", \"sk_live_\", \"kn\", \"knqx\", { form = \"uuid\" }, { form = \"hex32\" }]";
    let config = parse(&EXAMPLE.replace("prefix = \"knq\"", listed)).unwrap();
    let texts: Vec<_> = config.edge.allow_imported.iter().filter_map(ImportedForm::beginning).collect();
    assert_eq!(texts, ["sk_", "sk_live_", "kn", "knqx"]);
    assert_eq!(config.edge.allow_imported[4..], ["uuid", "hex32"].map(|name| ImportedForm::named(name).unwrap()));
    assert_eq!(config.manage.allow_imported, config.edge.allow_imported);
}

#[test]
fn keys_may_come_in_any_header_and_browsers_may_send_it() {
    let listed = r#"headers = ["Api-Key", "scheme:token", "basic:username", "x-api-key"]"#;
    let text = EXAMPLE.replace(r#"headers = ["bearer"]"#, listed);
    let config = parse(&format!("{text}\n[edge.cors]\norigins = [\"*\"]\n")).unwrap();
    assert_eq!(config.manage.headers, ["api-key", "scheme:token", "basic:username", "x-api-key"]);
    let places = &config.edge.places;
    assert_eq!(
        (&places.named[..], &places.schemes[..]),
        (&["api-key".into(), "x-api-key".into()][..], &["token".into()][..])
    );
    assert_eq!((places.basic_username, places.basic_password), (true, false));
    assert_eq!(config.edge.own_authorization, "(?:^|, )(?:Bearer|token|Basic)(?:[^0-9A-Za-z-]|$)");
    assert_eq!(config.edge.cors.unwrap().headers, ["Authorization", "Api-Key", "X-Api-Key", "Content-Type"]);
}

/// A place and a form of each kind.
const OTHER_KEYS: [(&str, &str); 2] = [
    (
        "headers = [\"bearer\"]",
        "headers = [\"bearer\", \"scheme:Token\", \"basic:username\", \"basic:password\", \"api-key\"]",
    ),
    (
        "prefix = \"knq\"",
        "prefix = \"knq\"\nallow_imported = [\"sk_\", { form = \"uuid\" }, { form = \"hex32\" }, { form = \"hex40\" }, { form = \"hex64\" }]",
    ),
];

#[test]
fn each_worker_reads_its_own_part_back() {
    let text = OTHER_KEYS.iter().fold(EXAMPLE.to_string(), |text, (from, to)| text.replace(from, to));
    let config = parse(&format!("{text}\n[audit]\nretention_days = 90{SOURCE}")).unwrap();
    assert_eq!(config.manage.audit_retention_days, Some(90));
    let blobs = config.to_blobs();
    assert_eq!(from_blob(&blobs.edge), Ok(config.edge));
    assert_eq!(from_blob(&blobs.manage), Ok(config.manage));
    assert_eq!(from_blob(&blobs.hooks), Ok(config.hooks));
    assert_eq!(from_blob(&blobs.limiter), Ok(config.limiter));
}

#[test]
fn each_mistake_is_placed_and_says_what_to_write() {
    for (from, to, expected) in [
        ("prefix = \"knq\"", "prefix = \"KNQ\"", "keys.prefix: a prefix is lower-case words"),
        ("name = \"Konvoq\"", "name = \"a\\\"b\"", "name: a name is 1 to 64"),
        ("headers = [\"bearer\"]", "headers = []", "keys.headers: write one to eight places"),
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
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nallow_imported = [{ form = \"guid\" }]",
            "keys.allow_imported.0: write \"uuid\", \"hex32\"",
        ),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nallow_imported = [{ from = \"uuid\" }]",
            "keys.allow_imported.0: write what the keys begin with",
        ),
        ("headers = [\"bearer\"]", "headers = [\"bearer\", \"Authorization\"]", "keys.headers.1: write the scheme"),
        ("headers = [\"bearer\"]", "headers = [\"bearer\", \"scheme:bearer\"]", "keys.headers.1: this is listed twice"),
        ("headers = [\"bearer\"]", "headers = [\"cookie\"]", "keys.headers.0: the header Cookie means something else"),
        ("implies = [\"*\"]", "implies = [\"nothing\"]", "scopes.2.implies.0: \"admin\" implies \"nothing\""),
        ("name = \"write:leads\"", "name = \"Write\"", "scopes.1.name: a scope is 1 to 64"),
        (
            "scopes = [\"read:leads\", \"write:leads\"]",
            "scopes = [\"write:deals\"]",
            "presets.0.scopes.0: no [[scopes]] defines \"write:deals\"; define it, or name another: \"read:leads\"",
        ),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nexpiry_notice_days = [7, 7]",
            "keys.expiry_notice_days: write up to 5 different numbers of days",
        ),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nexpiry_notice_days = [0]",
            "keys.expiry_notice_days: write up to 5 different numbers of days",
        ),
        ("prefix = \"knq\"", "prefix = \"knq\"\nrotate_after_days = 0", "keys.rotate_after_days: write 1 to 3650 days"),
        ("prefix = \"knq\"", "prefix = \"knq\"\nunused_after_days = 6", "keys.unused_after_days: write 7 to 3650 days"),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\ndisable_unused_after_days = 90",
            "keys.disable_unused_after_days: write unused_after_days too",
        ),
        (
            "prefix = \"knq\"",
            "prefix = \"knq\"\nunused_after_days = 60\ndisable_unused_after_days = 66",
            "keys.disable_unused_after_days: write 67 or more",
        ),
        ("[[upstreams]]", "[audit]\nretention_days = 29\n[[upstreams]]", "audit.retention_days: write 30 to 3650 days"),
        ("max_staleness_ms = 1000", "max_staleness_ms = 10", "edge.max_staleness_ms: write 250 to 60000"),
        (
            "max_staleness_ms = 1000",
            "max_staleness_ms = 999",
            "relays: what relays say is too old for max_staleness_ms",
        ),
        ("per_location = 2", "per_location = 0", "relays.per_location: write 1 to 100"),
        ("per_location = 2", "per_location = 101", "relays.per_location: write 1 to 100"),
        ("flush_seconds = 5", "flush_seconds = 30", "usage.flush_seconds: write 1 to 20 seconds"),
        ("service = \"UPSTREAM\"", "url = \"http://api.example.com\"", "upstreams.0.url: write an https:// URL"),
        ("service = \"UPSTREAM\"", "url = \"http://localhost.example.com\"", "upstreams.0.url: write an https:// URL"),
        ("service = \"UPSTREAM\"", "", "upstreams.0: write either service"),
        ("name = \"api\"", "name = \"my api\"", "upstreams.0.name: write 1 to 64 letters, digits,"),
        ("timeout_seconds = 30", "timeout_seconds = 0", "upstreams.0.timeout_seconds: write 1 to 300 seconds"),
        ("timeout_seconds = 30", "timeout_seconds = 301", "upstreams.0.timeout_seconds: write 1 to 300 seconds"),
        ("path = \"/api/leads/*\"", "path = \"/keystile/*\"", "routes.0.path: this lies below /keystile"),
        ("path = \"/api/leads/*\"", "path = \"api\"", "routes.0.path: a path begins with /"),
        (
            "upstream = \"api\"",
            "upstream = \"app\"",
            "routes.0.upstream: no [[upstreams]] is called \"app\"; define it, or name another: \"api\"",
        ),
        ("write = [\"write:leads\"]", "write = [\"write:leeds\"]", "routes.0.write.0: no [[scopes]] defines"),
    ] {
        let found = mistakes(&replaced(EXAMPLE, from, to));
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
fn the_summary_has_a_key_and_a_request_that_it_is_good_for() {
    let summary = read(&format!("{EXAMPLE}{SOURCE}")).unwrap().summary;
    assert_eq!(summary.guards, ["/api/leads/*"]);
    assert_eq!(summary.webhooks, ["/hooks/events"]);
    assert!(summary.queued.is_empty());
    let in_queue = SOURCE.replace("past_seconds = 60", "past_seconds = 60\nmode = \"queue\"");
    let queued = read(&format!("{EXAMPLE}{in_queue}")).unwrap().summary;
    assert_eq!(queued.queued, ["events"]);
    assert_eq!((summary.prefixes, summary.scopes), (vec!["knq".to_owned()], true));
    assert_eq!(summary.sender_secrets, ["EVENTS_KEY", "EVENTS_KEY_OLD"]);
    assert_eq!(summary.signing_secrets, ["OUR_SECRET"]);
    let [place] = summary.upstreams.as_slice() else { panic!("one upstream expected") };
    assert_eq!((place.service.as_deref(), place.of_routes, place.of_webhooks), (Some("UPSTREAM"), true, true));
    let example = summary.example;
    assert_eq!((example.path.as_deref(), example.method), (Some("/api/leads"), "GET"));
    assert_eq!((example.header.as_str(), example.environment), ("Authorization: Bearer ", Some(Environment::Live)));
    assert_eq!(example.scopes, ["read:leads"]);

    let of = |from: &str, to: &str| read(&EXAMPLE.replacen(from, to, 1)).unwrap().summary.example;
    let unavailable = "name = \"read:leads\"\nunavailable = \"later\"";
    let text = EXAMPLE.replacen("name = \"read:leads\"", unavailable, 1);
    let writes = read(&text.replacen("\"read:leads\", \"write:leads\"", "\"write:leads\"", 1)).unwrap().summary.example;
    assert_eq!((writes.method, writes.scopes), ("POST", vec!["write:leads".to_string()]));
    let open = of("read = [\"read:leads\"]", "read = []");
    assert_eq!(open.scopes, ["read:leads"], "a key has a scope");
    assert_eq!(of("/api/leads/*", "/v1/{tenant}/leads/*").path.as_deref(), Some("/v1/1/leads"));
    assert_eq!(of("headers = [\"bearer\"]", "headers = [\"x-api-key\"]").header, "X-Api-Key: ");
    assert_eq!(read(GOOD).unwrap().summary.example.path, None, "verify is the example");
}

#[test]
fn keys_that_expire_are_told_of_a_week_and_a_day_before_unless_the_file_says_otherwise() {
    let reminders = |more: &str| {
        let text = EXAMPLE.replacen("prefix = \"knq\"", &format!("prefix = \"knq\"\n{more}"), 1);
        read(&text).unwrap().manage.reminders
    };
    let of_itself = ReminderSettings { expiry_notice_days: vec![7, 1], ..ReminderSettings::default() };
    assert_eq!(reminders(""), of_itself);
    let all =
        "expiry_notice_days = [3, 14]\nrotate_after_days = 90\nunused_after_days = 60\ndisable_unused_after_days = 67";
    let expected = ReminderSettings {
        expiry_notice_days: vec![14, 3],
        rotate_after_days: Some(90),
        unused_after_days: Some(60),
        disable_unused_after_days: Some(67),
    };
    assert_eq!(reminders(all), expected);
    assert_eq!(reminders("expiry_notice_days = []"), ReminderSettings::default());
}
