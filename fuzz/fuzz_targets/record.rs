//! Any text as what KV holds of a key or a tenant: nothing panics, only what was sealed
//! for a slot is opened there, and a record that is read is the same when it is written
//! and read again. Of two records the same one holds, in whatever order they come.
#![no_main]

use std::sync::LazyLock;

use keystile_core::{KeyDigest, Keyring, TenantId, access::record::Stored, feed::message::TenantStatus};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static KEYRING: LazyLock<Keyring> =
    LazyLock::new(|| Keyring::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap());

/// A whole record, and then some of its members replaced by any JSON or any text, or removed.
fn record(changes: &[(u8, Option<String>)]) -> String {
    let mut record = json!({
        "v": 1, "min_reader": 1, "version": 7, "id": "key_0123456789ABCDEFGHIJ",
        "subject": { "api_key": { "tenant": "acme", "environment": "live" } },
        "state": "active", "name": "a name", "display": "knq_live_7Hq2", "scopes": ["a:read", "b"],
        "expires_at": 1_800_000_000_000_i64, "allowed_ips": ["192.0.2.0/24", "2001:db8::/32"],
        "metadata": { "plan": "pro", "seats": 3 }, "created_at": 1_700_000_000_000_i64,
    });
    let members: Vec<String> = record.as_object().unwrap().keys().cloned().collect();
    for (which, value) in changes {
        let member = &members[usize::from(*which) % members.len()];
        match value {
            Some(text) => record[member] = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
            None => drop(record.as_object_mut().unwrap().remove(member)),
        }
    }
    record.to_string()
}

fuzz_target!(|data: (String, Vec<(u8, Option<String>)>, Vec<(u8, Option<String>)>)| {
    let (text, one, other) = data;
    let tenant = TenantId::parse("acme").unwrap();
    let digest = KeyDigest::of("a");
    let slots = KEYRING.slots(&digest).chain(KEYRING.tenant_status_slots(&tenant));
    for slot in slots {
        let sealed = slot.seal(&text);
        assert_eq!(slot.open(&sealed), Some(text.as_str()));
        assert!(slot.open(&text).is_none_or(|opened| slot.seal(opened) == text));
        assert!(KEYRING.slots(&KeyDigest::of("b")).all(|slot| slot.open(&sealed).is_none()));
    }
    if let Some(tenant_status) = TenantStatus::read(&text) {
        assert_eq!(TenantStatus::read(&tenant_status.encode()), Some(tenant_status));
    }

    let texts = [text, record(&one), record(&other)];
    let records: Vec<Stored> = texts.iter().filter_map(|text| Stored::decode(text).ok()).collect();
    for stored in &records {
        let _ = stored.weight();
        let Stored::Known(record) = stored else { continue };
        let written = record.encode();
        assert_eq!(Stored::decode(&written).as_ref(), Ok(stored));
    }
    for (first, second) in records.iter().zip(records.iter().skip(1)) {
        let holds = first.clone().merge(second.clone());
        assert_eq!(second.clone().merge(first.clone()), holds);
        assert!(!first.yields_to_revocation(second) || !second.yields_to_revocation(first));
        for one in [first, second] {
            assert_eq!(holds.clone().merge(one.clone()), holds);
            assert!(!holds.yields_to_revocation(one));
        }
        assert_eq!(holds.is_revoked(), first.is_revoked() || second.is_revoked());
    }
});
