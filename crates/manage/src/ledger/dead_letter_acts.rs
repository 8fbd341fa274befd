//! The table of pending acts on events that could not be delivered, or are replayed. The alarm turns these notes into audit
//! entries if the requests that made them don't. [`acting`](super::acting) makes the notes.

use keystile_core::{
    Timestamp,
    base::id::{DeliveryId, EndpointId, EventId},
    ledger::audit::Action,
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use worker::Result;

use super::audit;
use crate::command::{DeadLetterRef, Origin, UnsentRef};

/// The time for which a note is left to its request: longer than any request waits.
const UNDER_WAY_MS: i64 = 60_000;
/// The number of notes that one alarm turns into entries.
const SETTLED_AT_ONCE: i64 = 100;
/// The status of an event if nobody knows whether it was changed.
pub(crate) const UNKNOWN: &str = "unknown";

/// The events that an act is about.
#[derive(Clone, Debug)]
pub(crate) enum ActedEvents {
    /// One that came to a source of webhooks.
    Received(DeadLetterRef),
    /// Those that could not be sent to an endpoint, or one of them.
    Unsent(UnsentRef),
}

impl ActedEvents {
    /// The name in the column of all events that could not be sent to an endpoint.
    const ALL: &str = "all";

    fn source(&self) -> &str {
        match self {
            Self::Received(dead_letter) => &dead_letter.source,
            Self::Unsent(unsent) => unsent.endpoint.as_str(),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Received(dead_letter) => dead_letter.id.as_str(),
            Self::Unsent(unsent) => unsent.event.as_ref().map_or(Self::ALL, EventId::as_str),
        }
    }

    fn of_columns(source: String, id: &str) -> Option<Self> {
        if let Some(id) = DeliveryId::parse(id) {
            return Some(Self::Received(DeadLetterRef { source, id }));
        }
        let event = if id == Self::ALL { None } else { Some(EventId::parse(id)?) };
        Some(Self::Unsent(UnsentRef { endpoint: EndpointId::parse(&source)?, event }))
    }

    /// Appends the entry about an act.
    pub(crate) fn audit(
        &self,
        database: &Database,
        origin: &Origin,
        action: Action,
        detail: Map<String, Value>,
        now: Timestamp,
    ) -> Result<()> {
        match self {
            Self::Received(dead_letter) => audit::event_changed(database, origin, action, dead_letter, detail, now),
            Self::Unsent(unsent) => audit::unsent_changed(database, origin, action, unsent, detail, now),
        }
    }
}

/// Notes what is about to be done.
pub(crate) fn begin(
    database: &Database,
    origin: &Origin,
    events: &ActedEvents,
    action: Action,
    now: Timestamp,
) -> Result<()> {
    database.execute(
        "INSERT INTO letter_acts (request_id, begun_at, action, letter_source, letter_id, actor_id, actor_name, source)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            name(&origin.request_id, events).into(),
            now.as_millis().into(),
            action.as_str().into(),
            events.source().into(),
            events.id().into(),
            origin.actor_id.as_str().into(),
            origin.actor_name.as_str().into(),
            origin.ip.clone().into(),
        ],
    )
}

/// Removes the note, because there is an entry now or because there was no such event.
pub(crate) fn end(database: &Database, request_id: &str, events: &ActedEvents) -> Result<()> {
    remove(database, &name(request_id, events))
}

fn remove(database: &Database, name: &str) -> Result<()> {
    database.execute("DELETE FROM letter_acts WHERE request_id = ?", vec![name.into()])
}

/// The name of a note: the request's id and, as a request may act on many events, the event's. Notes of earlier
/// versions have the request's id alone.
fn name(request_id: &str, events: &ActedEvents) -> String {
    format!("{request_id}/{}", events.id())
}

fn request_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// The time from which the oldest note is no longer left to its request.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Oldest {
        begun_at: Option<Timestamp>,
    }
    let oldest: Option<Oldest> = database.row("SELECT min(begun_at) AS begun_at FROM letter_acts", vec![])?;
    Ok(oldest.and_then(|oldest| oldest.begun_at).map(|at| at.plus_millis(UNDER_WAY_MS)))
}

/// Turns notes into entries if nobody will learn their outcome any more.
pub(crate) fn settle(database: &Database, now: Timestamp) -> Result<()> {
    #[derive(Deserialize)]
    struct Row {
        request_id: String,
        begun_at: Timestamp,
        action: Action,
        letter_source: String,
        letter_id: String,
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
        let Row { request_id: name, begun_at, action, letter_source, letter_id, actor_id, actor_name, source } = row;
        let request_id = request_of(&name).to_owned();
        let events = ActedEvents::of_columns(letter_source, &letter_id);
        let origin = Origin { actor_id, actor_name, ip: source, request_id, ..Origin::keystile() };
        database.transaction(|| {
            if let Some(events) = &events {
                events.audit(database, &origin, action, became(action, UNKNOWN), begun_at)?;
            }
            remove(database, &name)
        })?;
    }
    Ok(())
}

/// The detail of an entry: the new status of the event. One that is replayed may have had any.
pub(crate) fn became(action: Action, status: &str) -> Map<String, Value> {
    let from = (action != Action::DeliveryReplayed).then_some("dead");
    Map::from_iter([("status".into(), json!({ "from": from, "to": status }))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_back() {
        let endpoint = EndpointId::parse("ep_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let event = EventId::parse("evt_4bTzV9cXk07Hq2mN1pRs");
        let id = DeliveryId::parse("dlv_4bTzV9cXk07Hq2mN1pRs").unwrap();
        for events in [
            ActedEvents::Received(DeadLetterRef { source: "stripe-eu".into(), id }),
            ActedEvents::Unsent(UnsentRef { endpoint: endpoint.clone(), event }),
            ActedEvents::Unsent(UnsentRef { endpoint, event: None }),
        ] {
            let read = ActedEvents::of_columns(events.source().into(), events.id()).unwrap();
            assert_eq!(format!("{read:?}"), format!("{events:?}"));
        }
        assert!(ActedEvents::of_columns("ep_1".into(), "all").is_none());
    }
}
