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
    // A ledger whose tenant is erased has the name kept, so that no other ledger brings the tenant back.
    NoteErased, "/note-erased" => Done;
    // Ledgers that have started ask whether tenants were erased: they may have been put back to a point before.
    ErasedQuery, "/erased" => ErasedTenants;
    // The management API asks for the numbers of `GET /metrics`.
    ReadState, "/state" => FeedState;
}

/// The request for the feed's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {}

/// The feed's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedState {
    /// The name of the log.
    pub epoch: String,
    /// The number of the last change.
    pub last: u64,
    /// The entries of the log.
    pub entries: u64,
    /// Those of which no ledger has said that KV holds them.
    pub unacknowledged: u64,
    /// The keys of which it has a record.
    pub keys: u64,
    /// The tenants that it ever heard of.
    pub tenants: u64,
    /// Those that are suspended.
    pub suspended: u64,
    /// The largest staleness that an edge stated in the last day, milliseconds; `None` if none did.
    pub max_staleness_ms: Option<u32>,
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

/// The erasure of a tenant, to be kept for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteErased {
    /// The tenant.
    pub tenant: TenantId,
}

/// The question whether this tenant was erased, or which tenants were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedQuery {
    /// The one tenant that is asked about; `None` for all.
    pub tenant: Option<TenantId>,
    /// The tenant after which the page begins; `None` at the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<TenantId>,
}

/// A page of the tenants that were erased, by name. The next one begins after the last of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedTenants {
    /// The tenants.
    pub tenants: Vec<TenantId>,
    /// Whether there are more.
    pub more: bool,
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
    /// Whether it was erased, or is being erased.
    #[serde(default)]
    pub erased: bool,
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
    fn the_messages_about_erased_tenants_are_golden() {
        let acme = TenantId::parse("acme").unwrap();
        let note = NoteErased { tenant: acme.clone() };
        assert_eq!(serde_json::to_string(&note).unwrap(), r#"{"tenant":"acme"}"#);
        for (tenant, after, text) in [
            (Some(acme.clone()), None, r#"{"tenant":"acme"}"#),
            (None, Some(acme.clone()), r#"{"tenant":null,"after":"acme"}"#),
        ] {
            let query = ErasedQuery { tenant, after };
            assert_eq!(serde_json::to_string(&query).unwrap(), text);
            assert_eq!(serde_json::from_str::<ErasedQuery>(text).unwrap(), query);
        }
        let page = ErasedTenants { tenants: vec![acme], more: false };
        assert_eq!(serde_json::to_string(&page).unwrap(), r#"{"tenants":["acme"],"more":false}"#);
    }

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
