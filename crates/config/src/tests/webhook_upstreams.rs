//! Sources with several upstreams, and what a source says of types, signing secrets and verification.

use keystile_core::config::{Target, VerificationMode};

use super::*;

/// The configuration with this source of GitHub's, at line 8.
fn with(source: &str) -> String {
    let upstreams = "[[upstreams]]\nname = \"ci\"\nservice = \"CI\"\n[[upstreams]]\nname = \"chat\"\nurl = \"https://chat.example\"\n";
    let source = format!(
        "[[webhooks]]\nsource = \"github\"\nprovider = \"github\"\nsecrets = [\"GITHUB\"]\nreplays = \"refuse-same-id\"\n{source}"
    );
    format!("{GOOD}{source}{upstreams}")
}

const TWO: &str = r#"mode = "queue"
signing_secrets = ["EVENTS_NEW", "EVENTS_OLD"]
[[webhooks.upstreams]]
upstream = "ci"
path = "/push"
types = ["push", "workflow_run"]
[[webhooks.upstreams]]
upstream = "chat"
signing_secret = "CHAT_SECRET"
"#;

#[test]
fn a_source_has_several_upstreams_that_types_choose() {
    let config = read(&with(TWO)).unwrap();
    let [source] = config.hooks.sources.as_slice() else { panic!("one source expected") };
    let [ci, chat] = source.upstreams.as_slice() else { panic!("two upstreams expected") };
    assert!(source.lists_upstreams);
    assert_eq!((ci.name.as_str(), ci.path.as_str()), ("ci", "/push"));
    assert!(ci.takes(Some("push")) && !ci.takes(Some("Push")) && !ci.takes(None));
    assert_eq!(ci.signing_secrets, ["EVENTS_NEW", "EVENTS_OLD"]);
    assert!(chat.takes(Some("push")) && chat.takes(None));
    assert_eq!((chat.path.as_str(), &chat.signing_secrets[..]), ("/", &["CHAT_SECRET".to_string()][..]));
    let targets: Vec<&Target> = source.upstreams.iter().map(|it| &config.hooks.upstreams[it.upstream].target).collect();
    assert_eq!(targets, [&Target::Service("CI".into()), &Target::Url("https://chat.example".into())]);
    assert_eq!(config.summary.signing_secrets, ["EVENTS_NEW", "EVENTS_OLD", "CHAT_SECRET"]);
    assert!(config.summary.upstreams.iter().all(|upstream| upstream.of_webhooks));

    let [listed] = config.manage.webhooks.as_slice() else { panic!("one source expected") };
    assert_eq!(listed.event_type.as_deref(), Some("header:x-github-event"));
    assert!(!listed.event_type_authenticated);
    assert_eq!(listed.verification, VerificationMode::Enforce);
    assert_eq!(listed.upstreams[0].types, ["push", "workflow_run"]);
}

#[test]
fn a_message_goes_to_the_upstream_that_it_names() {
    let config = read(&with(TWO)).unwrap();
    let source = &config.hooks.sources[0];
    for was_only in [true, false] {
        assert_eq!(source.upstream_of_message(Some(("chat", "/")), was_only), Some(1), "whichever is first");
        assert_eq!(source.upstream_of_message(Some(("ci", "/before")), was_only), Some(0), "its path has changed");
        assert_eq!(source.upstream_of_message(Some(("gone", "/")), was_only), None);
    }
    assert_eq!(source.upstream_of_message(None, false), Some(0), "of a version that named none");
}

#[test]
fn the_source_says_where_a_type_is_and_what_becomes_of_what_fails() {
    let one = "upstream = \"ci\"\nsigning_secret = \"OUT\"\n";
    let text = with(&format!("{one}event_type = \"json:action\"\nverification = \"log-only\"\n"));
    let config = read(&text).unwrap();
    let [listed] = config.manage.webhooks.as_slice() else { panic!("one source expected") };
    assert_eq!((listed.event_type.as_deref(), listed.event_type_authenticated), (Some("json:action"), true));
    assert_eq!(config.hooks.sources[0].verification, VerificationMode::LogOnly);
    let [warning] = <[String; 1]>::try_from(config.warnings).unwrap();
    assert!(warning.starts_with("14: webhooks.0.verification: \"log-only\" hands on what anybody sends"), "{warning}");
}

#[test]
fn mistakes_in_upstreams_say_where_and_what_to_write() {
    for (from, to, said) in [
        (
            "upstream = \"chat\"",
            "upstream = \"chatt\"",
            "18: webhooks.0.upstreams.1.upstream: no [[upstreams]] is called \"chatt\"",
        ),
        ("path = \"/push\"", "path = \"push\"", "15: webhooks.0.upstreams.0.path: write the path"),
        ("\"workflow_run\"", "\"*\"", "16: webhooks.0.upstreams.0.types.1: write a type as the sender writes it"),
        ("\"workflow_run\"", "\"push\"", "16: webhooks.0.upstreams.0.types.1: this is listed twice"),
        ("[\"push\", \"workflow_run\"]", "[]", "16: webhooks.0.upstreams.0.types: write the types"),
        (
            "upstream = \"chat\"",
            "upstream = \"ci\"\npath = \"/push\"",
            "webhooks.0.upstreams.1: this upstream and path are listed twice",
        ),
        ("mode = \"queue\"", "mode = \"direct\"", "webhooks.0.upstreams.1: an event can go both here and to \"ci\""),
        (
            "mode = \"queue\"",
            "mode = \"queue\"\nupstream = \"ci\"",
            "12: webhooks.0.upstream: this source has a list of",
        ),
        ("mode = \"queue\"", "mode = \"queue\"\npath = \"/\"", "12: webhooks.0.path: this source has a list of"),
        (
            "signing_secret = \"CHAT_SECRET\"",
            "signing_secret = \"whsec_a=\"",
            "19: webhooks.0.upstreams.1.signing_secret: write the name",
        ),
        ("signing_secrets = [\"EVENTS_NEW\", \"EVENTS_OLD\"]", "", "webhooks.0: write signing_secret = \"…\""),
        ("\"EVENTS_OLD\"", "\"EVENTS_NEW\"", "12: webhooks.0.signing_secrets.1: this is listed twice"),
        ("\"EVENTS_OLD\"", "\"EVENTS_OLD\", \"OLDER\"", "12: webhooks.0.signing_secrets: write the new secret's name"),
        (
            "signing_secrets",
            "signing_secret = \"A\"\nsigning_secrets",
            "webhooks.0.signing_secret: write signing_secret, or",
        ),
        ("mode = \"queue\"", "mode = \"queue\"\nevent_type = \"x-event\"", "12: webhooks.0.event_type: "),
        (
            "mode = \"queue\"",
            "mode = \"queue\"\nevent_type = \"body\"",
            "12: webhooks.0.event_type: a type is a part of",
        ),
        (
            "mode = \"queue\"",
            "mode = \"queue\"\nverification = \"off\"",
            "write \"enforce\" or \"log-only\", not \"off\"",
        ),
        ("upstream = \"chat\"", "upstream = \"chat\"\ntype = [\"a\"]", "there is no setting \"type\" here"),
    ] {
        let all = refused(&with(&replaced(TWO, from, to)));
        assert!(all.contains(said), "{said}\n{all}");
    }
    let disjoint = TWO
        .replace("mode = \"queue\"", "mode = \"direct\"")
        .replace("upstream = \"chat\"", "upstream = \"chat\"\ntypes = [\"issues\"]");
    assert!(read(&with(&disjoint)).is_ok());
    let all = refused(&with(""));
    assert!(all.contains("webhooks.0: write upstream = \"…\"") && all.contains("write signing_secret ="), "{all}");
}

#[test]
fn types_need_a_place_and_single_events() {
    let of = |provider: &str| with(TWO).replace("provider = \"github\"", &format!("provider = \"{provider}\""));
    let all = refused(&of("replicate"));
    assert!(all.contains("16: webhooks.0.upstreams.0.types: where this sender writes an event's type"), "{all}");
    let all = refused(&of("adyen"));
    assert!(all.contains("16: webhooks.0.upstreams.0.types: this sender's deliveries are batches"), "{all}");
}
