//! The numbers of living keys by the secret that tagged them. Triggers keep them, so no key is read. Imported keys have
//! no tag and are not counted.

use keystile_core::{Timestamp, ledger::summary::SecretCount};
use keystile_runtime::database::Database;
use worker::Result;

use super::expiry;

/// The living keys of each secret.
pub(crate) fn counts(database: &Database, now: Timestamp) -> Result<Vec<SecretCount>> {
    expiry::notice(database, now)?;
    database.rows("SELECT secret AS fingerprint, keys FROM secret_counts WHERE keys > 0 ORDER BY secret", vec![])
}
