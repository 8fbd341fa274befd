//! The table of the job that moves a ledger's values in KV to new addresses after a rotation of `KEYSTILE_SECRET`.
//! [`moving`](super::moving) carries it out.

use keystile_core::{KeyId, Keyring, Timestamp, ledger::summary::SecretCount};
use keystile_runtime::log;
use serde::Deserialize;
use worker::Result;

use super::{keys, outbox::Changed, secrets, suspension};
use keystile_runtime::database::Database;

/// The time after which the job goes on that KV has failed.
const PAUSE_MS: i64 = 10_000;

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

/// When the job goes on, if it is running.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    Ok(find(database)?.filter(|row| row.after_id.is_some()).and_then(|row| row.due_at))
}

/// The next keys to move.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) ids: Vec<KeyId>,
    /// Whether there are no others.
    pub(super) is_last: bool,
}

/// The next keys to move, this many at most, if it is time.
pub(super) fn next(database: &Database, most: usize, now: Timestamp) -> Result<Option<Batch>> {
    #[derive(Deserialize)]
    struct Key {
        id: KeyId,
    }
    let Some(Row { after_id: Some(after), due_at, .. }) = find(database)? else { return Ok(None) };
    if due_at.is_some_and(|due| now < due) {
        return Ok(None);
    }
    if after.is_empty() {
        enqueue_status(database, now)?;
    }
    let query = "SELECT id FROM keys WHERE id > ? ORDER BY id LIMIT ?";
    let keys: Vec<Key> = database.rows(query, vec![after.into(), (most as i64).into()])?;
    let is_last = keys.len() < most;
    Ok(Some(Batch { ids: keys.into_iter().map(|key| key.id).collect(), is_last }))
}

/// The tenant's status is one row, so it goes the way of a change. If it has yet to be put, that is done at all addresses.
fn enqueue_status(database: &Database, now: Timestamp) -> Result<()> {
    let Some(suspension) = suspension::find(database)? else { return Ok(()) };
    database.execute(
        "INSERT INTO outbox (subject, version, stage, attempts, due_at) VALUES (?1, ?2, 'put', 0, ?3)
         ON CONFLICT (subject) DO UPDATE SET stage = 'put', attempts = 0, due_at = ?3
         WHERE stage IN ('confirm', 'acknowledge')",
        vec![Changed::Tenant.name().as_ref().into(), (suspension.stated.version as i64).into(), now.as_millis().into()],
    )
}

/// Notes that the keys up to this one have moved.
pub(super) fn moved(database: &Database, last: &KeyId) -> Result<()> {
    database.execute("UPDATE addressing SET after_id = ?", vec![last.as_str().into()])
}

/// Goes on later, since KV failed.
pub(super) fn put_off(database: &Database, now: Timestamp) -> Result<()> {
    database.execute("UPDATE addressing SET due_at = ?", vec![now.plus_millis(PAUSE_MS).as_millis().into()])
}

/// Notes that all keys have moved.
pub(super) fn end(database: &Database) -> Result<()> {
    database.execute("UPDATE addressing SET after_id = NULL, due_at = NULL", vec![])
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
