//! The feed: one object. Every ledger publishes to it, and every isolate polls it.

use serde::{Deserialize, Serialize};

use super::{Done, calls};
use crate::{
    base::id::TenantId,
    feed::{
        claim::{ClaimAnswer, ClaimRequest},
        follow::{FollowAnswer, FollowRequest, RecordAnswer, RecordRequest},
        message::{
            AcknowledgeRequest, CurrentAnswer, CurrentRequest, PollAnswer, PollRequest, PublishAnswer, PublishRequest,
        },
        owners::{OwnersAnswer, OwnersRequest},
    },
    key::KeyDigest,
    ledger::query::TenantQuery,
};
use alloc::{string::String, vec::Vec};

/// The binding.
pub const BINDING: &str = "FEED";
/// The name of the one object.
pub const NAME: &str = "feed";

calls! { BINDING;
    // Edges ask for the changes since a cursor, a page at a time.
    PollRequest, "/poll" => PollAnswer;
    // Edges ask for one key's latest record and its tenant's status.
    CurrentRequest, "/current" => CurrentAnswer;
    // Relays ask for the entries since a cursor, with their numbers.
    FollowRequest, "/follow" => FollowAnswer;
    // Relays ask for a record of a version or a later one.
    RecordRequest, "/record" => RecordAnswer;
    // Ledgers publish changes. The answer comes once they are durable.
    PublishRequest, "/publish" => PublishAnswer;
    // Ledgers claim, for one tenant, the digests of keys that are to be imported.
    ClaimRequest, "/claim" => ClaimAnswer;
    // Ledgers report the versions that KV holds, so that the log may forget them a day later.
    AcknowledgeRequest, "/acknowledge" => Done;
    // A ledger that was put back asks for the keys of its tenant, a page at a time.
    KeysRequest, "/keys" => KeysPage;
    // The management API asks whose keys the texts of a leak report are.
    OwnersRequest, "/owners" => OwnersAnswer;
    // The management API asks for all tenants, a page at a time.
    TenantQuery, "/tenants" => TenantPage;
}

/// The request for the keys of a tenant, in the order of their digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRequest {
    /// The tenant; `None` for operators' keys, which come with all others that the feed can't tell whose they are.
    pub tenant: Option<TenantId>,
    /// The digest after which the page begins, in hexadecimal; `None` at the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A page of a tenant's keys. It may have none and not be the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysPage {
    /// The keys.
    pub keys: Vec<KnownKey>,
    /// The digest after which the next page begins, if there is one.
    pub next: Option<String>,
}

/// A key as the feed has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownKey {
    /// Its digest.
    pub digest: KeyDigest,
    /// The stored form of its record.
    pub record: String,
    /// Whether its digest was claimed: it came from another system.
    pub imported: bool,
}

/// A page of the list of tenants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantPage {
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
    /// The tenants, by name.
    pub tenants: Vec<ListedTenant>,
}

/// A tenant in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedTenant {
    /// The time at which the feed first heard of it, RFC 3339.
    pub created_at: String,
    /// Whether its keys are refused now.
    pub suspended: bool,
    /// Its name.
    pub tenant: TenantId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_messages_about_a_tenant_s_keys_are_golden() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for (tenant, after, text) in [
            (TenantId::parse("acme"), Some(hex.into()), alloc::format!(r#"{{"tenant":"acme","after":"{hex}"}}"#)),
            (None, None, r#"{"tenant":null}"#.into()),
        ] {
            let request = KeysRequest { tenant, after };
            assert_eq!(serde_json::to_string(&request).unwrap(), text);
            assert_eq!(serde_json::from_str::<KeysRequest>(&text).unwrap(), request);
        }
        let key = KnownKey { digest: KeyDigest::of("abc"), record: "{}".into(), imported: true };
        let page = KeysPage { keys: vec![key], next: None };
        let text = alloc::format!(r#"{{"keys":[{{"digest":"{hex}","record":"{{}}","imported":true}}],"next":null}}"#);
        assert_eq!(serde_json::to_string(&page).unwrap(), text);
        assert_eq!(serde_json::from_str::<KeysPage>(&text).unwrap(), page);
    }
}
