//! Moves a ledger's values in KV to new addresses after a rotation of `KEYSTILE_SECRET`.
//!
//! Every key's record, and the tenant's status if there is one, is put into KV again at the address that the newest
//! secret gives it. This is done in batches at a set pace. Until a key has been moved, the edge finds it at the address
//! that an older secret gives it.

use keystile_core::{Keyring, Timestamp, ledger::summary::SecretCount};
use keystile_runtime::log;
use serde::Deserialize;
use worker::Result;

use super::{keys, outbox::Changed, secrets, suspension};
use keystile_runtime::database::Database;

/// The number of keys that are enqueued at a time.
const BATCH: i64 = 20;
/// The time between two batches.
const PAUSE_MS: i64 = 1_000;

#[derive(Deserialize)]
struct Row {
    fingerprint: String,
    after_id: Option<String>,
    due_at: Option<Timestamp>,
}

fn find(database: &Database) -> Result<Option<Row>> {
    database.row("SELECT fingerprint, after_id, due_at FROM addressing", vec![])
}

/// Starts the job if the newest secret has changed.
pub(crate) fn begin_if_rotated(database: &Database, keyring: &Keyring, now: Timestamp) -> Result<()> {
    let newest = keyring.newest_fingerprint();
    if find(database)?.is_some_and(|row| row.fingerprint == newest) {
        return Ok(());
    }
    // A ledger without keys and without a tenant's status has nothing to move.
    let something = keys::exist(database)? || suspension::find(database)?.is_some();
    let (after, due_at) = if something { (Some(""), Some(now.as_millis())) } else { (None, None) };
    database.execute(
        "INSERT OR REPLACE INTO addressing (one, fingerprint, after_id, due_at) VALUES (1, ?, ?, ?)",
        vec![newest.into(), after.into(), due_at.into()],
    )
}

/// The time from which the next batch may be enqueued, if the job is running.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    Ok(find(database)?.filter(|row| row.after_id.is_some()).and_then(|row| row.due_at))
}

/// Enqueues the next batch for KV if it is time. A key whose newest change has yet to be put into KV is skipped, since
/// that put uses the new address anyway.
pub(crate) fn enqueue_batch(database: &Database, now: Timestamp) -> Result<()> {
    #[derive(Deserialize)]
    struct Key {
        id: String,
        version: u64,
    }
    let Some(Row { after_id: Some(after), due_at, .. }) = find(database)? else { return Ok(()) };
    if due_at.is_some_and(|due| now < due) {
        return Ok(());
    }
    database.transaction(|| {
        let batch: Vec<Key> = database.rows(
            "SELECT id, version FROM keys WHERE id > ? ORDER BY id LIMIT ?",
            vec![after.as_str().into(), BATCH.into()],
        )?;
        let again = |subject: &str, version: u64| {
            database.execute(
                "INSERT INTO outbox (subject, version, stage, attempts, due_at) VALUES (?1, ?2, 'put', 0, ?3)
                 ON CONFLICT (subject) DO UPDATE SET stage = 'put', attempts = 0, due_at = ?3
                 WHERE stage IN ('confirm', 'acknowledge')",
                vec![subject.into(), (version as i64).into(), now.as_millis().into()],
            )
        };
        for key in &batch {
            again(&key.id, key.version)?;
        }
        if after.is_empty()
            && let Some(suspension) = suspension::find(database)?
        {
            again(&Changed::Tenant.name(), suspension.stated.version)?;
        }
        let (after, due_at) = match batch.last() {
            Some(last) => (Some(last.id.clone()), Some(now.plus_millis(PAUSE_MS).as_millis())),
            None => (None, None),
        };
        database.execute("UPDATE addressing SET after_id = ?, due_at = ?", vec![after.into(), due_at.into()])
    })
}

/// Logs a warning about keys whose tags were made with a secret that is no longer configured: the edge refuses them,
/// and somebody should know.
pub(crate) fn warn_of_missing_secrets(database: &Database, keyring: &Keyring, now: Timestamp) -> Result<()> {
    for SecretCount { fingerprint, keys } in secrets::counts(database, now)? {
        if !keyring.fingerprints().any(|configured| configured == fingerprint) {
            log::warn("secret_of_live_keys_missing", &[("fingerprint", fingerprint.into()), ("keys", keys.into())]);
        }
    }
    Ok(())
}
