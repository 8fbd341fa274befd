//! Sources of webhooks.

use keystile_core::config::WebhookMode;

use super::*;

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
    let wrong = |from: &str, to: &str| refused(&format!("{EXAMPLE}{}", replaced(SOURCE, from, to)));
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
        (
            "upstream = \"api\"",
            "upstream = \"apy\"",
            "webhooks.0.upstream: no [[upstreams]] is called \"apy\"; define it, or name another: \"api\"",
        ),
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
    assert!(refused(&format!("{EXAMPLE}{SOURCE}{SOURCE}")).contains("there are two sources \"events\""));
}

#[test]
fn no_route_lies_where_webhooks_come_in() {
    let routed = EXAMPLE.replace("/api/leads/*", "/hooks/*");
    assert!(parse(&routed).is_ok(), "without sources nothing comes in there");
    assert!(refused(&format!("{routed}{SOURCE}")).contains("routes.0.path: this lies below /hooks"));
    let moved = format!("{routed}{SOURCE}").replace("max_staleness_ms", "hooks_base = \"/in/hooks\"\nmax_staleness_ms");
    assert_eq!(parse(&moved).unwrap().edge.hooks_base.unwrap().as_str(), "/in/hooks");
    let below = moved.replace("/in/hooks", "/keystile/hooks");
    assert!(refused(&below).contains("edge.hooks_base: this overlaps /keystile"));
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
    assert!(refused(&source("strype")).contains("webhooks.0.provider: there is no provider \"strype\""));
    let unconfirmed = refused(&source("vapi"));
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
    let without = refused(&source("provider = \"kinde\"\n"));
    assert!(without.contains("webhooks.0.secrets: write the names"), "{without}");
}

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
