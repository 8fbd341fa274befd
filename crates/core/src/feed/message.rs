//! What ledger, feed and edge say to each other: JSON, with golden tests, since
//! both workers may run in two versions at once.
//!
//! Records travel as text, in their stored form: the feed passes on what it
//! does not understand. What edges read is decoded by hand, as records are.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{base::id::TenantId, key::KeyDigest};

/// Entries in one page of a poll's answer, at most.
pub const PAGE_ENTRIES: usize = 1_000;

/// An edge asks: what has changed since `cursor`?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollRequest {
    /// The epoch that the cursor belongs to; `None` from a cold isolate.
    pub epoch: Option<String>,
    /// The last entry that the isolate has.
    pub cursor: u64,
    /// How old a view this edge accepts. The feed remembers the largest.
    pub max_staleness_ms: u32,
}

/// The feed answers with one page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PollAnswer {
    /// Names this log. Another one means that cursors of the old are void.
    pub epoch: String,
    /// The isolate must drop all it has and start from this page: it is cold,
    /// knows another epoch, or its cursor is below what was trimmed.
    pub reset: bool,
    /// The last entry of this page.
    pub cursor: u64,
    /// More pages follow; until the last is applied there is no view.
    pub more: bool,
    /// How old this answer was when it was given: 0 from the feed itself.
    pub age_ms: u32,
    /// The changes in the order of the log.
    pub changes: Vec<Change>,
}

/// One change, as ledgers publish it and edges apply it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A key's record as it now stands.
    Key {
        /// Which key.
        digest: KeyDigest,
        /// The record's stored form.
        record: String,
    },
    /// A whole tenant was suspended or resumed.
    Tenant(TenantStanding),
}

/// Whether a tenant's keys may be used at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantStanding {
    /// Which tenant.
    pub tenant: TenantId,
    /// Grows with each suspension and resumption.
    pub version: u64,
    /// Whether its keys are refused now.
    pub suspended: bool,
}

impl TenantStanding {
    /// Its stored form, as KV holds it.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the stored form back; `None` if it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::decode(&serde_json::from_str(text).ok()?)
    }

    /// Whether this says something newer than `other`: the higher version, and
    /// of equals the suspension.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        (self.version, self.suspended) > (other.version, other.suspended)
    }
}

/// A ledger publishes; the feed answers once the changes are durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishRequest {
    /// In any order, any of them possibly published before.
    pub changes: Vec<Change>,
}

/// The feed took the changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishAnswer {
    /// The largest `max_staleness_ms` that any edge stated in the last 24 hours.
    pub max_staleness_ms: u32,
}

/// A ledger reports what KV acknowledged, so that the log can be trimmed a day later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgeRequest {
    /// The keys and the versions of theirs that KV holds.
    pub versions: Vec<(KeyDigest, u64)>,
}

/// An edge asks for one key's latest record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentRequest {
    /// Which key.
    pub digest: KeyDigest,
}

/// What the feed holds of the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CurrentAnswer {
    /// The record's stored form, if there is such a key.
    pub record: Option<String>,
    /// Its tenant's standing, if the tenant was ever suspended.
    pub standing: Option<TenantStanding>,
}

impl PollAnswer {
    /// Reads an answer; `None` if it is none.
    #[must_use]
    pub fn decode(mut json: Value) -> Option<Self> {
        let changes = match json.get_mut("changes")?.take() {
            Value::Array(changes) => changes.into_iter().map(Change::decode).collect::<Option<_>>()?,
            _ => return None,
        };
        Some(Self {
            epoch: json.get("epoch")?.as_str()?.into(),
            reset: json.get("reset")?.as_bool()?,
            cursor: json.get("cursor")?.as_u64()?,
            more: json.get("more")?.as_bool()?,
            age_ms: u32::try_from(json.get("age_ms")?.as_u64()?).ok()?,
            changes,
        })
    }
}

impl Change {
    fn decode(mut json: Value) -> Option<Self> {
        if let Some(standing) = json.get("tenant") {
            return TenantStanding::decode(standing).map(Self::Tenant);
        }
        let key = json.get_mut("key")?;
        let digest = KeyDigest::from_hex(key.get("digest")?.as_str()?)?;
        match key.get_mut("record")?.take() {
            Value::String(record) => Some(Self::Key { digest, record }),
            _ => None,
        }
    }
}

impl TenantStanding {
    fn decode(json: &Value) -> Option<Self> {
        Some(Self {
            tenant: TenantId::parse(json.get("tenant")?.as_str()?)?,
            version: json.get("version")?.as_u64()?,
            suspended: json.get("suspended")?.as_bool()?,
        })
    }
}

impl CurrentAnswer {
    /// Reads an answer; `None` if it is none.
    #[must_use]
    pub fn decode(json: &Value) -> Option<Self> {
        let record = match json.get("record")? {
            Value::Null => None,
            record => Some(record.as_str()?.into()),
        };
        let standing = match json.get("standing")? {
            Value::Null => None,
            standing => Some(TenantStanding::decode(standing)?),
        };
        Some(Self { record, standing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn golden<T: Serialize + PartialEq + core::fmt::Debug>(message: &T, text: &str, read: impl Fn(Value) -> Option<T>) {
        assert_eq!(serde_json::to_string(message).unwrap(), text);
        assert_eq!(read(serde_json::from_str(text).unwrap()).as_ref(), Some(message));
        // A member that was not there when this was built changes nothing.
        let mut newer: Value = serde_json::from_str(text).unwrap();
        newer["added_later"] = 1.into();
        assert_eq!(read(newer).as_ref(), Some(message));
    }

    fn derived<T: serde::de::DeserializeOwned>(json: Value) -> Option<T> {
        serde_json::from_value(json).ok()
    }

    #[test]
    fn the_messages_are_golden() {
        let digest = KeyDigest::of("abc");
        let tenant = TenantId::parse("acme").unwrap();
        let standing = TenantStanding { tenant, version: 2, suspended: true };
        golden(
            &PollRequest { epoch: Some("e1".into()), cursor: 7, max_staleness_ms: 2000 },
            r#"{"epoch":"e1","cursor":7,"max_staleness_ms":2000}"#,
            derived,
        );
        golden(
            &PollAnswer {
                epoch: "e1".into(),
                reset: false,
                cursor: 9,
                more: false,
                age_ms: 0,
                changes: vec![Change::Key { digest, record: "{}".into() }, Change::Tenant(standing.clone())],
            },
            r#"{"epoch":"e1","reset":false,"cursor":9,"more":false,"age_ms":0,"changes":[{"key":{"digest":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","record":"{}"}},{"tenant":{"tenant":"acme","version":2,"suspended":true}}]}"#,
            PollAnswer::decode,
        );
        let stored = r#"{"tenant":"acme","version":2,"suspended":true}"#;
        assert_eq!((standing.encode().as_str(), TenantStanding::read(stored)), (stored, Some(standing.clone())));
        assert_eq!(TenantStanding::read("{}"), None);
        golden(&PublishAnswer { max_staleness_ms: 2000 }, r#"{"max_staleness_ms":2000}"#, derived);
        golden(
            &AcknowledgeRequest { versions: vec![(digest, 3)] },
            r#"{"versions":[["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",3]]}"#,
            derived,
        );
        golden(
            &CurrentAnswer { record: None, standing: Some(standing) },
            r#"{"record":null,"standing":{"tenant":"acme","version":2,"suspended":true}}"#,
            |json| CurrentAnswer::decode(&json),
        );
    }
}
