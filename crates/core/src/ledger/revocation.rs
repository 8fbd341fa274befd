//! The revocation of many keys of a tenant at once.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{access::scope::Scope, base::id::KeyId};

/// The maximum number of keys that one request revokes. That is one transaction of the ledger.
pub const MAX_REVOKED: usize = 1_000;

/// The keys that are to be revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    /// These.
    Ids(Vec<KeyId>),
    /// The living keys that were granted this scope literally.
    Scope(Scope),
    /// All living keys of the tenant.
    All,
}

/// The outcome for one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct RevokedKey {
    pub id: KeyId,
    pub status: RevokedStatus,
}

/// The outcome for one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedStatus {
    /// It was revoked earlier, and stays as it is.
    AlreadyRevoked,
    /// The tenant has no such key.
    NotFound,
    /// It is revoked now.
    Revoked,
}

impl RevokedStatus {
    /// The number of keys with this outcome.
    #[must_use]
    pub fn count(self, results: &[RevokedKey]) -> usize {
        results.iter().filter(|result| result.status == self).count()
    }
}
