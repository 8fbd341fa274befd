//! Pages of attempts and of dead letters, newest first.

use keystile_core::{
    Timestamp,
    base::{
        id::{EventId, KeyId, TenantId},
        timestamp::Rfc3339,
    },
    events::{bounds::DeadLetterReason, event_type::EventType},
    objects::event_endpoint::{AttemptPage, DeadLetterPage, ShownDeadLetter},
};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{Queue, from_json};

impl Queue {
    /// A page of attempts, newest first.
    pub(crate) fn attempts(&self, event: Option<&EventId>, before: Option<i64>, limit: u32) -> Result<AttemptPage> {
        #[derive(Deserialize)]
        struct Row {
            number: i64,
            shown: String,
        }
        let of_one = event.map_or("", |_| " AND event = ?");
        let query = format!("SELECT number, shown FROM attempts WHERE number < ?{of_one} ORDER BY number DESC LIMIT ?");
        let mut bindings: Vec<SqlStorageValue> = vec![before.unwrap_or(i64::MAX >> 11).into()];
        bindings.extend(event.map(|event| event.as_str().into()));
        bindings.push((i64::from(limit) + 1).into());
        let (rows, next) = page(self.0.rows(&query, bindings)?, limit, |row: &Row| row.number);
        let attempts = rows.iter().map(|row| from_json(&row.shown)).collect::<Result<_>>()?;
        Ok(AttemptPage { attempts, next })
    }

    /// A page of dead letters, newest first.
    pub(crate) fn dead_letter_page(&self, before: Option<i64>, limit: u32) -> Result<DeadLetterPage> {
        #[derive(Deserialize)]
        struct Row {
            number: i64,
            numbered: String,
            received_at: Timestamp,
            attempts: u32,
            last_attempt_at: Option<Timestamp>,
            last_status: Option<u16>,
            reason: DeadLetterReason,
        }
        let query = "SELECT number, numbered, received_at, attempts, last_attempt_at, last_status, reason
            FROM dead_letters WHERE number < ? ORDER BY number DESC LIMIT ?";
        let bindings = vec![before.unwrap_or(i64::MAX >> 11).into(), (i64::from(limit) + 1).into()];
        let (rows, next) = page(self.0.rows(query, bindings)?, limit, |row: &Row| row.number);
        let shown = |row: Row| {
            let event: Named = from_json(&row.numbered)?;
            Ok(ShownDeadLetter {
                event: event.id,
                event_type: event.event_type,
                key: event.key,
                tenant: event.tenant,
                created_at: Rfc3339(row.received_at),
                last_attempt_at: row.last_attempt_at.map(Rfc3339),
                attempts: row.attempts,
                last_status: row.last_status,
                reason: row.reason,
            })
        };
        Ok(DeadLetterPage { dead_letters: rows.into_iter().map(shown).collect::<Result<_>>()?, next })
    }
}

/// An event without its body.
#[derive(Deserialize)]
struct Named {
    id: EventId,
    #[serde(rename = "type")]
    event_type: EventType,
    key: Option<KeyId>,
    tenant: Option<TenantId>,
}

/// The rows of a page, of one more that were read, and the beginning of the next one.
fn page<T>(mut rows: Vec<T>, limit: u32, number: impl Fn(&T) -> i64) -> (Vec<T>, Option<i64>) {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(number);
    (rows, next)
}
