//! A ledger's answer: JSON that the REST API passes on as it is.

use keystile_runtime::response;
use serde::Serialize;
use worker::Response;

use crate::failure::Failure;

/// The outcome of a command.
pub(crate) type LedgerResult = Result<Answer, Failure>;

/// Status and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// JSON.
    pub(crate) body: String,
}

impl Answer {
    /// An answer whose body is serialised.
    pub(crate) fn new(status: u16, body: &impl Serialize) -> worker::Result<Self> {
        Ok(Self { status, body: serde_json::to_string(body)? })
    }

    /// The response that says it.
    pub(crate) fn respond(self) -> worker::Result<Response> {
        response::json_text(self.status, self.body)
    }
}
