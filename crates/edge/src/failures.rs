//! Requests that fail, by their source addresses: an address that fails too often is told to wait.

use keystile_core::{
    Timestamp,
    access::verdict::Refusal,
    base::{code::Code, problem::Problem, timestamp::whole_seconds},
    key::{KeyKind, PlainKey},
    limits::failures::{MAX_FAILURES, WINDOW_MS},
};
use keystile_runtime::clock;

use crate::{finder::Unknown, incoming::Incoming, isolate::Isolate};

/// The problem of a request whose key can't be let through, as far as its text says. A key with a valid tag is no
/// failure, whatever else is wrong with it.
pub(crate) fn refused(isolate: &Isolate, incoming: &Incoming, refusal: &Refusal) -> Problem {
    too_often(isolate, incoming, refusal).unwrap_or_else(|| refusal.problem(&isolate.config.challenge))
}

/// Notes the refusal if it is a failure. Returns the 429 if its address failed too often.
pub(crate) fn too_often(isolate: &Isolate, incoming: &Incoming, refusal: &Refusal) -> Option<Problem> {
    let fails = matches!(
        refusal,
        Refusal::MissingCredential
            | Refusal::CredentialInQuery
            | Refusal::CredentialInPath
            | Refusal::ConflictingCredentials
            | Refusal::Malformed(_)
    );
    // Nothing was waited for, so the time hasn't changed.
    if fails { noted(isolate, incoming, incoming.now) } else { None }
}

/// The problem of a key without a record to judge. It is a failure if the key has no tag.
pub(crate) fn unknown(isolate: &Isolate, incoming: &Incoming, key: KeyKind, unknown: &Unknown) -> Problem {
    let problem = unknown.problem(&isolate.config.challenge);
    match (key, unknown) {
        (KeyKind::Imported, Unknown::Missing) => noted(isolate, incoming, clock::now()).unwrap_or(problem),
        _ => problem,
    }
}

/// The problem of a key that would have to be looked up in storage, if it has no tag, its record isn't in memory, and its
/// address failed too often.
pub(crate) fn before_storage(isolate: &Isolate, incoming: &Incoming, key: &PlainKey) -> Option<Problem> {
    if key.kind() != KeyKind::Imported {
        return None;
    }
    let wait_ms = isolate.failures.borrow().wait_ms(incoming.ip()?, clock::now())?;
    // A key that has a record may be asked about again, as often as it has to be.
    let exists = isolate.feed.borrow_mut().remembers(&key.digest());
    (!exists).then(|| too_many(wait_ms))
}

/// Notes a failure. Returns the 429 if its address failed too often.
pub(crate) fn noted(isolate: &Isolate, incoming: &Incoming, now: Timestamp) -> Option<Problem> {
    isolate.failures.borrow_mut().note(incoming.ip()?, now).map(too_many)
}

fn too_many(wait_ms: i64) -> Problem {
    let seconds = WINDOW_MS / 1_000;
    let detail = format!(
        "More than {MAX_FAILURES} requests from this address failed within {seconds} seconds; those that fail are told to \
         wait. A key that is issued here works meanwhile."
    );
    Problem::new(Code::TooManyFailures, detail).with_header("Retry-After", whole_seconds(wait_ms).to_string())
}
