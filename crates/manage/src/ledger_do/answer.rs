//! What a ledger answers: JSON that the REST API passes on as it is.

use keystile_core::{
    Timestamp,
    api::management::{self, Holds},
    base::problem::Problem,
    ledger::lifecycle::{Key, TransitionError},
};
use keystile_runtime::response;
use serde::Serialize;
use serde_json::{Map, Value, json};
use worker::Response;

use crate::{command::Target, failure::Failure};

/// A handler's outcome.
pub(super) type Outcome = Result<Answer, Failure>;

/// Status and body.
pub(super) struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// What the REST API reads, and does not pass on as it is.
    pub(super) fn internal(body: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_value(body).map_err(|error| Failure::Fault(error.to_string()))?;
        Ok(Self::ok(body))
    }

    /// There is a key now that was not before.
    pub(super) fn created(body: Map<String, Value>) -> Self {
        Self { status: 201, body: Value::Object(body) }
    }

    /// As it was given before.
    pub(super) const fn with_status(status: u16, body: Value) -> Self {
        Self { status, body }
    }

    pub(super) const fn status(&self) -> u16 {
        self.status
    }

    pub(super) const fn body(&self) -> &Value {
        &self.body
    }

    pub(super) fn respond(self) -> worker::Result<Response> {
        response::json(self.status, &self.body)
    }
}

/// A key after a change: as it is shown, and from when on that holds where.
pub(super) fn changed(key: &Key, effective_by: Option<Timestamp>, holds: Holds, now: Timestamp) -> Map<String, Value> {
    let mut body = management::present(key, holds, now);
    body.extend(effect(effective_by, holds));
    body
}

/// From when on a change holds, and where.
pub(super) fn effect(effective_by: Option<Timestamp>, holds: Holds) -> Map<String, Value> {
    let mut effect = Map::new();
    effect.insert("effective_by".into(), json!(effective_by.map(Timestamp::to_rfc3339)));
    effect.insert("holds".into(), json!(holds));
    effect
}

/// There is no such key, or not for this caller.
pub(super) fn not_found(target: &Target) -> Problem {
    if target.id.is_operators() {
        Problem::new(404, "OPERATOR_NOT_FOUND", "There is no operator with this id.")
    } else {
        Problem::new(404, "KEY_NOT_FOUND", "There is no key with this id.")
    }
}

/// The key is in no state for this.
pub(super) fn impossible(error: TransitionError) -> Problem {
    Problem::new(409, error.code(), error.detail())
}

/// The key has another version than the caller asked to change.
pub(super) fn version_mismatch(key: &Key) -> Problem {
    let version = key.record.version;
    let detail = format!("The key has changed meanwhile: its ETag is now \"{version}\". Read it again, then decide.");
    Problem::new(412, "VERSION_MISMATCH", detail).with("version", json!(version))
}

/// A change is recorded but the feed did not take it.
pub(super) fn pending(is_revocation: bool) -> Problem {
    let (code, what) = if is_revocation { ("REVOCATION_PENDING", "revocation") } else { ("CHANGE_PENDING", "change") };
    let detail = format!(
        "The {what} is recorded, but not yet in effect: the change feed can't be reached. It is retried by itself \
         until it takes effect; ask again to see when that is."
    );
    Problem::new(503, code, detail)
}
