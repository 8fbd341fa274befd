//! The messages between ledger, feed and edge: JSON with golden tests, since the workers may run in two versions at
//! once.
//!
//! Records travel as text in their stored form, so the feed passes on fields that it does not understand. The edge
//! decodes its messages by hand, as it does records.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{base::id::TenantId, key::KeyDigest};

/// The maximum number of entries in one page of a poll's answer.
pub const PAGE_ENTRIES: usize = 1_000;

/// An edge's request for the changes since `cursor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollRequest {
    /// The epoch of the cursor; `None` from a cold isolate.
    pub epoch: Option<String>,
    /// The last entry that the isolate has.
    pub cursor: u64,
    /// The greatest age of a view that this edge accepts, milliseconds. The feed remembers the largest.
    pub max_staleness_ms: u32,
}

/// The feed's answer to a poll: one page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PollAnswer {
    /// The name of this log. Another name makes cursors of the old log void.
    pub epoch: String,
    /// Whether the isolate must drop its state and start from this page: it is cold, it has another epoch, or its
    /// cursor is below the trimmed part of the log.
    pub reset: bool,
    /// The last entry of this page.
    pub cursor: u64,
    /// Whether more pages follow. There is no view until the last one is applied.
    pub more: bool,
    /// The age of this answer when it was given, milliseconds: 0 from the feed itself.
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
        /// The key's digest.
        digest: KeyDigest,
        /// The record's stored form.
        record: String,
    },
    /// The status of a whole tenant, which was suspended or resumed, or was given settings before it had a status.
    Tenant(TenantStatus),
}

/// A tenant's status: whether it is suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantStatus {
    /// The tenant.
    pub tenant: TenantId,
    /// The version. The first status has version 1, and each suspension and resumption increases it.
    pub version: u64,
    /// Whether the tenant's keys are refused now.
    pub suspended: bool,
}

impl TenantStatus {
    /// The stored form in KV.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the stored form back; `None` if the text is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::decode(&serde_json::from_str(text).ok()?)
    }

    /// Whether it is newer than `other`: the higher version wins, and of equal versions the suspension.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        (self.version, self.suspended) > (other.version, other.suspended)
    }
}

/// A ledger's publication of changes. The feed answers once they are durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishRequest {
    /// The changes, in any order. Any of them may have been published before.
    pub changes: Vec<Change>,
}

/// The feed's answer to a publication: it took the changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishAnswer {
    /// The largest `max_staleness_ms` that any edge stated in the last 24 hours.
    pub max_staleness_ms: u32,
    /// The changes, by their places in the request, of whose subjects the feed has a later version, or other content of
    /// the same version, with that version. They had no effect. If the ledger has no later version itself, it was put
    /// back to an earlier point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<(usize, u64)>,
    /// The changes, by their places in the request, that the feed will never take: their digests belong to keys of
    /// another tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<usize>,
}

/// A ledger's report of the versions that KV acknowledged. The feed's log keeps them for
/// [`KEEP_ACKNOWLEDGED_MS`](super::outbox::KEEP_ACKNOWLEDGED_MS) more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgeRequest {
    /// Keys, each with the version that KV holds.
    pub versions: Vec<(KeyDigest, u64)>,
}

/// An edge's request for one key's latest record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentRequest {
    /// The key's digest.
    pub digest: KeyDigest,
}

/// The feed's answer about one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CurrentAnswer {
    /// The record's stored form, if there is such a key.
    pub record: Option<String>,
    /// The tenant's status, if one was ever written.
    #[serde(rename = "standing")]
    pub tenant_status: Option<TenantStatus>,
}

impl PollAnswer {
    /// Decodes an answer; `None` if it is malformed.
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
        if let Some(tenant_status) = json.get("tenant") {
            return TenantStatus::decode(tenant_status).map(Self::Tenant);
        }
        let key = json.get_mut("key")?;
        let digest = KeyDigest::from_hex(key.get("digest")?.as_str()?)?;
        match key.get_mut("record")?.take() {
            Value::String(record) => Some(Self::Key { digest, record }),
            _ => None,
        }
    }
}

impl TenantStatus {
    fn decode(json: &Value) -> Option<Self> {
        Some(Self {
            tenant: TenantId::parse(json.get("tenant")?.as_str()?)?,
            version: json.get("version")?.as_u64()?,
            suspended: json.get("suspended")?.as_bool()?,
        })
    }
}

impl CurrentAnswer {
    /// Decodes an answer; `None` if it is malformed.
    #[must_use]
    pub fn decode(json: &Value) -> Option<Self> {
        let record = match json.get("record")? {
            Value::Null => None,
            record => Some(record.as_str()?.into()),
        };
        let tenant_status = match json.get("standing")? {
            Value::Null => None,
            tenant_status => Some(TenantStatus::decode(tenant_status)?),
        };
        Some(Self { record, tenant_status })
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
        // Readers ignore a member that was added after they were built.
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
        let tenant_status = TenantStatus { tenant, version: 2, suspended: true };
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
                changes: vec![Change::Key { digest, record: "{}".into() }, Change::Tenant(tenant_status.clone())],
            },
            r#"{"epoch":"e1","reset":false,"cursor":9,"more":false,"age_ms":0,"changes":[{"key":{"digest":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","record":"{}"}},{"tenant":{"tenant":"acme","version":2,"suspended":true}}]}"#,
            PollAnswer::decode,
        );
        let stored = r#"{"tenant":"acme","version":2,"suspended":true}"#;
        assert_eq!(
            (tenant_status.encode().as_str(), TenantStatus::read(stored)),
            (stored, Some(tenant_status.clone()))
        );
        assert_eq!(TenantStatus::read("{}"), None);
        let answer = |ahead, refused| PublishAnswer { max_staleness_ms: 2000, ahead, refused };
        golden(&answer(vec![], vec![]), r#"{"max_staleness_ms":2000}"#, derived);
        golden(&answer(vec![(0, 7)], vec![]), r#"{"max_staleness_ms":2000,"ahead":[[0,7]]}"#, derived);
        golden(&answer(vec![], vec![1]), r#"{"max_staleness_ms":2000,"refused":[1]}"#, derived);
        golden(
            &AcknowledgeRequest { versions: vec![(digest, 3)] },
            r#"{"versions":[["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",3]]}"#,
            derived,
        );
        golden(
            &CurrentAnswer { record: None, tenant_status: Some(tenant_status) },
            r#"{"record":null,"standing":{"tenant":"acme","version":2,"suspended":true}}"#,
            |json| CurrentAnswer::decode(&json),
        );
    }
}
