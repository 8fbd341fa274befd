//! The import of keys into a ledger, by their digests.
//!
//! Each line is judged by itself. A digest is imported once. A later line about it changes nothing; the answer names
//! the fields that differ.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::lifecycle::{ImportedKey, Key, NewKey};
use crate::{
    base::{fields::FieldError, id::KeyId},
    limits::{definition::ConfiguredLimits, own_patch::LimitField},
};

/// The maximum number of lines in one transaction of a ledger.
pub const BATCH_LINES: usize = 250;

/// The result of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineResult {
    /// The line made a new key.
    Imported {
        /// The key.
        id: KeyId,
    },
    /// The key existed already, and it stays as it is.
    Existing {
        /// The key.
        id: KeyId,
        /// The fields in which the line differs from the key.
        differs: Vec<String>,
    },
    /// Nothing of the line was imported.
    Failed {
        /// The reasons.
        errors: Vec<FieldError>,
    },
}

impl LineResult {
    /// The result of a line that failed because of one field.
    #[must_use]
    pub fn refused(field: &str, detail: impl Into<String>) -> Self {
        Self::Failed { errors: alloc::vec![FieldError { field: field.into(), detail: detail.into() }] }
    }

    /// The `status` of the line in the answer.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Imported { .. } => "imported",
            Self::Existing { .. } => "existing",
            Self::Failed { .. } => "failed",
        }
    }
}

/// The fields in which a line differs from the existing key.
#[must_use]
pub fn differences(line: &ImportedKey, key: &Key, configured: &ConfiguredLimits) -> Vec<String> {
    // Every field is named, so that the compiler asks about a new one.
    let ImportedKey { digest: _, display, new, created_at, revoked } = line;
    let NewKey { name, subject, scopes, expires_at, allowed_ips, metadata, own_limits } = new;
    let record = &key.record;
    let same_limits = |field| own_limits.shown(configured, field) == key.own_limits.shown(configured, field);
    [
        ("display", *display == record.display),
        ("name", *name == record.name),
        ("environment", *subject == record.subject),
        ("scopes", *scopes == record.scopes),
        ("expires_at", *expires_at == record.expires_at.into()),
        ("allowed_ips", *allowed_ips == record.allowed_ips),
        ("metadata", *metadata == record.metadata),
        (LimitField::RateLimits.as_str(), same_limits(LimitField::RateLimits)),
        (LimitField::Quotas.as_str(), same_limits(LimitField::Quotas)),
        ("created_at", created_at.is_none_or(|created_at| created_at == record.created_at)),
        ("status", !revoked || key.revocation.is_some()),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(field, _)| field.to_string())
    .collect()
}
