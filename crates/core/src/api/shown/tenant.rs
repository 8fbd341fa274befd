//! Tenants.

use alloc::{string::String, vec::Vec};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Holds, ShownLimits};
use crate::{
    base::{id::TenantId, timestamp::Rfc3339},
    ledger::summary::KeyCounts,
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
