//! Remembers answers by `Idempotency-Key`, and the requests that are being carried out. The rules are in
//! `keystile_core::ledger::idempotency`.
//!
//! A command that mints a key, or cancels an end, writes the row of its answer in its own transaction ([`note`]). So,
//! after a crash, a repeated request finds the row: it can't mint a second key, and it isn't told that repeating was a
//! mistake. Acts on undelivered events are carried out by another object, and the row of their answer is written
//! together with the audit entry. All other commands have the same effect when they are carried out twice, so their
//! answers are noted afterwards. An answer with the secret of an endpoint keeps it sealed, as the endpoint's own row does,
//! so a repeated request gets it, too. The marks of running requests are only in the object's memory, and are lost with it.

use std::{cell::RefCell, collections::BTreeMap};

use keystile_core::{
    KeyId, Keyring, Timestamp,
    base::id::EndpointId,
    events::sealing::{self, NONCE_BYTES},
    ledger::idempotency::{Claim, MAX_ANSWER_BYTES, REMEMBERED_MS, Remembered, Running},
};
use serde::Deserialize;
use serde_json::{Value, json};
use worker::Result;

use super::{answer::Answer, erasures};
use crate::failure::Failure;
use keystile_runtime::{database::Database, random};

/// The time by which rows outlive their use at most, so that the alarm trims many at once.
const TRIM_SLACK_MS: i64 = 60 * 60 * 1_000;
/// The number of answers that are forgotten at a time.
const TRIMMED_AT_ONCE: i64 = 1_000;

/// The requests that are being carried out, by claim.
#[derive(Debug, Default)]
pub(crate) struct InFlight(RefCell<BTreeMap<String, Running>>);

impl InFlight {
    /// The request that is being carried out under this claim.
    pub(crate) fn find(&self, claim: &Claim) -> Option<Running> {
        self.0.borrow().get(&claim.id).cloned()
    }

    /// Marks a request as running, until the returned mark is dropped.
    pub(crate) fn begin(&self, claim: &Claim, now: Timestamp) -> Mark<'_> {
        let running = Running::new(claim, now);
        let mut all = self.0.borrow_mut();
        // Removes the marks of requests that were killed.
        all.retain(|_, running| now < running.until);
        all.insert(claim.id.clone(), running);
        Mark { all: &self.0, id: claim.id.clone() }
    }
}

/// The mark of a running request, which is removed when it is dropped.
pub(crate) struct Mark<'a> {
    all: &'a RefCell<BTreeMap<String, Running>>,
    id: String,
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.all.borrow_mut().remove(&self.id);
    }
}

#[derive(Deserialize)]
struct Row {
    fingerprint: String,
    status: u16,
    body: String,
    at: Timestamp,
}

/// The answer that is remembered for a claim.
pub(crate) fn find(
    database: &Database,
    keyring: &Keyring,
    claim: &Claim,
) -> std::result::Result<Option<Remembered>, Failure> {
    let query = "SELECT fingerprint, status, body, at FROM idempotency WHERE id = ?";
    let row: Option<Row> = database.row(query, vec![claim.id.as_str().into()])?;
    row.map(|Row { fingerprint, status, body, at }| {
        let mut body: Value = serde_json::from_str(&body)
            .map_err(|error| Failure::Fault(format!("a remembered answer can't be read: {error}")))?;
        if let Some((endpoint, secret)) = secret_of(&mut body) {
            let opened =
                secret.get(SEALED).and_then(Value::as_str).map(|sealed| sealing::open(keyring, &endpoint, sealed));
            if let Some(opened) = opened {
                *secret = opened.into();
            }
        }
        Ok(Remembered { fingerprint, status, body, at })
    })
    .transpose()
}

/// Remembers the answer to a claim. It replaces an earlier note, which was less complete.
pub(crate) fn note(
    database: &Database,
    keyring: &Keyring,
    claim: &Claim,
    answer: &Answer,
    now: Timestamp,
) -> Result<()> {
    let mut body = serde_json::from_str(&answer.body)?;
    if let Some((endpoint, secret)) = secret_of(&mut body)
        && let Some(text) = secret.as_str()
    {
        let sealed = sealing::seal(keyring, &endpoint, text, random::bytes::<NONCE_BYTES>()?);
        *secret = sealed.map_or(Value::Null, |sealed| json!({ SEALED: sealed }));
    }
    let Remembered { fingerprint, status, body, at } = Remembered::new(claim, answer.status, body, now);
    let body = body.to_string();
    if body.len() > MAX_ANSWER_BYTES {
        return Ok(());
    }
    database.execute(
        "INSERT INTO idempotency (id, fingerprint, status, body, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET fingerprint = ?2, status = ?3, body = ?4, at = ?5",
        vec![
            claim.id.as_str().into(),
            fingerprint.into(),
            i64::from(status).into(),
            body.into(),
            at.as_millis().into(),
        ],
    )?;
    without_former_metadata(database, claim)?;
    erasures::forget_answer(database, &claim.id)
}

/// The name of a sealed secret in a remembered answer.
const SEALED: &str = "sealed";

/// The endpoint of an answer that shows its secret, and the place of the secret.
fn secret_of(body: &mut Value) -> Option<(EndpointId, &mut Value)> {
    let endpoint = body.get("id").and_then(Value::as_str).and_then(EndpointId::parse)?;
    Some((endpoint, body.get_mut("secret")?))
}

/// Takes metadata that a key no longer has out of an answer: it may have been erased while the answer was made.
fn without_former_metadata(database: &Database, claim: &Claim) -> Result<()> {
    for key in ["$", "$.replaces"] {
        let (own, metadata) = (format!("{key}.id"), format!("{key}.metadata"));
        database.execute(
            "UPDATE idempotency SET body = json_set(body, ?1, json('{}'))
             WHERE id = ?3 AND json_type(body, ?1) IS NOT NULL AND EXISTS (
                 SELECT 1 FROM keys WHERE keys.id = json_extract(idempotency.body, ?2)
                 AND json_type(keys.record, '$.metadata') IS NULL)",
            vec![metadata.into(), own.into(), claim.id.as_str().into()],
        )?;
    }
    Ok(())
}

/// Erases a key's metadata from remembered answers.
pub(crate) fn erase_metadata(database: &Database, id: &KeyId) -> Result<()> {
    for key in ["$", "$.replaces"] {
        let (own, metadata) = (format!("{key}.id"), format!("{key}.metadata"));
        // Written as in the indexes, so that they are used.
        let update = format!(
            "UPDATE idempotency SET body = json_set(body, '{metadata}', json('{{}}'))
             WHERE json_extract(body, '{own}') = ? AND json_extract(body, '{metadata}') <> '{{}}'"
        );
        database.execute(&update, vec![id.as_str().into()])?;
    }
    Ok(())
}

/// The time of the next trimming, if there is something to trim.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Oldest {
        at: Option<Timestamp>,
    }
    let oldest: Option<Oldest> = database.row("SELECT min(at) AS at FROM idempotency", vec![])?;
    Ok(oldest.and_then(|oldest| oldest.at).map(|at| at.plus_millis(REMEMBERED_MS + TRIM_SLACK_MS)))
}

/// Forgets answers after a day, the oldest first and so many that nobody waits for it.
pub(crate) fn trim(database: &Database, now: Timestamp) -> Result<()> {
    let until = now.plus_millis(-REMEMBERED_MS);
    database.execute(
        "DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency WHERE at <= ? ORDER BY at LIMIT ?)",
        vec![until.as_millis().into(), TRIMMED_AT_ONCE.into()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_goes_when_the_request_does_and_no_other_goes_with_it() {
        let (all, now) = (InFlight::default(), Timestamp::from_millis(0));
        let claim = |id: &str| Claim { id: id.into(), fingerprint: "f".into() };
        let (one, two) = (claim("one"), claim("two"));
        let mark = all.begin(&one, now);
        let _other = all.begin(&two, now);
        assert!(all.find(&one).is_some());
        drop(mark);
        assert_eq!(all.find(&one), None);
        assert!(all.find(&two).is_some());
    }
}
