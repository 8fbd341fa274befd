//! The messages between ledger, feed and edge: JSON with golden tests, since the workers may run in two versions at
//! once.
//!
//! Records travel as text in their stored form, so the feed passes on fields that it does not understand. The edge
//! decodes its messages by hand, as it does records.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::{self, Entry, KeyEntry, Part, Place, TenantEntry, TenantHash};
use crate::{base::id::TenantId, key::KeyDigest};

/// An edge's request for the changes since `cursor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollRequest {
    /// The epoch of the cursor; `None` from a cold isolate.
    pub epoch: Option<String>,
    /// The last entry that the isolate has.
    pub cursor: u64,
    /// The greatest age of a view that this edge accepts, milliseconds. The feed remembers the largest.
    pub max_staleness_ms: u32,
    /// The place of a key whose part of the entries is asked for, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Place>,
    /// The place of a tenant whose part of the suspensions is asked for, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Place>,
}

/// The answer to an edge: a page of the log, and the parts that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PollAnswer {
    /// The name of this log. Another name makes cursors of the old log void.
    pub epoch: String,
    /// Whether the isolate must drop its state and start here: it is cold, it has another epoch, or its cursor is below
    /// the trimmed part of the log. Then there are no changes. It gets the entries of the log by their parts.
    pub reset: bool,
    /// The last entry of this page.
    pub cursor: u64,
    /// Whether more pages follow. There is no view until the last one is applied.
    pub more: bool,
    /// The age of this answer when it was given, milliseconds: 0 from the feed itself.
    pub age_ms: u32,
    /// The changes of keys.
    #[serde(serialize_with = "entry::serialize")]
    pub keys: Vec<KeyEntry>,
    /// The changes of tenants.
    #[serde(serialize_with = "entry::serialize")]
    pub tenants: Vec<TenantEntry>,
    /// All entries of the log around the key that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_part: Option<Part<KeyEntry>>,
    /// All suspensions that are in force around the tenant that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_part: Option<Part<TenantEntry>>,
}

/// One change, as ledgers publish it.
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

    /// The short form for edges, in the log with the name `epoch`.
    #[must_use]
    pub fn entry(&self, epoch: &str) -> TenantEntry {
        let Self { tenant, version, suspended } = self;
        TenantEntry { tenant: TenantHash::of(epoch, tenant), version: *version, suspended: *suspended }
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
    pub fn decode(json: &Value) -> Option<Self> {
        Some(Self {
            epoch: json.get("epoch")?.as_str()?.into(),
            reset: json.get("reset")?.as_bool()?,
            cursor: json.get("cursor")?.as_u64()?,
            more: json.get("more")?.as_bool()?,
            age_ms: u32::try_from(json.get("age_ms")?.as_u64()?).ok()?,
            keys: entry::read(json.get("keys")?.as_str()?)?,
            tenants: entry::read(json.get("tenants")?.as_str()?)?,
            key_part: decode_part(json.get("key_part"))?,
            tenant_part: decode_part(json.get("tenant_part"))?,
        })
    }
}

/// The outer `None` says that the part is malformed, the inner one that there is none.
fn decode_part<E: Entry>(json: Option<&Value>) -> Option<Option<Part<E>>> {
    json.map_or(Some(None), |json| Part::decode(json).map(Some))
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
    use crate::{access::record::KeyState, feed::entry::KeyHash};
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
            &PollRequest { epoch: Some("e1".into()), cursor: 7, max_staleness_ms: 2000, key: None, tenant: None },
            r#"{"epoch":"e1","cursor":7,"max_staleness_ms":2000}"#,
            derived,
        );
        let (key, tenant) = (KeyHash::of(&digest), TenantHash::of("e1", &tenant_status.tenant));
        golden(
            &PollRequest {
                epoch: None,
                cursor: 0,
                max_staleness_ms: 2000,
                key: Some(key.place()),
                tenant: Some(tenant.place()),
            },
            r#"{"epoch":null,"cursor":0,"max_staleness_ms":2000,"key":"ba7816bf8f01cfea","tenant":"317b487fc056f5be"}"#,
            derived,
        );
        let key = KeyEntry { key, version: 3, state: KeyState::Active, expires_at: None };
        let tenant = TenantEntry { tenant, version: 2, suspended: true };
        let news = PollAnswer {
            epoch: "e1".into(),
            reset: false,
            cursor: 9,
            more: false,
            age_ms: 0,
            keys: vec![key],
            tenants: vec![tenant],
            key_part: None,
            tenant_part: None,
        };
        golden(
            &news,
            r#"{"epoch":"e1","reset":false,"cursor":9,"more":false,"age_ms":0,"keys":"Abp4Fr+PAc/qQUFA3l2uIiOwA2Gjlhd6nLQQ/2HyABWtAwAA","tenants":"ATF7SH/AVvW+AgE"}"#,
            |json| PollAnswer::decode(&json),
        );
        let part = PollAnswer {
            reset: true,
            keys: vec![],
            tenants: vec![],
            key_part: Some(Part { bits: 8, place: key.key.place(), entries: vec![key] }),
            tenant_part: Some(Part { bits: 0, place: Place::FIRST, entries: vec![tenant] }),
            ..news
        };
        golden(
            &part,
            r#"{"epoch":"e1","reset":true,"cursor":9,"more":false,"age_ms":0,"keys":"AA","tenants":"AA","key_part":{"bits":8,"place":"ba7816bf8f01cfea","entries":"Abp4Fr+PAc/qQUFA3l2uIiOwA2Gjlhd6nLQQ/2HyABWtAwAA"},"tenant_part":{"bits":0,"place":"0000000000000000","entries":"ATF7SH/AVvW+AgE"}}"#,
            |json| PollAnswer::decode(&json),
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
