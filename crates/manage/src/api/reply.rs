//! Answers of the REST API.

use std::pin::Pin;

use keystile_core::{
    Timestamp,
    base::{code::Code, problem::CONTENT_TYPE, timestamp},
};
use serde::Deserialize;
use worker::{Headers, Response};

use crate::failure::Failure;

/// The outcome of an operation.
pub(crate) type ApiResult = Result<Response, Failure>;
/// The future of an operation's outcome.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = ApiResult> + 'a>>;

/// The members of a ledger's answer that this layer reads.
#[derive(Default, Deserialize)]
pub(crate) struct Passed {
    code: Option<String>,
    version: Option<u64>,
    #[serde(default, with = "timestamp::rfc3339")]
    pub(crate) effective_by: Option<Timestamp>,
}

impl Passed {
    /// Reads the members from an answer. If the answer isn't JSON of this shape, all are absent.
    pub(crate) fn read(body: &str) -> Self {
        serde_json::from_str(body).unwrap_or_default()
    }
}

/// Builds the response from a ledger's answer: the unchanged body, and the headers that follow from it.
pub(crate) fn passed_on(status: u16, body: String, passed: &Passed) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("Content-Type", if status < 400 { "application/json" } else { CONTENT_TYPE })?;
    headers.set("Cache-Control", "private, no-store")?;
    if status == 503 || passed.code.as_deref() == Some(Code::IdempotencyKeyInUse.as_str()) {
        headers.set("Retry-After", "1")?;
    }
    // The version of a key is its ETag.
    if let Some(version) = passed.version.filter(|_| status < 400) {
        headers.set("ETag", &format!("\"{version}\""))?;
    }
    Ok(Response::builder().with_status(status).with_headers(headers).fixed(body.into_bytes()))
}
