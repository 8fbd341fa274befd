//! Reminders of keys that expire, have expired, are due for rotation or unused, as events. `keystile_core::ledger::reminders`
//! decides which are due; the alarm tells of them, some at a time.
//!
//! For each reminder the ledger keeps the place up to which it has told, in the transaction that records the events. So
//! none is told twice or left out, whenever the object is killed. The rows in which keys stand are indexes of `keys`:
//! a key costs nothing before it is its turn, and the next turn is one step in an index.

use std::collections::BTreeMap;

use keystile_core::{
    KeyId, Timestamp,
    base::timestamp::Rfc3339,
    events::event_type::EventType,
    ledger::{
        audit::Action,
        lifecycle::{DisabledBy, Key},
        reminders::{Reminder, ReminderSettings, Row, Unused, Watched},
    },
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use worker::{Result, SqlStorageValue};

use super::{
    backup::restore,
    expiry, keys,
    open::OpenLedger,
    reminder_places::{Place, places, put_place},
    suspension,
};
use crate::command::{Origin, Target};

/// The number of keys of one row that are looked at in one transaction.
const BATCH: usize = 200;

impl OpenLedger {
    /// Tells of the keys whose turn it is, a batch of each reminder at most. The caller sets the alarm.
    pub(super) fn remind(&self, now: Timestamp) -> Result<()> {
        if self.next_reminder(now)?.is_none_or(|due| due > now) {
            return Ok(());
        }
        let unused_count = !self.is_suspended()?;
        if unused_count {
            self.database.transaction(|| self.look_at_watched(now))?;
        }
        for reminder in self.reminder_settings().reminders() {
            let is_its_turn = match reminder {
                // Those that aren't noticed yet would be passed over.
                Reminder::Expired => expiry::is_noticed(&self.database, now)?,
                Reminder::Unused { .. } => unused_count,
                Reminder::Expiring { .. } | Reminder::RotationDue { .. } => true,
            };
            if is_its_turn {
                self.database.transaction(|| self.remind_of_next(reminder, now))?;
            }
        }
        Ok(())
    }

    /// When the next key is to be told of or looked at. While the tenant is suspended nobody can use its keys, so none
    /// counts as unused. While the ledger is being restored, the export's places are still to come.
    pub(super) fn next_reminder(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        if restore::is_under_way(&self.database)? {
            return Ok(None);
        }
        let settings = self.reminder_settings();
        let counts_unused = settings.unused_after_days.is_some() && !self.is_suspended()?;
        let places = places(&self.database)?;
        // The next time in each row is a column. (The platform allows few SELECTs in one UNION.)
        let (mut columns, mut bindings, mut of_columns) = (Vec::new(), Vec::<SqlStorageValue>::new(), Vec::new());
        for reminder in settings.reminders() {
            let Some(place) = places.get(&reminder.name()) else { continue };
            if matches!(reminder, Reminder::Unused { .. }) && !counts_unused {
                continue;
            }
            if place.tie.is_some() {
                return Ok(Some(now));
            }
            for Stand { which, time, .. } in stands(reminder, true) {
                let column = format!("turn{}", columns.len());
                columns.push(format!(
                    "(SELECT {time} FROM keys WHERE {which} AND {time} > ? ORDER BY {time} LIMIT 1) AS {column}"
                ));
                bindings.push(place.time.as_millis().into());
                of_columns.push((column, reminder));
            }
        }
        let next: Option<BTreeMap<String, Option<Timestamp>>> =
            self.database.row(&format!("SELECT {}", columns.join(", ")), bindings)?;
        let next = next.unwrap_or_default();
        let due = of_columns
            .iter()
            .filter_map(|(column, reminder)| next.get(column).copied().flatten().map(|time| reminder.due_at(time)));
        let watched = if counts_unused { next_watched(&self.database)? } else { None };
        Ok(due.chain(watched).min())
    }

    /// Notes what a change of a key means for its reminders, within the transaction of the change.
    pub(super) fn note_for_reminders(&self, action: Action, key: &Key, is_new: bool, now: Timestamp) -> Result<()> {
        let (settings, id) = (self.reminder_settings(), &key.record.id);
        if id.is_operators() || self.is_erased()? {
            return Ok(());
        }
        // Nobody knows of uses before that, or there can have been none.
        if matches!(action, Action::Imported | Action::Adopted | Action::Enabled)
            && let Some(due_at) = settings.unused_at(now)
        {
            watch(&self.database, id, Watched { since: now, due_at, told: false })?;
        }
        // An imported key may be as old as keys that were told of long ago.
        let turn = settings.rotation_due_if_created_by(now).filter(|turn| is_new && key.record.created_at <= *turn);
        let Some(days) = settings.rotate_after_days.filter(|_| turn.is_some()) else { return Ok(()) };
        let reminder = Reminder::RotationDue { days };
        let passed = places(&self.database)?.get(&reminder.name()).is_some_and(|place| {
            let tie = place.tie.as_deref().unwrap_or(LAST_ID);
            (key.record.created_at, id.as_str()) <= (place.time, tie)
        });
        if passed && reminder.concerns(key, now, now) {
            self.record_event(EventType::KeyRotationDue, Some(key), &Origin::keystile(), Map::new(), now)?;
        }
        Ok(())
    }

    /// Tells of the next keys of a reminder, and moves its place on.
    fn remind_of_next(&self, reminder: Reminder, now: Timestamp) -> Result<()> {
        let database = &self.database;
        let Some(place) = places(database)?.remove(&reminder.name()) else { return Ok(()) };
        let due = due(database, reminder, &place, now)?;
        if due.is_empty() && place.tie.is_none() {
            return Ok(());
        }
        let found = keys::newest_first(database, due.iter().map(|due| &due.id))?;
        let found: BTreeMap<KeyId, Key> =
            found.rows.into_iter().map(|row| (row.key.record.id.clone(), row.key)).collect();
        for Due { id, expiry_set_at, .. } in &due {
            if let Some(key) = found.get(id).filter(|key| reminder.concerns(key, *expiry_set_at, now)) {
                self.remind_of(reminder, key, now)?;
            }
        }
        let next = match due.last() {
            Some(last) if due.len() == BATCH => Place { time: last.time, tie: Some(last.tie.clone()) },
            _ => Place { time: reminder.due_to(now).max(place.time), tie: None },
        };
        put_place(database, &reminder.name(), &next)
    }

    fn remind_of(&self, reminder: Reminder, key: &Key, now: Timestamp) -> Result<()> {
        let origin = Origin::keystile();
        match reminder {
            Reminder::Expiring { days } => {
                let more = more("notice_days", json!(days));
                self.record_event(EventType::KeyExpiring, Some(key), &origin, more, now)
            }
            Reminder::Expired => {
                let at = key.record.expires_at.unwrap_or(now);
                self.record_event(EventType::KeyExpired, Some(key), &origin, Map::new(), at)
            }
            Reminder::RotationDue { .. } => {
                self.record_event(EventType::KeyRotationDue, Some(key), &origin, Map::new(), now)
            }
            Reminder::Unused { .. } => {
                let watched = watched(&self.database, &key.record.id)?;
                if watched.is_some_and(|watched| key.last_used_at.is_none_or(|last| last <= watched.since)) {
                    // It counts as unused from later on, or was told of before.
                    return Ok(());
                }
                let since = key.last_used_at.map_or(key.record.created_at, |last| last.max(key.record.created_at));
                self.tell_unused(key, since, self.reminder_settings().disables_at(since, now), now)
            }
        }
    }

    /// Tells that a key is unused. If it is to be disabled for that, it is watched until then.
    fn tell_unused(&self, key: &Key, since: Timestamp, disables_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
        let id = &key.record.id;
        let shown = |at: Timestamp| json!(Rfc3339(at));
        let mut more = more("unused_since", shown(since));
        if let Some(at) = disables_at {
            more.insert("disables_at".into(), shown(at));
        }
        self.record_event(EventType::KeyUnused, Some(key), &Origin::keystile(), more, now)?;
        match disables_at {
            Some(due_at) => watch(&self.database, id, Watched { since, due_at, told: true }),
            None => forget(&self.database, id),
        }
    }

    /// Tells of watched keys, disables them or forgets them.
    fn look_at_watched(&self, now: Timestamp) -> Result<()> {
        let settings = self.reminder_settings();
        for (id, watched) in due_watched(&self.database, now)? {
            let found = keys::find(&self.database, &Target { id: id.clone(), within: None })?;
            let Some(key) = found.map(|row| row.key) else {
                forget(&self.database, &id)?;
                continue;
            };
            match watched.outcome(&key, settings, now) {
                Unused::Forget => forget(&self.database, &id)?,
                Unused::Tell { disables_at } => self.tell_unused(&key, watched.since, disables_at, now)?,
                Unused::Disable => {
                    forget(&self.database, &id)?;
                    if let Ok(after) = key.disable(DisabledBy::Operator, now) {
                        self.record_changed(&Origin::keystile(), Action::Disabled, &key, &after, now)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn reminder_settings(&self) -> &ReminderSettings {
        &self.deployment.config.reminders
    }

    fn is_suspended(&self) -> Result<bool> {
        Ok(suspension::find(&self.database)?.is_some_and(|suspension| suspension.stated.suspended))
    }
}

fn more(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

/// The last of all ids.
const LAST_ID: &str = "~";

/// A row of keys, as SQL: an index has them in this order.
struct Stand {
    /// The keys that stand in it.
    which: &'static str,
    /// Their time.
    time: &'static str,
    /// The column that orders keys of the same time.
    tie: &'static str,
}

/// The rows of a reminder's keys. Keys that expire are to be `awaited`, too: before they are told of, they are noticed.
fn stands(reminder: Reminder, awaited: bool) -> Vec<Stand> {
    const UNUSED_SINCE: &str = "ifnull(max(used_in_hour * 3600000, created_at), created_at)";
    let by_expiry = |which| Stand { which, time: "expires_at", tie: "rowid" };
    match (reminder.row(), reminder) {
        (Row::ByExpiry, Reminder::Expired) if awaited => vec![by_expiry("expired = 1"), by_expiry("expired = 0")],
        (Row::ByExpiry, Reminder::Expired) => vec![by_expiry("expired = 1")],
        (Row::ByExpiry, _) => vec![by_expiry("expired = 0")],
        (Row::ByAge, _) => vec![Stand { which: "1", time: "created_at", tie: "id" }],
        (Row::ByUse, _) => {
            vec![Stand { which: "state <> 'revoked' AND expired = 0", time: UNUSED_SINCE, tie: "rowid" }]
        }
    }
}

/// A key whose turn it is.
#[derive(Deserialize)]
struct Due {
    id: KeyId,
    time: Timestamp,
    tie: String,
    expiry_set_at: Timestamp,
}

/// The next keys of a reminder, those first that have the time of the place. (One condition on time and tie together
/// would read all keys of that time each time.)
fn due(database: &Database, reminder: Reminder, place: &Place, now: Timestamp) -> Result<Vec<Due>> {
    let mut found: Vec<Due> = Vec::new();
    for Stand { which, time, tie } in stands(reminder, false) {
        let select = format!(
            "SELECT id, {time} AS time, CAST({tie} AS TEXT) AS tie, ifnull(expiry_set_at, created_at) AS expiry_set_at
             FROM keys WHERE {which}"
        );
        let at = place.time.as_millis();
        if let Some(last) = &place.tie {
            let last: SqlStorageValue = match (tie, last.parse::<i64>()) {
                ("rowid", Ok(rowid)) => rowid.into(),
                _ => last.as_str().into(),
            };
            let query = format!("{select} AND {time} = ? AND {tie} > ? ORDER BY {tie} LIMIT ?");
            found.extend(database.rows::<Due>(&query, vec![at.into(), last, (BATCH as i64).into()])?);
        }
        let query = format!("{select} AND {time} > ? AND {time} <= ? ORDER BY {time}, {tie} LIMIT ?");
        let (to, left) = (reminder.due_to(now).as_millis(), (BATCH - found.len()) as i64);
        found.extend(database.rows::<Due>(&query, vec![at.into(), to.into(), left.into()])?);
    }
    Ok(found)
}

#[derive(Deserialize)]
struct WatchedRow {
    key_id: KeyId,
    since: Timestamp,
    due_at: Timestamp,
    told: u8,
}

impl From<WatchedRow> for (KeyId, Watched) {
    fn from(WatchedRow { key_id, since, due_at, told }: WatchedRow) -> Self {
        (key_id, Watched { since, due_at, told: told != 0 })
    }
}

fn watch(database: &Database, id: &KeyId, Watched { since, due_at, told }: Watched) -> Result<()> {
    database.execute(
        "INSERT OR REPLACE INTO unused_keys (key_id, since, due_at, told) VALUES (?, ?, ?, ?)",
        vec![id.as_str().into(), since.as_millis().into(), due_at.as_millis().into(), i64::from(told).into()],
    )
}

fn forget(database: &Database, id: &KeyId) -> Result<()> {
    database.execute("DELETE FROM unused_keys WHERE key_id = ?", vec![id.as_str().into()])
}

fn watched(database: &Database, id: &KeyId) -> Result<Option<Watched>> {
    let query = "SELECT key_id, since, due_at, told FROM unused_keys WHERE key_id = ?";
    let row: Option<WatchedRow> = database.row(query, vec![id.as_str().into()])?;
    Ok(row.map(|row| <(KeyId, Watched)>::from(row).1))
}

fn due_watched(database: &Database, now: Timestamp) -> Result<Vec<(KeyId, Watched)>> {
    let query = "SELECT key_id, since, due_at, told FROM unused_keys WHERE due_at <= ? ORDER BY due_at LIMIT ?";
    let rows: Vec<WatchedRow> = database.rows(query, vec![now.as_millis().into(), (BATCH as i64).into()])?;
    Ok(rows.into_iter().map(Into::into).collect())
}

fn next_watched(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Next {
        due_at: Option<Timestamp>,
    }
    let next: Option<Next> = database.row("SELECT min(due_at) AS due_at FROM unused_keys", vec![])?;
    Ok(next.and_then(|next| next.due_at))
}
