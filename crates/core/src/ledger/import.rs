//! The import of keys into a ledger, by their digests.
//!
//! Each line stands for itself. A digest is taken once. A later line about it
//! changes nothing, and the fields in which it differs are told.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::lifecycle::{ImportedKey, Key};
use crate::base::{fields::FieldError, id::KeyId};

/// Lines that a ledger takes in one transaction.
pub const BATCH_LINES: usize = 250;

/// What came of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineResult {
    /// There is a key now that was not before.
    Imported {
        /// The key.
        id: KeyId,
    },
    /// There was such a key, and it stays as it is.
    Existing {
        /// The key.
        id: KeyId,
        /// The fields in which the line says something else.
        differs: Vec<String>,
    },
    /// Nothing was taken of it.
    Failed {
        /// Why.
        errors: Vec<FieldError>,
    },
}

impl LineResult {
    /// A line that failed for one of its fields.
    #[must_use]
    pub fn refused(field: &str, detail: impl Into<String>) -> Self {
        Self::Failed { errors: alloc::vec![FieldError { field: field.into(), detail: detail.into() }] }
    }

    /// As it stands in the answer.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Imported { .. } => "imported",
            Self::Existing { .. } => "existing",
            Self::Failed { .. } => "failed",
        }
    }
}

/// The fields in which a line says something else than the key that there is.
#[must_use]
pub fn differences(line: &ImportedKey, key: &Key) -> Vec<String> {
    let (new, record) = (&line.new, &key.record);
    [
        ("display", line.display == record.display),
        ("name", new.name == record.name),
        ("environment", new.subject == record.subject),
        ("scopes", new.scopes == record.scopes),
        ("expires_at", new.expires_at == record.expires_at.into()),
        ("allowed_ips", new.allowed_ips == record.allowed_ips),
        ("metadata", new.metadata == record.metadata),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(field, _)| field.to_string())
    .collect()
}
