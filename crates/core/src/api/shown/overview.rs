//! The overview of all tenants.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use super::SecretUse;
use crate::{
    base::{
        id::{KeyId, TenantId},
        timestamp::Rfc3339,
    },
    key::Environment,
    ledger::summary::{KeyCounts, LISTED, SecretCount},
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
    /// The configured secrets, newest first, and missing ones that living keys need.
    pub secrets: Vec<SharedSecret>,
    /// The number of tenants that have yet to say on which secrets their keys depend.
    pub secrets_unknown: u64,
    pub suspended: u64,
    pub tenants: u64,
    /// Living keys that are unused, the longest first.
    pub unused: ShownKeyList,
}

/// A secret, and how many living keys it has tagged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct SharedSecret {
    /// Whether `KEYSTILE_SECRET` still has it.
    pub configured: bool,
    pub fingerprint: String,
    /// Of all tenants.
    pub keys: u64,
    pub operators: u64,
}

impl SharedSecret {
    /// The secrets that keys of tenants, or of operators, depend on.
    #[must_use]
    pub fn list(configured: &[String], tenants: &[SecretCount], operators: &[SecretCount]) -> Vec<Self> {
        let all: Vec<SecretCount> = tenants.iter().chain(operators).cloned().collect();
        let of = |counts: &[SecretCount], fingerprint: &str| {
            counts.iter().filter(|count| count.fingerprint == fingerprint).map(|count| count.keys).sum()
        };
        let shared = |SecretUse { configured, fingerprint, keys: _ }| Self {
            configured,
            keys: of(tenants, &fingerprint),
            operators: of(operators, &fingerprint),
            fingerprint,
        };
        SecretUse::list(configured.iter().map(String::as_str), &all).into_iter().map(shared).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_secret_is_needed_as_long_as_a_tenant_or_an_operator_needs_it() {
        let count = |fingerprint: &str, keys| SecretCount { fingerprint: fingerprint.into(), keys };
        let secrets = SharedSecret::list(&["new".into()], &[count("new", 3)], &[count("old", 1)]);
        let shown: Vec<_> = secrets.iter().map(|it| (it.fingerprint.as_str(), it.keys, it.operators)).collect();
        assert_eq!(shown, [("new", 3, 0), ("old", 0, 1)]);
        assert!(!secrets[1].configured);
    }
}
