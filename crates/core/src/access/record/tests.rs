//! The stored form of records, and the order in which two of them restrict.

use super::*;
use crate::key::KeyDigest;
use alloc::{format, vec};
use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

pub(crate) fn record() -> KeyRecord {
    KeyRecord {
        id: KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap(),
        version: 3,
        subject: Subject::ApiKey { tenant: TenantId::parse("acme").unwrap(), environment: Environment::Live },
        state: KeyState::Active,
        name: "Zapier".into(),
        display: serde_json::from_str("\"knq_live_7Hq2\"").unwrap(),
        scopes: ["read:leads", "webhooks"].iter().map(|name| Scope::parse(name).unwrap()).collect(),
        expires_at: Some(Timestamp::from_millis(1_800_000_000_000)),
        allowed_ips: vec!["192.0.2.0/24".parse().unwrap()],
        metadata: [("plan".into(), "pro".into())].into_iter().collect(),
        created_at: Timestamp::from_millis(1_700_000_000_000),
    }
}

/// The form that ledgers, feeds and KV hold today. To change it, migrate them.
const GOLDEN: &str = r#"{"v":1,"min_reader":1,"id":"key_4bTzV9cXk07Hq2mN1pRs","version":3,"subject":{"api_key":{"tenant":"acme","environment":"live"}},"state":"active","name":"Zapier","display":"knq_live_7Hq2","scopes":["read:leads","webhooks"],"expires_at":1800000000000,"allowed_ips":["192.0.2.0/24"],"metadata":{"plan":"pro"},"created_at":1700000000000}"#;

const GOLDEN_OPERATOR: &str = r#"{"v":1,"min_reader":1,"id":"op_4bTzV9cXk07Hq2mN1pRs","version":1,"subject":{"operator":{"reach":{"tenant":"acme"}}},"state":"revoked","name":"Ops","display":"ksop_7Hq2","scopes":["verify"],"created_at":0}"#;

#[test]
fn the_stored_form_is_golden() {
    assert_eq!(record().encode(), GOLDEN);
    assert_eq!(Stored::decode(GOLDEN), Ok(Stored::Known(Rc::new(record()))));
    let Ok(Stored::Known(operator)) = Stored::decode(GOLDEN_OPERATOR) else { panic!("not read") };
    assert_eq!(operator.subject, Subject::Operator { reach: Reach::Tenant(TenantId::parse("acme").unwrap()) });
    assert_eq!(operator.encode(), GOLDEN_OPERATOR);
}

#[test]
fn a_record_for_newer_readers_is_not_served() {
    let newer = GOLDEN
        .replace(r#""min_reader":1"#, r#""min_reader":2,"geo":["de"]"#)
        .replace("\"state\":\"active\"", "\"state\":\"dormant\"");
    assert_eq!(Stored::decode(&newer), Ok(Stored::TooNew { version: 3 }));
}

#[test]
fn a_newer_field_that_only_informs_is_ignored() {
    let newer = GOLDEN.replace(r#""v":1"#, r#""v":2,"colour":"blue""#);
    assert_eq!(Stored::decode(&newer), Ok(Stored::Known(Rc::new(record()))));
}

#[test]
fn what_is_no_record_is_corrupt_and_never_a_record() {
    for text in ["", "{}", "null", "[]", &GOLDEN[1..], &GOLDEN.replace("active", "actve")] {
        assert_eq!(Stored::decode(text), Err(Corrupt), "{text}");
    }
}

fn arbitrary_stored() -> impl Strategy<Value = Stored> {
    let state = prop_oneof![Just(KeyState::Active), Just(KeyState::Disabled), Just(KeyState::Revoked)];
    let known = (0..4u64, state, 0..3i64, 0..3usize).prop_map(|(version, state, expires, scopes)| {
        let names = ["a", "b", "c"];
        Stored::Known(Rc::new(KeyRecord {
            version,
            state,
            expires_at: (expires > 0).then(|| Timestamp::from_millis(expires)),
            scopes: names[..=scopes].iter().map(|name| Scope::parse(name).unwrap()).collect(),
            ..record()
        }))
    });
    prop_oneof![4 => known, 1 => (0..4u64).prop_map(|version| Stored::TooNew { version })]
}

proptest! {
    #[test]
    fn merging_depends_on_neither_order_nor_repetition(a in arbitrary_stored(), b in arbitrary_stored(), c in arbitrary_stored()) {
        prop_assert_eq!(a.clone().merge(b.clone()), b.clone().merge(a.clone()));
        prop_assert_eq!(a.clone().merge(b.clone()).merge(c.clone()), a.clone().merge(b.clone().merge(c.clone())));
        prop_assert_eq!(a.clone().merge(a.clone()), a.clone());
        prop_assert_eq!(a.yields_to_revocation(&b), b.is_revoked() && !a.is_revoked());
    }

    #[test]
    fn revoked_beats_every_version(a in arbitrary_stored(), b in arbitrary_stored()) {
        prop_assert_eq!(a.clone().merge(b.clone()).is_revoked(), a.is_revoked() || b.is_revoked());
    }

    #[test]
    fn no_text_makes_the_decoder_panic(text: String) {
        let _ = Stored::decode(&text);
        let _ = Stored::decode(&format!("{{\"min_reader\":1,\"version\":1,\"id\":{text:?}}}"));
        let _ = KeyDigest::from_hex(&text);
    }
}
