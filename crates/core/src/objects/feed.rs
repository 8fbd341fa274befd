//! The feed: one object, which every ledger publishes to and every isolate polls.

use serde::{Deserialize, Serialize};

use super::{Done, calls};
use crate::{
    base::id::TenantId,
    feed::{
        claim::{ClaimAnswer, ClaimRequest},
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
    // By edges: the changes since a cursor, a page at a time.
    PollRequest, "/poll" => PollAnswer;
    // By edges: one key's latest record, and its tenant's standing.
    CurrentRequest, "/current" => CurrentAnswer;
    // By ledgers: changes. The answer comes once they are durable.
    PublishRequest, "/publish" => PublishAnswer;
    // By ledgers: digests of keys that are to be imported, for one tenant.
    ClaimRequest, "/claim" => ClaimAnswer;
    // By ledgers: the versions that KV holds, so that the log may forget them a day later.
    AcknowledgeRequest, "/acknowledge" => Done;
    // By the management API: all tenants, a page at a time.
    TenantQuery, "/tenants" => TenantPage;
}

/// A page of the list of tenants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantPage {
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
    /// By name.
    pub tenants: Vec<ListedTenant>,
}

/// A tenant as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedTenant {
    /// When the feed first heard of it, RFC 3339.
    pub created_at: String,
    /// Whether its keys are refused now.
    pub suspended: bool,
    /// Its name.
    pub tenant: TenantId,
}
