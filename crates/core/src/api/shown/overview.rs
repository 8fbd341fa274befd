//! The overview of all tenants.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{
    base::{
        id::{KeyId, TenantId},
        timestamp::Rfc3339,
    },
    key::Environment,
    ledger::summary::{KeyCounts, LISTED},
};

/// All tenants, as `GET /v1/overview` shows them.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownOverview {
    /// The time of the answer.
    pub as_of: Rfc3339,
    /// Living keys that expire soon, the soonest first.
    pub expiring: ShownKeyList,
    pub keys: KeyCounts,
    pub near_caps: ShownNearCaps,
    pub suspended: u64,
    pub tenants: u64,
    /// Living keys that are unused, the longest first.
    pub unused: ShownKeyList,
}

/// The first keys of a list.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownKeyList {
    pub keys: Vec<ShownListedKey>,
    /// Whether there are others.
    pub more: bool,
}

impl ShownKeyList {
    /// The first [`LISTED`] keys of these. `cut` says that others were left out of them.
    #[must_use]
    pub fn new(mut keys: Vec<ShownListedKey>, cut: bool) -> Self {
        let more = cut || keys.len() > LISTED;
        keys.truncate(LISTED);
        Self { keys, more }
    }
}

/// A living key.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownListedKey {
    pub created_at: Rfc3339,
    pub display: String,
    pub environment: Environment,
    pub expires_at: Option<Rfc3339>,
    pub id: KeyId,
    /// To the hour.
    pub last_used_at: Option<Rfc3339>,
    pub name: String,
    pub tenant: TenantId,
}

/// The first tenants of those that have, or almost have, as many active keys as they may.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownNearCaps {
    /// Whether there are others.
    pub more: bool,
    /// The fullest first.
    pub tenants: Vec<ShownNearCap>,
}

impl ShownNearCaps {
    /// The first [`LISTED`] tenants of these.
    #[must_use]
    pub fn new(mut tenants: Vec<ShownNearCap>) -> Self {
        let more = tenants.len() > LISTED;
        tenants.truncate(LISTED);
        Self { more, tenants }
    }
}

/// A tenant that has, or almost has, as many active keys as it may.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownNearCap {
    pub active_keys: u64,
    pub max_active_keys: u32,
    pub plan: Option<String>,
    pub tenant: TenantId,
}
