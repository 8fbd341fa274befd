//! A ledger's answer: JSON that the REST API passes on unchanged.

use keystile_runtime::response;
use serde::Serialize;
use worker::Response;

use crate::failure::Failure;

/// The outcome of a command.
pub(crate) type LedgerResult = Result<Answer, Failure>;

/// The status and the body of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// JSON.
    pub(crate) body: String,
}

impl Answer {
    /// Makes an answer by serialising its body.
    pub(crate) fn new(status: u16, body: &impl Serialize) -> worker::Result<Self> {
        Ok(Self { status, body: serde_json::to_string(body)? })
    }

    /// Turns the answer into a response.
    pub(crate) fn respond(self) -> worker::Result<Response> {
        response::json_text(self.status, self.body)
    }
}
