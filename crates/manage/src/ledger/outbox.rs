//! The outbox: what the feed and KV, and the limiter, have yet to be told. This is the table;
//! `keystile_core::feed::outbox` defines the stages and times.

use std::borrow::Cow;

use keystile_core::{
    KeyId, Timestamp,
    feed::outbox::{OutboxEntry, Stage},
    ledger::summary::StageCount,
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::{database::Database, event_outbox};

/// The time for which publishing a change is left to the request that made it. If that request is killed, the alarm
/// takes over afterwards.
const LEFT_TO_THE_REQUEST_MS: i64 = 3_000;
/// The number of rows at a stage that a report counts at most.
const MOST_COUNTED: i64 = 100;

/// The subject of a row: a key or tenant that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// A key.
    Key(KeyId),
    /// The whole tenant's status.
    Tenant,
    /// The tenant's plan, or its own rate limits and quotas. This and all that follow are for the limiter alone.
    TenantLimits,
    /// A key's own rate limits and quotas, or the key as which it counts.
    KeyLimits(KeyId),
    /// An addition to a quota, by its id.
    Addition(String),
}

impl Changed {
    const TENANT: &'static str = "tenant";
    const TENANT_LIMITS: &'static str = "limits";
    const KEY_LIMITS: &'static str = "limits/";
    const ADDITION: &'static str = "addition/";

    /// The subject as the column has it.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Key(id) => id.as_str().into(),
            Self::Tenant => Self::TENANT.into(),
            Self::TenantLimits => Self::TENANT_LIMITS.into(),
            Self::KeyLimits(id) => format!("{}{id}", Self::KEY_LIMITS).into(),
            Self::Addition(id) => format!("{}{id}", Self::ADDITION).into(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(id) = text.strip_prefix(Self::KEY_LIMITS) {
            return KeyId::parse(id).map(Self::KeyLimits);
        }
        if let Some(id) = text.strip_prefix(Self::ADDITION) {
            return Some(Self::Addition(id.into()));
        }
        match text {
            Self::TENANT => Some(Self::Tenant),
            Self::TENANT_LIMITS => Some(Self::TenantLimits),
            id => KeyId::parse(id).map(Self::Key),
        }
    }

    const fn first_entry(&self, version: u64, now: Timestamp) -> OutboxEntry {
        match self {
            Self::Key(_) | Self::Tenant => OutboxEntry::new(version, now),
            Self::TenantLimits | Self::KeyLimits(_) | Self::Addition(_) => OutboxEntry::for_limiter(version, now),
        }
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
/// out. If that is published again, this is.
pub(crate) fn enqueue(database: &Database, subject: &Changed, version: u64, now: Timestamp) -> Result<()> {
    enqueue_at(database, subject, version, now.plus_millis(LEFT_TO_THE_REQUEST_MS))
}

/// Enqueues a change that no request publishes.
pub(crate) fn enqueue_at(database: &Database, subject: &Changed, version: u64, due_at: Timestamp) -> Result<()> {
    let entry = subject.first_entry(version, due_at);
    database.execute(
        "INSERT INTO outbox (subject, version, stage, attempts, due_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (subject) DO UPDATE SET
             version = excluded.version, stage = excluded.stage, attempts = excluded.attempts, due_at = excluded.due_at",
        vec![
            subject.name().as_ref().into(),
            (entry.version as i64).into(),
            entry.stage.as_str().into(),
            i64::from(entry.attempts).into(),
            entry.due_at.as_millis().into(),
        ],
    )
}

/// The row of the subject, if it is at this stage.
pub(crate) fn find(database: &Database, subject: &Changed, stage: Stage) -> Result<Option<Due>> {
    let row: Option<Row> = database.row(
        "SELECT subject, version, stage, attempts, due_at FROM outbox WHERE subject = ? AND stage = ?",
        vec![subject.name().as_ref().into(), stage.as_str().into()],
    )?;
    Ok(row.and_then(Row::into_due))
}

/// The rows that are due at a stage, the longest overdue first.
pub(crate) fn due(database: &Database, stage: Stage, now: Timestamp, limit: usize) -> Result<Vec<Due>> {
    let rows: Vec<Row> = database.rows(
        "SELECT subject, version, stage, attempts, due_at FROM outbox
         WHERE stage = ? AND due_at <= ? ORDER BY due_at LIMIT ?",
        vec![stage.as_str().into(), now.as_millis().into(), (limit as i64).into()],
    )?;
    Ok(rows.into_iter().filter_map(Row::into_due).collect())
}

/// The rows for the limiter, no matter when they are due, the longest overdue first.
pub(crate) fn for_limiter(database: &Database, limit: usize) -> Result<Vec<Due>> {
    let rows: Vec<Row> = database.rows(
        "SELECT subject, version, stage, attempts, due_at FROM outbox WHERE stage = ? ORDER BY due_at LIMIT ?",
        vec![Stage::Tell.as_str().into(), (limit as i64).into()],
    )?;
    Ok(rows.into_iter().filter_map(Row::into_due).collect())
}

/// The number of rows at each stage that has any. A hundred at a stage are as many as are counted: after an import there
/// are very many, and each report counts them.
pub(crate) fn counts(database: &Database) -> Result<Vec<StageCount>> {
    let counts = Stage::ALL.into_iter().map(|stage| {
        if stage == Stage::Record {
            return Ok(StageCount { stage, entries: event_outbox::waiting(database, MOST_COUNTED)? });
        }
        let count: Option<Count> = database.row(
            "SELECT count(*) AS entries FROM (SELECT 1 FROM outbox WHERE stage = ? LIMIT ?)",
            vec![stage.as_str().into(), MOST_COUNTED.into()],
        )?;
        Ok(StageCount { stage, entries: count.map_or(0, |count| count.entries) })
    });
    let counts = counts.collect::<Result<Vec<_>>>()?;
    Ok(counts.into_iter().filter(|count| count.entries > 0).collect())
}

/// Whether nothing waits.
pub(super) fn is_empty(database: &Database) -> Result<bool> {
    let first: Option<Count> = database.row("SELECT 1 AS entries FROM outbox LIMIT 1", vec![])?;
    Ok(first.is_none())
}

#[derive(Deserialize)]
struct Count {
    entries: u64,
}

/// The time when the next row for the feed or KV is due. It is queried stage by stage, each of which is one step in the
/// index, since thousands of rows wait there after an import.
pub(crate) fn earliest(database: &Database) -> Result<Option<Timestamp>> {
    let stages = [Stage::Publish, Stage::Put, Stage::Confirm, Stage::Acknowledge];
    let due = stages.into_iter().map(|stage| earliest_of(database, stage)).collect::<Result<Vec<_>>>()?;
    Ok(due.into_iter().flatten().min())
}

/// The time when the next row for the limiter is due.
pub(crate) fn earliest_for_limiter(database: &Database) -> Result<Option<Timestamp>> {
    earliest_of(database, Stage::Tell)
}

fn earliest_of(database: &Database, stage: Stage) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Earliest {
        due_at: Option<Timestamp>,
    }
    let query = "SELECT min(due_at) AS due_at FROM outbox WHERE stage = ?";
    let earliest: Option<Earliest> = database.row(query, vec![stage.as_str().into()])?;
    Ok(earliest.and_then(|earliest| earliest.due_at))
}

/// Moves a row to its next stage, or back, from the state in which its stage was begun. A row that has changed in the
/// meantime stays, since it is about a newer change.
pub(crate) fn replace(database: &Database, was: &Due, next: Option<OutboxEntry>) -> Result<()> {
    let stands =
        [was.subject.name().as_ref().into(), (was.entry.version as i64).into(), was.entry.stage.as_str().into()];
    let next = match was.subject {
        // The feed never forgets a suspension, so it need not know that KV has it.
        Changed::Tenant => next.filter(|entry| entry.stage != Stage::Acknowledge),
        _ => next,
    };
    let Some(next) = next else {
        let delete = "DELETE FROM outbox WHERE subject = ? AND version = ? AND stage = ?";
        return database.execute(delete, stands.to_vec());
    };
    let changed = [next.stage.as_str().into(), i64::from(next.attempts).into(), next.due_at.as_millis().into()];
    database.execute(
        "UPDATE outbox SET stage = ?, attempts = ?, due_at = ? WHERE subject = ? AND version = ? AND stage = ?",
        changed.into_iter().chain(stands).collect(),
    )
}

/// Notes that the feed has refused a subject that is published again, so it is no more waited for.
pub(crate) fn refused_again(database: &Database, subject: &Changed) -> Result<()> {
    let update = "UPDATE outbox SET again = 0 WHERE subject = ? AND again = 1";
    database.execute(update, vec![subject.name().as_ref().into()])
}

/// Whether something is published again of which the feed hasn't answered yet.
pub(crate) fn is_published_again(database: &Database) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    // The index by stage has all that was ever left at this one.
    let query = "SELECT 1 AS one FROM outbox INDEXED BY outbox_again WHERE again = 1 AND stage = 'publish' LIMIT 1";
    let one: Option<One> = database.row(query, vec![])?;
    Ok(one.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_and_subjects_read_back() {
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
        }
        let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        for (subject, name) in [
            (Changed::Key(id.clone()), "key_4bTzV9cXk07Hq2mN1pRs"),
            (Changed::Tenant, "tenant"),
            (Changed::TenantLimits, "limits"),
            (Changed::KeyLimits(id), "limits/key_4bTzV9cXk07Hq2mN1pRs"),
            (Changed::Addition("add_1".into()), "addition/add_1"),
        ] {
            assert_eq!(subject.name(), name);
            assert_eq!(Changed::parse(name), Some(subject));
        }
        assert_eq!(Changed::parse("limits/tenant"), None);
    }

    #[test]
    fn what_is_for_the_limiter_never_waits_at_a_stage_of_the_feed() {
        let now = Timestamp::from_millis(0);
        for subject in [Changed::TenantLimits, Changed::Addition("add_1".into())] {
            assert_eq!(subject.first_entry(1, now).stage, Stage::Tell);
        }
        assert_eq!(Changed::Tenant.first_entry(1, now).stage, Stage::Publish);
    }
}
