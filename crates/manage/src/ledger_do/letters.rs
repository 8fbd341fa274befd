//! What operators do to events that could not be delivered, and the record of it.
//!
//! The events are with another object, so event and audit entry can't change in
//! one transaction. What is to be done is noted first. Then it is done. Then the
//! audit entry and the answer take the place of the note, in one transaction. If
//! the ledger is killed in between the note stays, and the alarm makes it an
//! entry that says that the outcome is not known. So an entry may be of what
//! did not happen after all, and says so, but nothing happens without one.

use keystile_core::{
    Timestamp,
    base::id::DeliveryId,
    ledger::audit::Action,
    objects::{self, Call},
};
use keystile_runtime::{clock, database::Database};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use worker::Result;

use super::{
    answer::{Answer, Outcome},
    audit,
    books::Books,
    idempotency,
};
use crate::{
    command::{Discard, Letter, Origin, Redrive},
    dead_letters::{self, Unanswered},
    failure::Failure,
};

/// A note is left alone for this long: longer than any request waits.
const UNDER_WAY_MS: i64 = 60_000;
/// Notes that one alarm turns into entries.
const SETTLED_AT_ONCE: i64 = 100;
/// The status of an event of which nobody knows whether it was changed.
const UNKNOWN: &str = "unknown";

impl Books {
    /// Puts an event back into its queue.
    pub(super) async fn redrive(&self, command: Redrive) -> Outcome {
        let Redrive { origin, letter } = command;
        let call = objects::dead_letters::Redrive { id: letter.id.clone() };
        self.act_on(&origin, &letter, Action::DeadLetterRedriven, &call, "queued").await
    }

    /// Deletes an event.
    pub(super) async fn discard(&self, command: Discard) -> Outcome {
        let Discard { origin, letter } = command;
        let call = objects::dead_letters::Discard { id: letter.id.clone() };
        self.act_on(&origin, &letter, Action::DeadLetterDiscarded, &call, "discarded").await
    }

    async fn act_on(
        &self,
        origin: &Origin,
        letter: &Letter,
        action: Action,
        call: &impl Call,
        status: &str,
    ) -> Outcome {
        let now = clock::now();
        self.change_for(origin, now, || {
            begin(&self.database, origin, letter, action, now)?;
            Ok(self.arm(now)?)
        })?;
        let asked = dead_letters::ask(&self.env, &letter.source, call, &origin.request_id).await;
        let now = clock::now();
        self.database.transaction(|| {
            match &asked {
                Ok(_) => {
                    audit::letter_changed(&self.database, origin, action, letter, became(status), now)?;
                    idempotency::note(&self.database, origin.claim.as_ref(), &done(letter, status), now)?;
                }
                Err(Unanswered::Unclear(_)) => {
                    audit::letter_changed(&self.database, origin, action, letter, became(UNKNOWN), now)?;
                }
                Err(Unanswered::NotFound) => {}
            }
            end(&self.database, &origin.request_id)?;
            self.arm(now)
        })?;
        asked.map(|_| done(letter, status)).map_err(Failure::from)
    }
}

fn done(letter: &Letter, status: &str) -> Answer {
    Answer::ok(json!({ "id": letter.id, "status": status }))
}

/// The detail of the entry.
fn became(status: &str) -> Map<String, Value> {
    Map::from_iter([("status".into(), json!({ "from": "dead", "to": status }))])
}

fn begin(database: &Database, origin: &Origin, letter: &Letter, action: Action, now: Timestamp) -> Result<()> {
    database.execute(
        "INSERT INTO letter_acts (request_id, begun_at, action, letter_source, letter_id, actor_id, actor_name, source)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            origin.request_id.as_str().into(),
            now.as_millis().into(),
            action.as_str().into(),
            letter.source.as_str().into(),
            letter.id.as_str().into(),
            origin.actor_id.as_str().into(),
            origin.actor_name.as_str().into(),
            origin.ip.clone().into(),
        ],
    )
}

fn end(database: &Database, request_id: &str) -> Result<()> {
    database.execute("DELETE FROM letter_acts WHERE request_id = ?", vec![request_id.into()])
}

/// When the oldest note is left alone no longer.
pub(super) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Oldest {
        begun_at: Option<Timestamp>,
    }
    let oldest: Option<Oldest> = database.row("SELECT min(begun_at) AS begun_at FROM letter_acts", vec![])?;
    Ok(oldest.and_then(|oldest| oldest.begun_at).map(|at| at.plus_millis(UNDER_WAY_MS)))
}

/// Makes entries of notes whose outcome nobody will learn any more.
pub(super) fn settle(database: &Database, now: Timestamp) -> Result<()> {
    #[derive(Deserialize)]
    struct Row {
        request_id: String,
        begun_at: Timestamp,
        action: Action,
        letter_source: String,
        letter_id: DeliveryId,
        actor_id: String,
        actor_name: String,
        source: Option<String>,
    }
    let begun_before = now.plus_millis(-UNDER_WAY_MS).as_millis();
    let rows: Vec<Row> = database.rows(
        "SELECT request_id, begun_at, action, letter_source, letter_id, actor_id, actor_name, source
         FROM letter_acts WHERE begun_at <= ? ORDER BY begun_at LIMIT ?",
        vec![begun_before.into(), SETTLED_AT_ONCE.into()],
    )?;
    for row in rows {
        let Row { request_id, begun_at, action, letter_source, letter_id, actor_id, actor_name, source } = row;
        let letter = Letter { source: letter_source, id: letter_id };
        let origin = Origin { actor_id, actor_name, ip: source, request_id, claim: None, judged_until: None };
        database.transaction(|| {
            audit::letter_changed(database, &origin, action, &letter, became(UNKNOWN), begun_at)?;
            end(database, &origin.request_id)
        })?;
    }
    Ok(())
}
