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
    },
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
    // The management API asks for all tenants, a page at a time.
    TenantQuery, "/tenants" => TenantPage;
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
