//! The messages of relays: how one follows the log, and how a record is shared.
//!
//! JSON with golden tests, as the other messages. Entries travel in binary, in base64, with the differences between
//! their numbers.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::entry::{self, Entry, KeyEntry, TenantEntry};
use crate::key::KeyDigest;

/// A relay's request for the entries after `cursor`, to its parent: the feed or another relay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowRequest {
    /// The epoch of the cursor; `None` from a relay that begins.
    pub epoch: Option<String>,
    /// The last entry that the relay has.
    pub cursor: u64,
    /// The source of the earlier pages, for a further page of a copy that is being filled. Another source begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fills_from: Option<String>,
    /// The largest `max_staleness_ms` of the edges behind the relay.
    pub max_staleness_ms: u32,
    /// The greatest age of an answer that serves the relay, milliseconds.
    pub max_age_ms: u32,
    /// Cursors of edges that the relay doesn't know: by these a feed that was put back notices it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<u64>,
}

/// The answer to a relay: a page of the log, with the entries' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowAnswer {
    /// The name of this log.
    pub epoch: String,
    /// The name of the state that this page was taken from. A copy is filled from one source.
    pub source: String,
    /// Whether the relay must begin anew, with this page.
    pub reset: bool,
    /// The floor of the log: entries up to it may be missing.
    pub floor: u64,
    /// The last number of this page.
    pub cursor: u64,
    /// Whether more pages follow.
    pub more: bool,
    /// The age of this answer when it was given, milliseconds: 0 from the feed itself.
    pub age_ms: u32,
    /// The number of entries of the log that the answerer has.
    pub length: u64,
    /// The changes of keys, in the order of their numbers.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub keys: Vec<(u64, KeyEntry)>,
    /// The changes of tenants, in the order of their numbers.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub tenants: Vec<(u64, TenantEntry)>,
    /// All suspensions that are in force, on the last page of a copy that is filled.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "entry::serialize",
        deserialize_with = "read_plain"
    )]
    pub suspended: Vec<TenantEntry>,
}

/// A request for a key's record of a version or a later one. The feed reads its table, a relay what it remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRequest {
    /// The key's digest.
    pub digest: KeyDigest,
    /// The lowest version that helps.
    pub version: u64,
}

/// The answer about a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordAnswer {
    /// The record's stored form. `None` says that it isn't here, never that there is no such key.
    pub record: Option<String>,
}

/// An entry after the difference between its number and that of the entry before.
#[derive(Serialize)]
struct After<E>(u64, E);

impl<E: Entry> Entry for After<E> {
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self(entry::number(bytes)?, E::read(bytes)?))
    }
}

fn write<E: Serialize + Copy, S: Serializer>(entries: &[(u64, E)], serializer: S) -> Result<S::Ok, S::Error> {
    let befores = core::iter::once(0).chain(entries.iter().map(|(number, _)| *number));
    let afters =
        entries.iter().zip(befores).map(|((number, entry), before)| After(number.wrapping_sub(before), *entry));
    entry::serialize(&afters.collect(), serializer)
}

fn read<'de, E: Entry, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(u64, E)>, D::Error> {
    let afters: Vec<After<E>> = read_plain(deserializer)?;
    let mut number = 0_u64;
    let entries = afters.into_iter().map(|After(difference, entry)| {
        number = number.wrapping_add(difference);
        (number, entry)
    });
    Ok(entries.collect())
}

fn read_plain<'de, E: Entry, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<E>, D::Error> {
    let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    entry::read(&text).ok_or_else(|| D::Error::custom("entries in base64 expected"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        TenantId,
        access::record::KeyState,
        feed::entry::{KeyHash, TenantHash},
    };
    use alloc::vec;
    use serde::de::DeserializeOwned;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn golden<T: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug>(message: &T, text: &str) {
        assert_eq!(serde_json::to_string(message).unwrap(), text);
        let mut newer: serde_json::Value = serde_json::from_str(text).unwrap();
        newer["added_later"] = 1.into();
        assert_eq!(&serde_json::from_value::<T>(newer).unwrap(), message, "an unknown member is passed over");
    }

    #[test]
    fn the_messages_are_golden() {
        golden(
            &FollowRequest { max_staleness_ms: 2_000, max_age_ms: 500, ..FollowRequest::default() },
            r#"{"epoch":null,"cursor":0,"max_staleness_ms":2000,"max_age_ms":500}"#,
        );
        golden(
            &FollowRequest {
                epoch: Some("e1".into()),
                cursor: 7,
                fills_from: Some("i1".into()),
                max_staleness_ms: 2_000,
                max_age_ms: 500,
                seen: vec![5, 9],
            },
            r#"{"epoch":"e1","cursor":7,"fills_from":"i1","max_staleness_ms":2000,"max_age_ms":500,"seen":[5,9]}"#,
        );
        let digest = KeyDigest::of("abc");
        let key = |version| KeyEntry { key: KeyHash::of(&digest), version, state: KeyState::Active, expires_at: None };
        let tenant = TenantHash::of("e1", &TenantId::parse("acme").unwrap());
        let tenant = TenantEntry { tenant, version: 2, suspended: true };
        let news = FollowAnswer {
            epoch: "e1".into(),
            source: "i1".into(),
            reset: false,
            floor: 3,
            cursor: 1_800_000_000_000_007,
            more: false,
            age_ms: 250,
            length: 3,
            keys: vec![(1_800_000_000_000_000, key(3)), (1_800_000_000_000_007, key(4))],
            tenants: vec![(1_800_000_000_000_001, tenant)],
            suspended: vec![],
        };
        golden(
            &news,
            r#"{"epoch":"e1","source":"i1","reset":false,"floor":3,"cursor":1800000000000007,"more":false,"age_ms":250,"length":3,"keys":"AoCA4sTyopkDungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0DAAAHungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0EAAA","tenants":"AYGA4sTyopkDMXtIf8BW9b4CAQ"}"#,
        );
        let last = FollowAnswer { keys: vec![], tenants: vec![], suspended: vec![tenant], reset: true, ..news };
        golden(
            &last,
            r#"{"epoch":"e1","source":"i1","reset":true,"floor":3,"cursor":1800000000000007,"more":false,"age_ms":250,"length":3,"keys":"AA","tenants":"AA","suspended":"ATF7SH/AVvW+AgE"}"#,
        );
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let text = alloc::format!(r#"{{"digest":"{hex}","version":3}}"#);
        golden(&RecordRequest { digest, version: 3 }, &text);
        golden(&RecordAnswer { record: Some("{}".into()) }, r#"{"record":"{}"}"#);
        golden(&RecordAnswer { record: None }, r#"{"record":null}"#);
    }

    #[test]
    fn a_full_page_has_1200_kib_at_most() {
        let keys = (0..20_000_u64).map(|name| {
            let key = KeyHash::of(&KeyDigest::of(&alloc::format!("{name}")));
            let expires_at = Some(crate::Timestamp::from_millis(1_790_000_000_000));
            (
                1_800_000_000_000_000 + name * 2_000_000,
                KeyEntry { key, version: 90, state: KeyState::Revoked, expires_at },
            )
        });
        let page = FollowAnswer {
            epoch: "e".into(),
            source: "i".into(),
            reset: true,
            floor: 0,
            cursor: 0,
            more: true,
            age_ms: 0,
            length: 20_000,
            keys: keys.collect(),
            tenants: vec![],
            suspended: vec![],
        };
        let text = serde_json::to_string(&page).unwrap();
        assert!(text.len() < 1_200 * 1_024, "{}", text.len());
        assert_eq!(serde_json::from_str::<FollowAnswer>(&text).unwrap(), page);
    }
}
