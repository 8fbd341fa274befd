use super::*;
use crate::{access::scope::Preset, base::fields::invalid, config::manage::tests::config};
use alloc::vec;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

fn new_key(body: Value) -> Result<NewKey, Vec<FieldError>> {
    parse_new_key(body, &TenantId::parse("acme").unwrap(), &config(), NOW)
}

fn mistake(body: Value) -> String {
    let errors = new_key(body).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    format!("{}: {}", errors[0].field, errors[0].detail)
}

#[test]
fn the_least_that_makes_a_key() {
    let key = new_key(json!({"name": " Zapier ", "scopes": ["read:leads"]})).unwrap();
    assert_eq!(key.name, "Zapier");
    assert!(matches!(key.subject, Subject::ApiKey { environment: Environment::Live, .. }));
    assert_eq!(key.expires_at, RequestedExpiry::Default);
}

#[test]
fn networks_are_kept_in_the_form_in_which_callers_are_compared() {
    let networks = |texts: &[&str]| {
        let key = new_key(json!({"name": "x", "scopes": ["read:leads"], "allowed_ips": texts})).unwrap();
        key.allowed_ips.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(networks(&["::ffff:192.0.2.7", "::ffff:192.0.2.0/120"]), ["192.0.2.7/32", "192.0.2.0/24"]);
    assert_eq!(networks(&["192.0.2.7", "2001:db8::/32", "::/0"]), ["192.0.2.7/32", "2001:db8::/32", "::/0"]);
}

#[test]
fn each_field_says_what_is_wrong_and_what_is_allowed() {
    let with = |field: &str, value: Value| {
        let mut body = json!({"name": "x", "scopes": ["read:leads"]});
        body[field] = value;
        mistake(body)
    };
    assert_eq!(with("name", json!("")), "name: it is empty; 1 to 100 characters expected");
    assert_eq!(with("name", json!("x".repeat(101))), "name: it has 101 characters; 100 at most");
    assert_eq!(with("name", json!("a\u{7}b")), "name: control characters are not allowed");
    assert_eq!(with("name", json!(7)), "name: a string expected");
    assert_eq!(with("environment", json!("prod")), "environment: allowed are: live, test");
    assert_eq!(with("scopes", json!([])), "scopes: name one scope at least; GET /v1/scopes lists them");
    assert_eq!(
        with("scopes", json!(["read:laeds"])),
        "scopes: unknown scope \"read:laeds\"; known are read:leads, read:analytics"
    );
    assert_eq!(
        with("scopes", json!(["write:analytics"])),
        "scopes: the scope \"write:analytics\" can't be granted: analytics is read only"
    );
    assert!(
        with("expires_at", json!("2020-01-01T00:00:00Z"))
            .starts_with("expires_at: this is in the past; it is 2025-06-15")
    );
    assert!(with("expires_at", json!(1_800_000_000)).starts_with("expires_at: a time in RFC 3339 expected"));
    assert!(with("allowed_ips", json!(["10.0.0.0/33"])).contains("\"10.0.0.0/33\" is neither"));
    let within = with("allowed_ips", json!(["203.0.113.7/24"]));
    assert!(within.contains("write \"203.0.113.0/24\" or \"203.0.113.7\""), "{within}");
    assert!(with("metadata", json!({"a": "x".repeat(5000)})).contains("4096 at most"));
    assert_eq!(with("metadata", json!([])), "metadata: a JSON object expected");
    let nested = |depth: usize| {
        (1..depth).fold(json!({}), |inner, level| match level % 2 {
            0 => json!({ "a": inner }),
            _ => json!({ "b": [inner] }),
        })
    };
    let deep = (1..MAX_METADATA_DEPTH).fold(json!(1), |inner, _| json!([inner]));
    assert!(new_key(json!({"name": "x", "scopes": ["read:leads"], "metadata": {"a": deep.clone()}})).is_ok());
    assert_eq!(with("metadata", json!({"a": [deep]})), "metadata: it is nested 33 levels deep; 32 at most");
    assert!(with("metadata", nested(80)).contains("32 at most"));
    assert!(with("colour", json!("blue")).starts_with("colour: unknown field; known are: name, environment, scopes"));
}

#[test]
fn several_mistakes_come_together() {
    let errors = new_key(json!({"scopes": "read:leads", "x": 1})).unwrap_err();
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["name", "scopes", "x"]);
    assert!(invalid(&errors).detail.contains("2 more"));
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    for body in [json!(null), json!([]), json!("x"), json!(1)] {
        assert!(new_key(body).is_err());
    }
}

#[test]
fn without_scopes_a_key_is_created_only_where_the_configuration_says_all() {
    assert_eq!(mistake(json!({"name": "x"})), "scopes: name one scope at least; GET /v1/scopes lists them");
    let all = ManageConfig { default_scopes: DefaultScopes::All, ..config() };
    let key = parse_new_key(json!({"name": "x"}), &TenantId::parse("acme").unwrap(), &all, NOW).unwrap();
    assert_eq!(key.scopes.joined(), "read:analytics read:leads");
}

#[test]
fn a_patch_tells_null_from_absence() {
    let patch = parse_patch(json!({"expires_at": null, "allowed_ips": null}), &config(), NOW).unwrap();
    assert_eq!(patch.expires_at, Some(None));
    assert_eq!(patch.allowed_ips, Some(vec![]));
    assert_eq!(parse_patch(json!({}), &config(), NOW).unwrap(), KeyPatch::default());
    assert_eq!(parse_patch(json!({"metadata": null}), &config(), NOW).unwrap().metadata, Some(None));
    for refused in [json!({"environment": "test"}), json!({"name": null}), json!({"scopes": null})] {
        assert!(parse_patch(refused, &config(), NOW).is_err());
    }
}

#[test]
fn operators_name_their_reach() {
    let operator =
        |tenant: Value| parse_new_operator(json!({"name": "ops", "scopes": ["verify"], "tenant": tenant}), NOW);
    assert_eq!(operator(json!("*")).unwrap().subject, Subject::Operator { reach: Reach::All });
    assert!(operator(json!("_acme")).is_err());
    assert!(parse_new_operator(json!({"name": "ops", "scopes": ["verify"]}), NOW).is_err());
}

#[test]
fn a_preset_stands_for_its_scopes_and_not_beside_them() {
    let reader = Preset {
        name: "reader".into(),
        description: String::new(),
        scopes: [Scope::parse("read:leads").unwrap()].into_iter().collect(),
    };
    let with = ManageConfig { presets: vec![reader.clone()], ..config() };
    let parse = |config: &ManageConfig, body: Value| {
        parse_new_key(body, &TenantId::parse("acme").unwrap(), config, NOW).map_err(|errors| errors[0].to_string())
    };
    let new = parse(&with, json!({"name": "x", "preset": "reader"})).unwrap();
    assert_eq!(new.scopes, reader.scopes);
    let both = parse(&with, json!({"name": "x", "preset": "reader", "scopes": ["read:leads"]}));
    assert_eq!(both.unwrap_err(), "preset: name `scopes` or a `preset`, not both");
    for unknown in [json!("raeder"), json!(7)] {
        let refused = parse(&with, json!({"name": "x", "preset": unknown})).unwrap_err();
        assert_eq!(refused, "preset: allowed are: reader");
    }
    let all = ManageConfig { default_scopes: DefaultScopes::All, ..config() };
    let refused = parse(&all, json!({"name": "x", "preset": "reader"})).unwrap_err();
    assert_eq!(
        refused, "preset: keystile.toml has no [[presets]]; name `scopes`",
        "a mistake never becomes all scopes"
    );
}

#[test]
fn many_keys_are_revoked_by_one_way_of_naming_them() {
    let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
    let named = |body: Value| parse_revoke_many(body).map(|(which, _)| which);
    assert_eq!(named(json!({"ids": ["key_4bTzV9cXk07Hq2mN1pRs"]})), Ok(Revoked::Ids(vec![id])));
    assert_eq!(named(json!({"scope": "read:leads"})), Ok(Revoked::Scope(Scope::parse("read:leads").unwrap())));
    assert_eq!(named(json!({"all": true})), Ok(Revoked::All));
    assert_eq!(parse_revoke_many(json!({"all": true, "reason": "leak"})).unwrap().1, Some("leak".into()));
    let refused = |body: Value| named(body).unwrap_err()[0].to_string();
    for none in [json!({}), json!({"all": true, "scope": "read:leads"}), json!({"reason": "leak"})] {
        assert_eq!(refused(none), "ids: name either `ids`, or a `scope`, or `\"all\": true`");
    }
    assert!(refused(json!({"all": false})).starts_with("all: true expected"));
    assert!(refused(json!({"scope": "Not One"})).starts_with("scope: the name"));
    assert!(refused(json!({"ids": []})).starts_with("ids: it has 0 ids; 1 to 1000"));
    assert!(refused(json!({"ids": vec!["key_4bTzV9cXk07Hq2mN1pRs"; 1001]})).starts_with("ids: it has 1001 ids"));
    for other in [json!("op_4bTzV9cXk07Hq2mN1pRs"), json!("x"), json!(7)] {
        assert!(refused(json!({"ids": [other]})).contains("is no id of a key"));
    }
}

#[test]
fn a_tenant_is_suspended_ahead_only_if_the_body_says_so() {
    assert_eq!(parse_suspend(json!({})), Ok(false));
    assert_eq!(parse_suspend(json!({"ahead": true})), Ok(true));
    assert!(parse_suspend(json!({"ahead": "yes"})).is_err());
}

fn overlap(body: Value) -> Result<Overlap, Vec<FieldError>> {
    parse_rotate(body, NOW).map(|rotation| rotation.overlap)
}

#[test]
fn a_rotation_says_when_the_old_key_ends() {
    assert_eq!(overlap(json!({})), Ok(Overlap::None));
    assert_eq!(overlap(json!({"after_first_use": false})), Ok(Overlap::None));
    assert_eq!(overlap(json!({"overlap_seconds": 60})), Ok(Overlap::FromRotation(60_000)));
    let from_first_use = |overlap_ms, latest_ms| Ok(Overlap::FromFirstUse { overlap_ms, latest_ms });
    assert_eq!(overlap(json!({"after_first_use": true})), from_first_use(0, DEFAULT_LATEST_END_SECONDS * 1_000));
    let body = json!({"after_first_use": true, "overlap_seconds": 60, "latest_end_seconds": 60});
    assert_eq!(overlap(body), from_first_use(60_000, 60_000));
    let long = MAX_OVERLAP_SECONDS * 1_000;
    let body = json!({"after_first_use": true, "overlap_seconds": MAX_OVERLAP_SECONDS});
    assert_eq!(overlap(body), from_first_use(long, long));
    for bad in [json!(-1), json!(1.5), json!("60"), json!(MAX_OVERLAP_SECONDS + 1)] {
        assert!(overlap(json!({"overlap_seconds": bad})).is_err());
    }
    let latest = |body: Value| overlap(body).unwrap_err()[0].detail.clone();
    assert_eq!(latest(json!({"latest_end_seconds": 60})), "this goes with `after_first_use` alone");
    let body = json!({"overlap_seconds": 60, "latest_end_seconds": 59, "after_first_use": true});
    assert_eq!(latest(body), "60 at least, the overlap, expected");
}

#[test]
fn a_successor_has_an_end_of_its_own_if_one_is_asked_for() {
    let expiry = |body: Value| parse_rotate(body, NOW).unwrap().expires_at;
    assert_eq!(expiry(json!({})), None);
    assert_eq!(expiry(json!({"expires_at": null})), Some(RequestedExpiry::Never));
    let end = Timestamp::parse_rfc3339("2099-01-01T00:00:00Z").unwrap();
    assert_eq!(expiry(json!({"expires_at": "2099-01-01T00:00:00Z"})), Some(RequestedExpiry::At(end)));
    assert!(parse_rotate(json!({"expires_at": "2020-01-01T00:00:00Z"}), NOW).is_err());
}

#[test]
fn null_is_nothing_and_not_enough_where_something_is_required() {
    let required = |errors: Vec<FieldError>| {
        assert!(errors.iter().all(|error| error.detail == "this is required"), "{errors:?}");
        errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
    };
    let errors = new_key(json!({"name": null, "scopes": ["read:leads"]})).unwrap_err();
    assert_eq!(required(errors), ["name"]);
    // Otherwise an operator for one tenant would become an operator for all.
    let errors = parse_new_operator(json!({"name": null, "scopes": null, "tenant": null}), NOW).unwrap_err();
    assert_eq!(required(errors), ["name", "scopes", "tenant"]);
    assert!(new_key(json!({"name": "x", "scopes": ["read:leads"], "environment": null, "metadata": null})).is_ok());
}

#[test]
fn a_whole_number_may_be_written_with_a_fraction_of_nothing() {
    assert_eq!(overlap(json!({"overlap_seconds": 888.0})), Ok(Overlap::FromRotation(888_000)));
    for no in [json!(888.5), json!(-1), json!(1e300), json!("888")] {
        assert!(overlap(json!({"overlap_seconds": no})).is_err(), "{no}");
    }
}
