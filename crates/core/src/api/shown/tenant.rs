//! Tenants.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Holds, ShownLimits};
use crate::{
    base::{id::TenantId, timestamp::Rfc3339},
    ledger::lifecycle::KeyStatus,
};

/// A tenant, as `GET /v1/tenants/{tenant}` shows it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownTenant {
    /// When a change of its rate limits and quotas is in effect everywhere. Only after such a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_by: Option<Rfc3339>,
    pub keys: KeyCounts,
    /// Those in force.
    pub limits: ShownLimits,
    /// Those that are set for this tenant alone.
    pub own_limits: ShownLimits,
    pub plan: Option<String>,
    /// Its own values.
    pub quotas: Map<String, Value>,
    /// Its own values.
    pub rate_limits: Map<String, Value>,
    pub secrets: Vec<SecretUse>,
    pub suspended: bool,
    pub tenant: TenantId,
}

/// The number of keys with each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct KeyCounts {
    pub active: u64,
    pub disabled: u64,
    pub expired: u64,
    pub revoked: u64,
}

impl FromIterator<(KeyStatus, u64)> for KeyCounts {
    fn from_iter<I: IntoIterator<Item = (KeyStatus, u64)>>(counts: I) -> Self {
        let mut all = Self::default();
        for (status, keys) in counts {
            let count = match status {
                KeyStatus::Active => &mut all.active,
                KeyStatus::Disabled => &mut all.disabled,
                KeyStatus::Expired => &mut all.expired,
                KeyStatus::Revoked => &mut all.revoked,
            };
            *count += keys;
        }
        all
    }
}

/// A secret, and how many living keys it has tagged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct SecretUse {
    /// Whether `KEYSTILE_SECRET` still has it.
    pub configured: bool,
    pub fingerprint: String,
    pub keys: u64,
}

/// Whether a tenant is suspended, as the operations that change it show it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownSuspension {
    pub effective_by: Rfc3339,
    pub holds: Holds,
    /// Active keys, which it concerns.
    pub keys: u64,
    pub suspended: bool,
    pub tenant: TenantId,
}
