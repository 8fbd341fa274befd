//! The dead letters: a Durable Object for each source. It counts the failed attempts of events that are still tried,
//! and keeps the events that are not tried any more. It also keeps the secrets that the sender told in
//! [`handshakes`]. Its calls are those of [`objects::dead_letters`](keystile_core::objects::dead_letters) and
//! [`objects::handshakes`](keystile_core::objects::handshakes).

mod handshakes;
mod schema;

use std::cell::OnceCell;

use keystile_core::{
    Timestamp,
    base::{
        id::DeliveryId,
        timestamp::{DAY_MS, MINUTE_MS},
    },
    ledger::query::{DeadLetterPlace, DeadLetterQuery},
    objects::{
        Call as _,
        dead_letters::{AttemptFailed, Bury, DeadLettersState, Delivered, Discard, ReadBody, ReadState, Redrive},
        handshakes::{HandshakeQuery, NoteHandshake, RevealHandshake},
    },
    receiver::queue::{ATTEMPTS_KEPT_MS, Body, DEAD_LETTER_KEPT_MS, DeadLetter, Envelope, shown_body, shown_of_stored},
};
use keystile_runtime::{alarm, clock, database::Database, log, response};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::{bodies, queue};

/// The delay of a retry after a fault in the alarm, milliseconds.
const ALARM_RETRY_MS: i64 = MINUTE_MS;
/// The time that the queue or a stored body has to answer, milliseconds. It is shorter than the caller's own timeout,
/// so the caller seldom has to guess the outcome.
const PATIENCE_MS: u64 = 5_000;

/// The object.
#[durable_object]
pub struct DeadLetters {
    state: State,
    env: Env,
    database: OnceCell<Database>,
}

/// The reason why there is no answer.
enum Unanswered {
    NotFound,
    QueueDown(String),
    Fault(String),
}

impl From<worker::Error> for Unanswered {
    fn from(error: worker::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<serde_json::Error> for Unanswered {
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

type DeadLetterResult = std::result::Result<Value, Unanswered>;

impl DurableObject for DeadLetters {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, database: OnceCell::new() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        let outcome = match path.as_str() {
            AttemptFailed::PATH => self.handle(&body, Self::failed),
            Delivered::PATH => self.handle(&body, Self::delivered),
            Bury::PATH => self.handle(&body, Self::bury),
            DeadLetterQuery::PATH => self.handle(&body, Self::list),
            ReadState::PATH => self.handle(&body, Self::state),
            Redrive::PATH => self.redrive(&body).await,
            Discard::PATH => self.discard(&body).await,
            ReadBody::PATH => self.read_body(&body).await,
            NoteHandshake::PATH => self.handle(&body, Self::note_handshake),
            HandshakeQuery::PATH => self.handle(&body, Self::handshakes),
            RevealHandshake::PATH => self.handle(&body, Self::reveal),
            _ => Err(Unanswered::NotFound),
        };
        let (status, reason) = match outcome {
            Ok(answer) => return response::json(200, &answer),
            Err(Unanswered::NotFound) => return response::json(404, &json!({})),
            Err(Unanswered::QueueDown(reason)) => (503, reason),
            Err(Unanswered::Fault(reason)) => (500, reason),
        };
        log::error("dead_letters_fault", &[("path", path.into()), ("reason", reason.into())]);
        response::json(status, &json!({}))
    }

    async fn alarm(&self) -> Result<Response> {
        alarm::carry_out(self.state.storage(), "dead_letters", ALARM_RETRY_MS, async |now| self.trim(now)).await
    }
}

/// A row without its message.
#[derive(Deserialize)]
struct Row {
    attempts: u32,
    last: Option<String>,
    dead_at: i64,
    summary: String,
}

/// A dead letter's message.
#[derive(Deserialize)]
struct Kept {
    dead_at: i64,
    message: String,
}

impl DeadLetters {
    fn handle<Q: DeserializeOwned>(
        &self,
        body: &str,
        handler: impl Fn(&Self, &Database, &Q, Timestamp) -> DeadLetterResult,
    ) -> DeadLetterResult {
        handler(self, self.open()?, &serde_json::from_str(body)?, clock::now())
    }

    fn open(&self) -> Result<&Database> {
        if let Some(database) = self.database.get() {
            return Ok(database);
        }
        let database = Database::open(&self.state, schema::MIGRATIONS)?;
        Ok(self.database.get_or_init(|| database))
    }

    fn failed(&self, database: &Database, attempted: &AttemptFailed, now: Timestamp) -> DeadLetterResult {
        let last = serde_json::to_string(&attempted.failed)?;
        let row = vec![attempted.id.as_str().into(), last.into(), now.as_millis().into()];
        database.execute(
            "INSERT INTO letters (id, attempts, last, changed_at) VALUES (?, 1, ?, ?)
             ON CONFLICT (id) DO UPDATE SET attempts = attempts + 1, last = excluded.last, changed_at = excluded.changed_at",
            row,
        )?;
        arm(database, now)?;
        Ok(json!({}))
    }

    fn delivered(&self, database: &Database, which: &Delivered, _now: Timestamp) -> DeadLetterResult {
        database.execute("DELETE FROM letters WHERE id = ?", vec![which.id.as_str().into()])?;
        Ok(json!({}))
    }

    fn bury(&self, database: &Database, bury: &Bury, now: Timestamp) -> DeadLetterResult {
        let message = bury.envelope.to_message();
        // The list is read without bodies.
        let mut summary = bury.envelope.clone();
        summary.body = Body::Stored { bytes: summary.body.len(), parts: 0 };
        let millis = now.as_millis();
        let row = vec![
            bury.envelope.id.as_str().into(),
            millis.into(),
            millis.into(),
            summary.to_message().into(),
            message.into(),
        ];
        database.execute(
            "INSERT INTO letters (id, attempts, changed_at, dead_at, summary, message) VALUES (?, 0, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET changed_at = excluded.changed_at, dead_at = excluded.dead_at,
             summary = excluded.summary, message = excluded.message",
            row,
        )?;
        arm(database, now)?;
        Ok(json!({}))
    }

    fn list(&self, database: &Database, query: &DeadLetterQuery, _now: Timestamp) -> DeadLetterResult {
        let (before, id) = match &query.after {
            Some(place) => (place.dead_at.as_millis(), place.id.as_str()),
            None => (i64::MAX >> 12, ""),
        };
        let bindings = vec![before.into(), before.into(), id.into(), i64::from(query.limit + 1).into()];
        let mut rows: Vec<Row> = database.rows(
            "SELECT attempts, last, dead_at, summary FROM letters
             WHERE dead_at IS NOT NULL AND (dead_at < ? OR (dead_at = ? AND id < ?))
             ORDER BY dead_at DESC, id DESC LIMIT ?",
            bindings,
        )?;
        let more = rows.len() > query.limit as usize;
        rows.truncate(query.limit as usize);
        let mut letters = Vec::new();
        let mut place = None;
        for row in rows {
            let envelope = Envelope::parse(&row.summary).map_err(Unanswered::Fault)?;
            let dead_at = Timestamp::from_millis(row.dead_at);
            place = Some(DeadLetterPlace { dead_at, id: envelope.id.clone() });
            let last = row.last.and_then(|last| serde_json::from_str(&last).ok());
            letters.push(DeadLetter { envelope, dead_at, attempts: row.attempts, last }.present());
        }
        let next = place.filter(|_| more).map(|place| place.cursor());
        Ok(json!({ "dead_letters": letters, "next_cursor": next }))
    }

    /// The numbers for `GET /metrics`.
    fn state(&self, database: &Database, _: &ReadState, _now: Timestamp) -> DeadLetterResult {
        let state: Option<DeadLettersState> = database
            .row("SELECT total(dead_at IS NOT NULL) AS dead, total(dead_at IS NULL) AS tried FROM letters", vec![])?;
        Ok(serde_json::to_value(state.ok_or_else(|| Unanswered::Fault("counts without a row".into()))?)?)
    }

    /// Puts an event back into its queue. The message is sent to the queue before it is deleted here: for a moment it
    /// is in both, but never in neither.
    async fn redrive(&self, body: &str) -> DeadLetterResult {
        let which: Redrive = serde_json::from_str(body)?;
        let kept = self.kept(&which.id)?;
        let mut envelope = Envelope::parse(&kept.message).map_err(Unanswered::Fault)?;
        envelope.redriven = true;
        let message = [envelope.to_message()];
        patiently(queue::send(&self.env, &message)).await.map_err(Unanswered::QueueDown)?;
        // The event may have been delivered meanwhile, and its row is gone. Or it failed again, and its new `dead_at`
        // does not match.
        self.open()?.execute(
            "UPDATE letters SET dead_at = NULL, summary = NULL, message = NULL, changed_at = ? WHERE id = ? AND dead_at = ?",
            vec![clock::now().as_millis().into(), which.id.as_str().into(), kept.dead_at.into()],
        )?;
        Ok(json!({ "id": which.id, "status": "queued" }))
    }

    async fn discard(&self, body: &str) -> DeadLetterResult {
        let which: Discard = serde_json::from_str(body)?;
        let kept = self.kept(&which.id)?;
        self.open()?.execute("DELETE FROM letters WHERE id = ?", vec![which.id.as_str().into()])?;
        if let Ok(Envelope { body: Body::Stored { .. }, id, .. }) = Envelope::parse(&kept.message)
            && let Err(reason) = patiently(bodies::forget(&self.env, &id)).await
        {
            log::warn("webhook_body_left", &[("delivery", id.as_str().into()), ("reason", reason.into())]);
        }
        Ok(json!({ "id": which.id, "status": "discarded" }))
    }

    async fn read_body(&self, body: &str) -> DeadLetterResult {
        let which: ReadBody = serde_json::from_str(body)?;
        let envelope = Envelope::parse(&self.kept(&which.id)?.message).map_err(Unanswered::Fault)?;
        let body = match &envelope.body {
            Body::Inline(_) => envelope.body.inline().map(|body| (body.len() as u64, body)),
            Body::Stored { bytes, parts: _ } => {
                let (shown, parts) = shown_of_stored(*bytes);
                let load = bodies::load_parts(&self.env, envelope.id.as_str(), 0..parts, shown);
                patiently(load).await.map_err(Unanswered::QueueDown)?.map(|body| (*bytes, body.to_vec()))
            }
        };
        let (bytes, body) = body.ok_or_else(|| Unanswered::Fault("the body is gone or can't be read".into()))?;
        Ok(shown_body(&envelope, &body, bytes))
    }

    fn note_handshake(&self, database: &Database, told: &NoteHandshake, now: Timestamp) -> DeadLetterResult {
        let noted = handshakes::note(database, told, now)?;
        arm(database, now)?;
        Ok(serde_json::to_value(noted)?)
    }

    fn handshakes(&self, database: &Database, _: &HandshakeQuery, now: Timestamp) -> DeadLetterResult {
        Ok(serde_json::to_value(handshakes::list(database, now)?)?)
    }

    fn reveal(&self, database: &Database, which: &RevealHandshake, now: Timestamp) -> DeadLetterResult {
        let revealed = handshakes::reveal(database, &which.id, now)?.ok_or(Unanswered::NotFound)?;
        Ok(serde_json::to_value(revealed)?)
    }

    fn kept(&self, id: &DeliveryId) -> std::result::Result<Kept, Unanswered> {
        let row = self.open()?.row(
            "SELECT dead_at, message FROM letters WHERE id = ? AND dead_at IS NOT NULL",
            vec![id.as_str().into()],
        )?;
        row.ok_or(Unanswered::NotFound)
    }

    fn trim(&self, now: Timestamp) -> Result<()> {
        #[derive(Deserialize)]
        struct Count {
            count: i64,
        }
        let database = self.open()?;
        let (dead, tried) = (now.as_millis() - DEAD_LETTER_KEPT_MS, now.as_millis() - ATTEMPTS_KEPT_MS);
        let expired: Option<Count> =
            database.row("SELECT count(*) AS count FROM letters WHERE dead_at <= ?", vec![dead.into()])?;
        database.execute("DELETE FROM letters WHERE dead_at <= ?", vec![dead.into()])?;
        database.execute("DELETE FROM letters WHERE dead_at IS NULL AND changed_at <= ?", vec![tried.into()])?;
        if let Some(Count { count }) = expired.filter(|expired| expired.count > 0) {
            log::warn("dead_letters_expired", &[("letters", count.into())]);
        }
        handshakes::trim(database, now)?;
        let left: Option<Count> = database.row("SELECT count(*) AS count FROM letters", vec![])?;
        if left.is_some_and(|left| left.count > 0) || handshakes::next_due(database)?.is_some() {
            arm(database, now)?;
        }
        Ok(())
    }
}

async fn patiently<T>(work: impl Future<Output = std::result::Result<T, String>>) -> std::result::Result<T, String> {
    clock::within(PATIENCE_MS, work).await.unwrap_or_else(|| Err(format!("not done within {PATIENCE_MS} ms")))
}

/// Sets the alarm to the next midnight, or to the time at which a secret that was told goes before that.
fn arm(database: &Database, now: Timestamp) -> Result<()> {
    let midnight = tomorrow(now);
    let due = handshakes::next_due(database)?.map_or(midnight, |due| due.min(midnight));
    database.arm(due)
}

/// The next midnight, so that setting the alarm repeatedly does not change its time.
fn tomorrow(now: Timestamp) -> Timestamp {
    Timestamp::from_millis((now.as_millis().div_euclid(DAY_MS) + 1) * DAY_MS)
}
