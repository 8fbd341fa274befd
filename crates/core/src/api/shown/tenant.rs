//! Tenants.

use alloc::{string::String, vec::Vec};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Holds, ShownLimits};
use crate::{
    base::{id::TenantId, timestamp::Rfc3339},
    ledger::{
        revocation::RevokedKey,
        summary::{KeyCounts, SecretCount},
    },
};

/// A tenant, as `GET /v1/tenants/{tenant}` shows it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownTenant {
    /// When a change of its rate limits and quotas is in effect everywhere. Only after such a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_by: Option<Rfc3339>,
    /// Only of a tenant that was erased, or is being erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erasure: Option<ShownErasure>,
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
    /// Of its status and settings; the ETag.
    pub version: u64,
}

/// How far the erasure of a tenant is.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownErasure {
    pub begun_at: Rfc3339,
    /// When the last of it was gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Rfc3339>,
    pub erased_by: Rfc3339,
    /// Keys of which something may be left in this deployment.
    pub keys_left: u64,
}

/// The answer to the order to erase a tenant.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct OrderedErasure {
    /// When all of it is gone.
    pub erased_by: Rfc3339,
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

impl SecretUse {
    /// The configured secrets, newest first, followed by missing ones with which living keys were tagged.
    #[must_use]
    pub fn list<'a>(configured: impl Iterator<Item = &'a str>, counts: &[SecretCount]) -> Vec<Self> {
        let keys_of = |fingerprint: &str| {
            counts.iter().filter(|count| count.fingerprint == fingerprint).map(|count| count.keys).sum()
        };
        let mut uses: Vec<Self> = configured
            .map(|fingerprint| Self { configured: true, fingerprint: fingerprint.into(), keys: keys_of(fingerprint) })
            .collect();
        for SecretCount { fingerprint, .. } in counts.iter().filter(|count| count.keys > 0) {
            if !uses.iter().any(|secret| secret.fingerprint == *fingerprint) {
                let keys = keys_of(fingerprint);
                uses.push(Self { configured: false, fingerprint: fingerprint.clone(), keys });
            }
        }
        uses
    }
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
    /// Of the tenant's status and settings; the ETag.
    pub version: u64,
}

/// The outcome of a revocation of many keys.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownRevocations {
    pub already_revoked: usize,
    /// When all of them are refused everywhere.
    pub effective_by: Rfc3339,
    pub holds: Holds,
    /// Whether others are left to revoke.
    pub more: bool,
    pub not_found: usize,
    pub results: Vec<RevokedKey>,
    pub revoked: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn configured_secrets_come_first_and_a_missing_one_is_listed_while_keys_need_it() {
        let count = |fingerprint: &str, keys| SecretCount { fingerprint: fingerprint.into(), keys };
        let counts = [count("gone", 2), count("old", 1), count("old", 3), count("over", 0), count("gone", 5)];
        let uses = SecretUse::list(["new", "old"].into_iter(), &counts);
        let shown: Vec<_> = uses.iter().map(|it| (it.fingerprint.as_str(), it.keys, it.configured)).collect();
        assert_eq!(shown, [("new", 0, true), ("old", 4, true), ("gone", 7, false)]);
    }
}
