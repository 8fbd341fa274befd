//! The events of a tenant, for the outside: each is recorded in the transaction of its change, and the drain gives it to
//! the tenant's router. `keystile_runtime::event_outbox` is the table.
//!
//! Every change of a key passes [`note_changed`](OpenLedger::note_changed), which writes its audit entry and its event.
//! Operators' keys make no events.

use keystile_core::{
    KeyId, Timestamp,
    api::shown::ShownKey,
    events::{
        event_type::EventType,
        recording::{self, Cause},
    },
    ledger::{
        audit::{Action, difference},
        lifecycle::Key,
    },
};
use keystile_runtime::{clock, database::Database, event_outbox};
use serde_json::{Map, Value, json};
use worker::Result;

use super::{audit, open::OpenLedger};
use crate::command::Origin;

impl OpenLedger {
    /// Notes a change of a key, or a new key, in the audit log and as an event, within the transaction of the change.
    pub(crate) fn note_changed(
        &self,
        origin: &Origin,
        action: Action,
        before: Option<&Key>,
        after: &Key,
        now: Timestamp,
    ) -> Result<()> {
        audit::key_changed(&self.database, origin, action, before, after, now)?;
        self.record_change(origin, action, before, after, now)?;
        self.note_for_reminders(action, after, before.is_none(), now)
    }

    fn record_change(
        &self,
        origin: &Origin,
        action: Action,
        before: Option<&Key>,
        after: &Key,
        now: Timestamp,
    ) -> Result<()> {
        match recording::of_action(action) {
            // An erasure of metadata may concern the audit log alone.
            Some(event_type) if before != Some(after) => {
                self.record_event(event_type, Some(after), origin, more_of(action, before, after), now)
            }
            _ => Ok(()),
        }
    }

    /// Notes a change of the whole tenant likewise.
    pub(crate) fn note_tenant_changed(&self, origin: &Origin, action: Action, now: Timestamp) -> Result<()> {
        audit::tenant_changed(&self.database, origin, action, Map::new(), now)?;
        match recording::of_action(action) {
            Some(event_type) => self.record_event(event_type, None, origin, Map::new(), now),
            None => Ok(()),
        }
    }

    /// Records an event that happens `now`, within the transaction of the change. `more` are further members of its
    /// data. The caller sets the alarm. Of a tenant that was erased nothing is told any more.
    pub(crate) fn record_event(
        &self,
        event_type: EventType,
        key: Option<&Key>,
        origin: &Origin,
        more: Map<String, Value>,
        now: Timestamp,
    ) -> Result<()> {
        let id = key.map(|key| &key.record.id);
        if id.is_some_and(KeyId::is_operators) || self.is_erased()? {
            return Ok(());
        }
        let shown = key.map(|key| serde_json::to_value(ShownKey::new(key, self.deployment.showing(), now)));
        let cause = Cause {
            actor_id: &origin.actor_id,
            actor_name: &origin.actor_name,
            on_behalf_of: origin.on_behalf_of(),
            request_id: origin.request(),
        };
        event_outbox::insert(&self.database, event_type, id, now, &recording::data(shown.transpose()?, cause, more))
    }

    /// Sends events to the tenant's router, unless another drain is doing that already.
    pub(super) async fn send_events(&self) -> Result<()> {
        if event_outbox::next_due(&self.database)?.is_none() {
            return Ok(());
        }
        let (Some(tenant), Some(lease)) = (self.tenant()?, self.sending.take(clock::now())) else { return Ok(()) };
        let goes_on = || self.sending.keep(lease, clock::now());
        let outcome = event_outbox::send(&self.database, &self.env, &tenant, goes_on).await;
        self.sending.release(lease);
        outcome
    }
}

/// The members of an event's data that only some actions have.
fn more_of(action: Action, before: Option<&Key>, after: &Key) -> Map<String, Value> {
    let more = |name: &str, value| Map::from_iter([(name.to_owned(), value)]);
    match action {
        Action::Imported => more("imported", json!(true)),
        Action::Adopted => more("adopted", json!(true)),
        Action::Changed | Action::OverlapBegun | Action::RotationCancelled | Action::MetadataErased => {
            more("changed", difference(before, after).into_iter().map(|(fact, _)| fact).collect())
        }
        _ => Map::new(),
    }
}

/// Erases a key's metadata from its events that the router hasn't taken yet.
pub(crate) fn erase_metadata(database: &Database, id: &KeyId) -> Result<()> {
    database.execute(
        "UPDATE events SET data = json_remove(data, '$.key.metadata') WHERE key_id = ?",
        vec![id.as_str().into()],
    )
}
