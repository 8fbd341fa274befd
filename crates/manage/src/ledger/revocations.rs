//! Which keys a revocation of many concerns, and when it is in effect.

use keystile_core::{KeyId, Timestamp};
use keystile_runtime::database::Database;
use serde::Deserialize;
use serde_json::Value;
use worker::Result;

/// The keys that were granted this scope literally, or all if it is `""`, that are living, or revoked without the feed
/// having taken that: `most` at most.
pub(crate) fn to_revoke(database: &Database, scope: &str, most: usize, now: Timestamp) -> Result<Vec<KeyId>> {
    #[derive(Deserialize)]
    struct Row {
        id: KeyId,
    }
    // Some of those that count as living may have expired since.
    let living = "SELECT place.id FROM key_places AS place JOIN keys ON keys.id = place.id
         WHERE place.scope = ? AND place.status IN ('active', 'disabled')
         AND (keys.expires_at IS NULL OR keys.expires_at > ?) LIMIT ?";
    let bindings = vec![scope.into(), now.as_millis().into(), (most as i64).into()];
    let mut rows: Vec<Row> = database.rows(living, bindings)?;
    let untaken = "SELECT id FROM keys WHERE state = 'revoked' AND effective_by IS NULL
         AND (?1 = '' OR EXISTS (SELECT 1 FROM json_each(keys.record, '$.scopes') WHERE value = ?1)) LIMIT ?2";
    let left = most.saturating_sub(rows.len()) as i64;
    rows.extend(database.rows::<Row>(untaken, vec![scope.into(), left.into()])?);
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// When the present versions of all these keys are in effect: `Some(None)` if there are no keys, `None` if the feed has
/// yet to take one of them.
#[allow(clippy::option_option, reason = "no keys are in effect at once, which is a time that only the caller knows")]
pub(crate) fn in_effect(database: &Database, ids: &[KeyId]) -> Result<Option<Option<Timestamp>>> {
    #[derive(Default, Deserialize)]
    struct Effect {
        effective_by: Option<Timestamp>,
        untaken: u64,
    }
    let ids = Value::from_iter(ids.iter().map(KeyId::as_str)).to_string();
    let effect: Option<Effect> = database.row(
        "SELECT max(effective_by) AS effective_by, count(*) - count(effective_by) AS untaken
         FROM keys WHERE id IN (SELECT value FROM json_each(?))",
        vec![ids.into()],
    )?;
    let effect = effect.unwrap_or_default();
    Ok((effect.untaken == 0).then_some(effect.effective_by))
}
