//! The outbox: what the feed and KV have yet to be told. This is the table; `keystile_core::feed::outbox` defines the
//! stages and times.

use keystile_core::{
    KeyId, Timestamp,
    feed::outbox::{OutboxEntry, Stage},
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// The time for which publishing a change is left to the request that made it. If that request is killed, the alarm
/// takes over afterwards.
const LEFT_TO_THE_REQUEST_MS: i64 = 3_000;

/// The subject of a row: a key or tenant that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// A key.
    Key(KeyId),
    /// The whole tenant's status.
    Tenant,
}

impl Changed {
    const TENANT: &'static str = "tenant";

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Key(id) => id.as_str(),
            Self::Tenant => Self::TENANT,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == Self::TENANT { Some(Self::Tenant) } else { KeyId::parse(text).map(Self::Key) }
    }
}

/// A row of the outbox.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) subject: Changed,
    pub(crate) entry: OutboxEntry,
}

#[derive(Deserialize)]
struct Row {
    subject: String,
    version: u64,
    stage: Stage,
    attempts: u32,
    due_at: Timestamp,
}

impl Row {
    fn into_due(self) -> Option<Due> {
        let Self { subject, version, stage, attempts, due_at } = self;
        Some(Due { subject: Changed::parse(&subject)?, entry: OutboxEntry { version, stage, attempts, due_at } })
    }
}

/// Enqueues a change that was just made. It replaces an earlier change of the subject, even one that is being carried
/// out.
pub(crate) fn enqueue(database: &Database, subject: &Changed, version: u64, now: Timestamp) -> Result<()> {
    let entry = OutboxEntry { due_at: now.plus_millis(LEFT_TO_THE_REQUEST_MS), ..OutboxEntry::new(version, now) };
    database.execute(
        "INSERT OR REPLACE INTO outbox (subject, version, stage, attempts, due_at) VALUES (?, ?, ?, ?, ?)",
        vec![
            subject.as_str().into(),
            (entry.version as i64).into(),
            stage_name(entry.stage).into(),
            i64::from(entry.attempts).into(),
            entry.due_at.as_millis().into(),
        ],
    )
}

/// The row of the subject, if it has yet to be published.
pub(crate) fn unpublished(database: &Database, subject: &Changed) -> Result<Option<Due>> {
    let row: Option<Row> = database.row(
        "SELECT subject, version, stage, attempts, due_at FROM outbox WHERE subject = ? AND stage = 'publish'",
        vec![subject.as_str().into()],
    )?;
    Ok(row.and_then(Row::into_due))
}

/// The rows that are due at a stage, the longest overdue first.
pub(crate) fn due(database: &Database, stage: Stage, now: Timestamp, limit: usize) -> Result<Vec<Due>> {
    let rows: Vec<Row> = database.rows(
        "SELECT subject, version, stage, attempts, due_at FROM outbox
         WHERE stage = ? AND due_at <= ? ORDER BY due_at LIMIT ?",
        vec![stage_name(stage).into(), now.as_millis().into(), (limit as i64).into()],
    )?;
    Ok(rows.into_iter().filter_map(Row::into_due).collect())
}

/// The time when the next row is due. It is queried stage by stage, each of which is one step in the index, since
/// thousands of rows wait there after an import.
pub(crate) fn earliest(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Earliest {
        due_at: Option<Timestamp>,
    }
    let mut earliest = None;
    for stage in [Stage::Publish, Stage::Put, Stage::Confirm, Stage::Acknowledge] {
        let query = "SELECT min(due_at) AS due_at FROM outbox WHERE stage = ?";
        let of_stage: Option<Earliest> = database.row(query, vec![stage_name(stage).into()])?;
        earliest = [earliest, of_stage.and_then(|of_stage| of_stage.due_at)].into_iter().flatten().min();
    }
    Ok(earliest)
}

/// Moves a row to its next stage, or back, from the state in which its stage was begun. A row that has changed in the
/// meantime stays, since it is about a newer change.
pub(crate) fn replace(database: &Database, was: &Due, next: Option<OutboxEntry>) -> Result<()> {
    let stands = [was.subject.as_str().into(), (was.entry.version as i64).into(), stage_name(was.entry.stage).into()];
    let next = match was.subject {
        Changed::Key(_) => next,
        // The feed never forgets a suspension, so it need not know that KV has it.
        Changed::Tenant => next.filter(|entry| entry.stage != Stage::Acknowledge),
    };
    let Some(next) = next else {
        let delete = "DELETE FROM outbox WHERE subject = ? AND version = ? AND stage = ?";
        return database.execute(delete, stands.to_vec());
    };
    let changed = [stage_name(next.stage).into(), i64::from(next.attempts).into(), next.due_at.as_millis().into()];
    database.execute(
        "UPDATE outbox SET stage = ?, attempts = ?, due_at = ? WHERE subject = ? AND version = ? AND stage = ?",
        changed.into_iter().chain(stands).collect(),
    )
}

/// The name of the stage in the column.
const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Publish => "publish",
        Stage::Put => "put",
        Stage::Confirm => "confirm",
        Stage::Acknowledge => "acknowledge",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_and_subjects_read_back() {
        for stage in [Stage::Publish, Stage::Put, Stage::Confirm, Stage::Acknowledge] {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage_name(stage));
        }
        let key = Changed::Key(KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap());
        for subject in [key, Changed::Tenant] {
            assert_eq!(Changed::parse(subject.as_str()), Some(subject));
        }
    }
}
