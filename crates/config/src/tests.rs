use keystile_core::{
    base::path::{Path, fold},
    config::{WebhookMode, from_blob},
    feed::client::WhenFeedUnreachable,
    key::{Environment, imported::ImportedForm},
    limits::{
        definition::{LimitDefinition, LimitKind, LimitList, Per, WhenLimiterUnreachable},
        quota::Period,
    },
};

use super::*;

mod routes;
mod webhook_upstreams;

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
    assert_eq!(route.cost, 5);
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
            "presets.0.scopes.0: no [[scopes]] defines \"write:deals\"",
        ),
        ("[[upstreams]]", "[audit]\nretention_days = 29\n[[upstreams]]", "audit.retention_days: write 30 to 3650 days"),
        ("max_staleness_ms = 1000", "max_staleness_ms = 10", "edge.max_staleness_ms: write 250 to 60000"),
        ("flush_seconds = 5", "flush_seconds = 30", "usage.flush_seconds: write 1 to 20 seconds"),
        ("service = \"UPSTREAM\"", "url = \"http://api.example.com\"", "upstreams.0.url: write an https:// URL"),
        ("service = \"UPSTREAM\"", "url = \"http://localhost.example.com\"", "upstreams.0.url: write an https:// URL"),
        ("service = \"UPSTREAM\"", "", "upstreams.0: write either service"),
        ("name = \"api\"", "name = \"my api\"", "upstreams.0.name: write 1 to 64 letters, digits,"),
        ("timeout_seconds = 30", "timeout_seconds = 0", "upstreams.0.timeout_seconds: write 1 to 300 seconds"),
        ("timeout_seconds = 30", "timeout_seconds = 301", "upstreams.0.timeout_seconds: write 1 to 300 seconds"),
        ("path = \"/api/leads/*\"", "path = \"/keystile/*\"", "routes.0.path: this lies below /keystile"),
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
    let limits = "[limits]\nmax_active_keys = 2000000\ndefault_expiry_days = 400\nmax_expiry_days = 365";
    let plans = r#"
[[plans]]
name = "Free"
max_expiry_days = 0
[[plans]]
name = "pro"
[[plans]]
name = "pro"
"#;
    assert_eq!(
        mistakes(&format!("{}{plans}", EXAMPLE.replace("[limits]", limits))),
        [
            "limits.max_active_keys: write 0 to 1000000, or leave it out for no limit",
            "limits.default_expiry_days: write 365 at most, which max_expiry_days allows",
            "plans.1.max_expiry_days: write 1 to 3650 days, or leave it out",
            "plans.1.name: a plan's name is 1 to 64 of a-z, 0-9, `-` and `_`, such as \"free\"",
            "plans.3.name: there are two plans \"pro\"",
        ]
    );
}

#[test]
fn a_list_of_limits_takes_the_defined_value_or_gives_its_own() {
    let config = parse(EXAMPLE).unwrap();
    let per_second = LimitDefinition {
        name: "per-second".into(),
        kind: LimitKind::Rate(1),
        limit: 20,
        per: Per::Key,
        when_unreachable: WhenLimiterUnreachable::AllowLocally,
    };
    let monthly = LimitDefinition {
        name: "monthly".into(),
        kind: LimitKind::Quota(Period::Month),
        limit: 100_000,
        per: Per::Tenant,
        when_unreachable: WhenLimiterUnreachable::Deny,
    };
    let definitions = [per_second, monthly];
    let list =
        |limits: &[(&str, u64)]| limits.iter().map(|&(name, limit)| (name.to_string(), limit)).collect::<LimitList>();
    assert_eq!(config.limiter.definitions, definitions, "rate limits come first");
    assert_eq!(config.limiter.without_plan, list(&[("per-second", 20)]));
    assert_eq!(config.limiter.plans["team"], list(&[("per-second", 100), ("monthly", 100_000)]));
    assert_eq!(config.manage.counted_limits, config.limiter);
    assert_eq!(config.edge.limits, definitions, "the lowest value of each");
    let apart = EXAMPLE.replace("rate_limits = [{ name = \"per-second\", limit = 100 }]\n", "");
    assert_eq!(parse(&apart).unwrap().limiter.plans["team"], list(&[("monthly", 100_000)]), "[limits] isn't inherited");
}

#[test]
fn a_deployment_without_limits_gets_none() {
    let config = read(GOOD).unwrap();
    assert!(config.limiter.is_empty() && config.edge.limits.is_empty());
    let defined = &EXAMPLE[EXAMPLE.find("[[rate_limits]]").unwrap()..EXAMPLE.find("[limits]").unwrap()];
    let config = read(&format!("{GOOD}{defined}")).unwrap();
    assert_eq!(
        (config.limiter.definitions.len(), config.edge.limits.len()),
        (2, 2),
        "defined and listed nowhere: an own value may set it"
    );
}

#[test]
fn each_mistake_in_a_limit_is_placed_and_says_what_to_write() {
    let whole = |place: &str, greatest: u64, written: &str| {
        format!("{place}: write a whole number from 1 to {greatest}, not {written}")
    };
    for (setting, place, greatest, values) in [
        ("limit = 20", "rate_limits.0.limit", 1_000_000_000, ["0", "-1", "2.5", "\"20\"", "1000000001"]),
        ("limit = 100000", "quotas.0.limit", 1_000_000_000, ["0", "-1", "20.0", "true", "9223372036854775808"]),
        ("limit = 100", "plans.0.rate_limits.0.limit", 1_000_000_000, ["0", "-1", "2.5", "\"20\"", "1000000001"]),
        ("window_seconds = 1", "rate_limits.0.window_seconds", 86_400, ["0", "-1", "0.5", "\"1\"", "86401"]),
    ] {
        for written in values {
            let (name, _) = setting.split_once('=').unwrap();
            let end = if setting == "limit = 100" { " }" } else { "\n" };
            let text = EXAMPLE.replace(&format!("{setting}{end}"), &format!("{name}= {written}{end}"));
            assert_eq!(mistakes(&text), [whole(place, greatest, written)]);
        }
    }
    for (from, to, expected) in [
        ("limit = 20\n", "", "rate_limits.0.limit: write a whole number from 1 to 1000000000"),
        ("limit = 20\n", "limit = inf\n", "rate_limits.0.limit: write a whole number from 1 to 1000000000"),
        ("window_seconds = 1\n", "", "rate_limits.0.window_seconds: write a whole number from 1 to 86400"),
        ("period = \"month\"\n", "", "quotas.0.period: write \"month\" or \"day\""),
        ("\"month\"", "\"week\"", "quotas.0.period: write \"month\" or \"day\", not \"week\""),
        ("\"tenant\"", "\"plan\"", "quotas.0.per: write \"key\" or \"tenant\", not \"plan\""),
        ("limit = 20\n", "limit = 20\nper = 1\n", "rate_limits.0.per: write \"key\" or \"tenant\", not 1"),
        (
            "\"allow_locally\"",
            "\"allow\"",
            "rate_limits.0.when_unreachable: write \"deny\" or \"allow_locally\", not \"allow\"",
        ),
        (
            "[limits]",
            "[[quotas]]\nname = \"monthly\"\nlimit = 1\nperiod = \"day\"\n[limits]",
            "quotas.1.name: there are two quotas \"monthly\"",
        ),
        (
            "[limits]",
            "[[rate_limits]]\nname = \"per-second\"\nlimit = 1\nwindow_seconds = 2\n[limits]",
            "rate_limits.1.name: there are two rate limits \"per-second\"",
        ),
        (
            "[limits]",
            "[[quotas]]\nname = \"per-second\"\nlimit = 1\nperiod = \"day\"\n[limits]",
            "quotas.1.name: there is a rate limit \"per-second\"; give the quota another name",
        ),
        (
            "[\"per-second\"]",
            "[\"per-hour\"]",
            "limits.rate_limits.0: no [[rate_limits]] defines \"per-hour\"; define it, or name another: \"per-second\"",
        ),
        (
            "{ name = \"per-second\", limit",
            "{ name = \"per-hour\", limit",
            "plans.0.rate_limits.0.name: no [[rate_limits]] defines \"per-hour\"; define it, or name another: \
             \"per-second\"",
        ),
        ("[\"per-second\"]", "[\"monthly\"]", "limits.rate_limits.0: \"monthly\" is a quota; list it in quotas"),
        (
            "[\"monthly\"]",
            "[\"per-second\"]",
            "plans.0.quotas.0: \"per-second\" is a rate limit; list it in rate_limits",
        ),
        (
            "[\"monthly\"]",
            "[\"monthly\", { name = \"monthly\", limit = 5 }]",
            "plans.0.quotas.1.name: \"monthly\" is listed twice; write it once",
        ),
        ("[\"per-second\"]", "\"per-second\"", "limits.rate_limits: write a list of names, such as [\"per-second\"]"),
        (
            "[\"per-second\"]",
            "[20]",
            "limits.rate_limits.0: write a name, such as \"per-second\", or a name with a limit, such as \
             { name = \"per-second\", limit = 100 }",
        ),
        (
            "[\"monthly\"]",
            "[{ name = \"monthly\", limits = 5 }]",
            "plans.0.quotas.0: write a name, such as \"monthly\", or a name with a limit, such as \
             { name = \"monthly\", limit = 100000 }",
        ),
        ("cost = 5", "cost = -1", "routes.0.cost: write a whole number from 0 to 1000, not -1"),
        ("cost = 5", "cost = 1.5", "routes.0.cost: write a whole number from 0 to 1000, not 1.5"),
        ("cost = 5", "cost = \"5\"", "routes.0.cost: write a whole number from 0 to 1000, not \"5\""),
        ("cost = 5", "cost = 1001", "routes.0.cost: write a whole number from 0 to 1000, not 1001"),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        assert_eq!(mistakes(&EXAMPLE.replacen(from, to, 1)), [expected]);
    }
    let long = "x".repeat(33);
    for name in ["", "Per-Second", "per_second", "per second", &long] {
        let found = mistakes(&EXAMPLE.replace("\"per-second\"", &format!("\"{name}\"")));
        assert_eq!(
            found,
            ["rate_limits.0.name: a limit's name is 1 to 32 of a-z, 0-9 and `-`, such as \"per-second\""]
        );
    }
    let undefined = read(&format!("{GOOD}[limits]\nquotas = [\"daily\"]\n")).unwrap_err();
    assert_eq!(undefined, ["7: limits.quotas.0: no [[quotas]] defines \"daily\"; define it, or leave it out"]);
}

#[test]
fn a_cost_that_no_tenant_could_pay_is_refused() {
    let costing = |cost: u16, text: &str| parse(&text.replace("cost = 5", &format!("cost = {cost}"))).map(|_| ());
    let message = |cost, text: &str| costing(cost, text).unwrap_err().first().unwrap().to_string();
    assert_eq!(costing(100, EXAMPLE), Ok(()), "the plan admits it");
    assert_eq!(
        message(101, EXAMPLE),
        "routes.0.cost: a request here costs 101 and \"per-second\" admits 20 without a plan, \"per-second\" admits \
         100 on \"team\", so none could ever be admitted; lower the cost or raise the limit"
    );
    let same = EXAMPLE.replace("limit = 100 }", "limit = 20 }");
    assert_eq!(costing(20, &same), Ok(()));
    assert_eq!(
        message(21, &same),
        "routes.0.cost: a request here costs 21 and \"per-second\" admits 20 on every plan, so none could ever be \
         admitted; lower the cost or raise the limit"
    );
    let (head, rest) = EXAMPLE.split_once("[[plans]]").unwrap();
    let without_plans = format!("{head}{}", &rest[rest.find("[[upstreams]]").unwrap()..]);
    assert_eq!(
        message(21, &without_plans),
        "routes.0.cost: a request here costs 21 and \"per-second\" admits 20, so none could ever be admitted; lower \
         the cost or raise the limit"
    );
    let small_quota = EXAMPLE.replace("100000", "10");
    assert_eq!(costing(10, &small_quota), Ok(()));
    assert_eq!(costing(11, &small_quota), Ok(()), "tenants without a plan have no quota");
    assert!(
        message(21, &small_quota)
            .contains("\"per-second\" admits 20 without a plan, \"monthly\" admits 10 on \"team\"")
    );
    assert_eq!(costing(1_000, &EXAMPLE.replace("rate_limits = [\"per-second\"]\n", "")), Ok(()), "nothing limits it");
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
    assert_eq!(source.keep_bodies_hours, 0);
    let [upstream] = source.upstreams.as_slice() else { panic!("one upstream expected") };
    assert_eq!((upstream.upstream, upstream.path.as_str(), source.provider.as_deref()), (0, "/", None));
    assert!(!source.lists_upstreams && upstream.types.is_empty());
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
        ("past_seconds = 60", "jwks_url = \"http://a.com/keys\"", "webhooks.0.jwks_url: write the https:// URL"),
        (
            "past_seconds = 60",
            "jwks_url = \"https://a.com/keys\"",
            "webhooks.0.jwks_url: this scheme has shared secrets",
        ),
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
        ("past_seconds = 60", "keep_bodies_hours = 73", "webhooks.0.keep_bodies_hours: write 0 to 72 hours"),
        ("past_seconds = 60", "remember_hours = 3\nkeep_bodies_hours = 4", "and no more than remember_hours"),
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
    assert!(mistakes(&format!("{routed}{SOURCE}")).join("\n").contains("routes.0.path: this lies below /hooks"));
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
    let unconfirmed = mistakes(&source("vapi")).join("\n");
    assert!(unconfirmed.contains("accept_unconfirmed = true"), "{unconfirmed}");
    assert!(parse(&source("vapi").replace("mode", "accept_unconfirmed = true\nmode")).is_ok());
}

#[test]
fn a_sender_that_publishes_its_keys_needs_no_secrets() {
    let source = |lines: &str| {
        format!(
            "{EXAMPLE}\n[[webhooks]]\nsource = \"in\"\nupstream = \"api\"\nsigning_secret = \"OUR_SECRET\"\n{lines}"
        )
    };
    let jwks_url = |lines: &str| {
        let config = parse(&source(lines)).unwrap();
        config.hooks.sources.first().unwrap().jwks_url.clone()
    };
    let own = "provider = \"kinde\"\njwks_url = \"https://shop.kinde.com/.well-known/jwks\"\n";
    assert_eq!(jwks_url(own).as_deref(), Some("https://shop.kinde.com/.well-known/jwks"));
    assert_eq!(jwks_url("provider = \"kinde\"\nsecrets = [\"KEY\"]\n"), None);
    let google = "provider = \"google-pubsub\"\nparams = { audience = \"a\", email = \"b\" }\n";
    assert_eq!(jwks_url(google).as_deref(), Some("https://www.googleapis.com/oauth2/v3/certs"));
    assert_eq!(jwks_url(&format!("{google}secrets = [\"KEY\"]\n")), None, "secrets pin the keys");
    let without = mistakes(&source("provider = \"kinde\"\n")).join("\n");
    assert!(without.contains("webhooks.0.secrets: write the names"), "{without}");
}

const GOOD: &str = "name = \"Demo\"\n[keys]\nprefix = \"demo\"\n[[scopes]]\nname = \"read:leads\"\n";

#[test]
fn what_a_source_leaves_open_is_a_warning_with_its_line() {
    let warnings = |source: &str| {
        let upstream = "[[upstreams]]\nname = \"api\"\nservice = \"API\"\n";
        let source = format!("[[webhooks]]\nsource = \"in\"\nupstream = \"api\"\nsigning_secret = \"OUT\"\n{source}");
        read(&format!("{GOOD}{upstream}{source}secrets = [\"IN\"]\n")).unwrap().warnings
    };
    let [warning] = <[String; 1]>::try_from(warnings("provider = \"github\"\n")).unwrap();
    assert!(warning.starts_with("9: webhooks.0: this sender signs neither an id nor a time"), "{warning}");
    assert!(warnings("provider = \"github\"\nreplays = \"refuse-same-id\"\n").is_empty());
    assert!(warnings("provider = \"github\"\nreplays = \"refuse-same-bytes\"\n").is_empty());
    assert!(warnings("provider = \"stripe\"\n").is_empty(), "its time and its id are signed");
}

#[test]
fn mistakes_have_their_line() {
    let mistake = |text: &str| read(text).unwrap_err().remove(0);
    assert!(read(GOOD).is_ok());
    assert!(mistake("name = \n").starts_with("1: "));
    assert!(mistake(&GOOD.replace("demo", "Demo!")).starts_with("3: keys.prefix: a prefix is"));
    let imported = GOOD.replace("prefix", "allow_imported = [\n  \"sk_\",\n  \"ksop_\",\n]\nprefix");
    assert!(mistake(&imported).starts_with("5: keys.allow_imported.1: what begins with `ksop`"));
    let unknown = mistake(&format!("{GOOD}\n[edge]\nmax_stalenes_ms = 3\n"));
    assert!(
        unknown.starts_with("8: edge.max_stalenes_ms: there is no setting \"max_stalenes_ms\" here; write one of "),
        "{unknown}"
    );
    let scope =
        mistake(&format!("{GOOD}[[scopes]]\nname = \"admin\"\nimplies = [\n  \"read:leads\",\n  \"Nope\",\n]\n"));
    assert!(scope.starts_with("10: scopes.1.implies.1: "), "{scope}");
    let limit = "[[rate_limits]]\nname = \"burst\"\nlimit = 5\nwindow_seconds = 1\n";
    let list = "[limits]\nrate_limits = [\n  { name = \"burst\",\n    limit = 0.5 },\n  \"brust\",\n]\n";
    let found = read(&format!("{GOOD}{limit}{list}")).unwrap_err();
    assert!(found[0].starts_with("13: limits.rate_limits.0.limit: write a whole number"), "{found:?}");
    assert!(found[1].starts_with("14: limits.rate_limits.1: no [[rate_limits]] defines"), "{found:?}");
    let missing = mistake(&format!("{GOOD}{}", limit.replace("limit = 5\n", "")));
    assert!(missing.starts_with("6: rate_limits.0.limit: write a whole number"), "{missing}");
}

#[test]
fn a_number_that_no_setting_takes_has_its_line() {
    let mistake = |number: &str| {
        let text = format!("{GOOD}[[rate_limits]]\nname = \"burst\"\nwindow_seconds = 1\nlimit = {number}\n");
        let [mistake] = <[String; 1]>::try_from(read(&text).unwrap_err()).unwrap();
        mistake
    };
    let number = "9".repeat(20);
    let expected = format!("9: rate_limits.0.limit: write a whole number from 1 to 1000000000, not {number}");
    assert_eq!(mistake(&number), expected);
    let mistake = mistake(&"9".repeat(50));
    assert!(mistake.starts_with("9: "), "{mistake}");
    assert!(mistake.ends_with("no setting takes so large a number; write a smaller one"), "{mistake}");
}

#[test]
fn there_are_sixteen_rate_limits_at_most() {
    let limits = |count: usize| {
        let limit = |number| format!("[[rate_limits]]\nname = \"limit-{number}\"\nlimit = 5\nwindow_seconds = 1\n");
        format!("{GOOD}\n{}", (0..count).map(limit).collect::<String>())
    };
    assert!(read(&limits(16)).is_ok());
    let refused = read(&limits(17)).unwrap_err();
    assert!(refused[0].contains("rate_limits: write 16 at most"), "{refused:?}");
}

/// Reads [`EXAMPLE`] with one line replaced; returns what is said, without its line number.
fn said_of(from: &str, to: &str) -> Vec<String> {
    assert!(EXAMPLE.contains(from), "{from}");
    let mistakes = read(&EXAMPLE.replacen(from, to, 1)).unwrap_err();
    mistakes.iter().map(|mistake| mistake.split_once(": ").unwrap().1.to_string()).collect()
}

#[test]
fn a_mistake_is_told_alone_without_those_that_follow_from_it() {
    for (from, to, only) in [
        ("service = \"UPSTREAM\"", "service = \"not a binding\"", "upstreams.0.service: write the name of a service"),
        ("service = \"UPSTREAM\"", "url = \"ftp://x\"", "upstreams.0.url: write an https:// URL"),
        ("service = \"UPSTREAM\"", "", "upstreams.0: write either service"),
        (
            "name = \"write:leads\"",
            "name = \"read:leads\"\n[[scopes]]\nname = \"write:leads\"",
            "scopes.1.name: the scope \"read:leads\" is defined twice",
        ),
        ("implies = [\"*\"]", "implies = [\"nothing\"]", "scopes.2.implies.0: \"admin\" implies \"nothing\""),
        ("implies = [\"*\"]", "implies = [\"Not a scope\"]", "scopes.2.implies.0: \"admin\" implies"),
        ("[[scopes]]\nname = \"write:leads\"", "[[scopes]]\nname = \"Write\"", "scopes.1.name: a scope is 1 to 64"),
        ("headers = [\"bearer\"]", "headers = [\"bearer\"]\nenvironments = []", "keys.environments: write"),
        ("max_staleness_ms = 1000", "base = \"/api/\"", "edge.base: write a path such as"),
    ] {
        // The names are mistaken where they are defined, and used as they are there.
        let text = EXAMPLE.replacen(from, to, 1);
        let text = if to.contains("Write") { text.replace("\"write:leads\"", "\"Write\"") } else { text };
        let found = mistakes(&text);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert!(found[0].starts_with(only), "{only} in {found:?}");
    }
}

#[test]
fn mistakes_of_form_are_told_in_the_words_of_the_file() {
    for (from, to, said) in [
        ("[[upstreams]]", "[upstreams]", "upstreams: write [[upstreams]], in double brackets"),
        ("[usage]", "[[usage]]", "usage: write [usage], in single brackets"),
        ("[edge]", "[[edge]]", "edge: write [edge], in single brackets"),
        ("[edge]", "[edge]\ncors = true", "edge.cors: write [edge.cors], in single brackets"),
        ("prefix = \"knq\"", "prefix = 5", "keys.prefix: write a text in quotation marks, not 5"),
        ("prefix = \"knq\"", "", "keys: write prefix = … here"),
        ("prefix = \"knq\"", "prefix = \"knq\"\nprefix = \"knq\"", "\"prefix\" is written twice; keep one of them"),
        (
            "[usage]",
            "[audit]\nretention_days = 70000\n[usage]",
            "audit.retention_days: write a smaller number, not 70000",
        ),
        ("[keys]", "[keys_]", "keys_: there is no setting \"keys_\" here; write one of"),
        ("[[scopes]]\nname = \"read:leads\"", "[[scopes]]\ndescription = \"\"", "scopes.0: write name = … here"),
        ("[usage]", "[keys]", "\"keys\" is written twice; keep one of them"),
        (
            "headers = [\"bearer\"]",
            "headers = \"bearer\"",
            "keys.headers: write a list in square brackets, not \"bearer\"",
        ),
        ("flush_seconds = 5", "flush_seconds = -5", "usage.flush_seconds: write a number that is not negative, not -5"),
        ("flush_seconds = 5", "flush_seconds = 0.5", "usage.flush_seconds: write a whole number, not 0.5"),
        ("flush_seconds = 5", "flush_seconds = \"5\"", "usage.flush_seconds: write a whole number, not \"5\""),
        (
            "strict = true",
            "strict = \"yes\"",
            "routes.0.strict: write true or false, without quotation marks, not \"yes\"",
        ),
        ("strict = true", "strct = true", "routes.0.strct: there is no setting \"strct\" here; write one of `path`"),
        (
            "environment = \"live\"",
            "environment = \"prod\"",
            "routes.0.environment: write \"live\" or \"test\", not \"prod\"",
        ),
    ] {
        let found = said_of(from, to);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert!(found[0].starts_with(said), "{said} in {found:?}");
    }
    let scopes = EXAMPLE.split("[[scopes]]").collect::<Vec<_>>().join("");
    let one = format!("{}[scopes]\n{}", &scopes[..scopes.find("\nname = \"read").unwrap()], "name = \"read:leads\"\n");
    assert_eq!(read(&one).unwrap_err().len(), 1);
    assert!(
        read(&one).unwrap_err()[0].contains("scopes: write [[scopes]], in double brackets, above the settings of each")
    );
    assert_eq!(read("name = \"Demo\"\n").unwrap_err(), ["1: write the table [keys]"]);
    let texts = format!("scopes = [\"read:leads\"]\n{}", GOOD.replace("[[scopes]]\nname = \"read:leads\"\n", ""));
    assert!(read(&texts).unwrap_err()[0].starts_with("1: scopes: write [[scopes]]"));
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
