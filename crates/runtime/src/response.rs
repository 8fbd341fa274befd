//! Responses: JSON and problems.

use keystile_core::base::problem::{CONTENT_TYPE, Problem};
use serde::Serialize;
use worker::{Error, Headers, Response, Result};

/// A JSON answer that must not be cached.
///
/// # Errors
/// The platform's.
pub fn json(status: u16, body: &impl Serialize) -> Result<Response> {
    json_text(status, serde_json::to_string(body).map_err(|error| Error::RustError(error.to_string()))?)
}

/// A JSON answer like that of [`json`], from text that is JSON already.
///
/// # Errors
/// The platform's.
pub fn json_text(status: u16, body: String) -> Result<Response> {
    with_body(status, "application/json", body, &[])
}

/// A problem, with a request's id.
///
/// # Errors
/// The platform's.
pub fn problem(problem: &Problem, request_id: &str) -> Result<Response> {
    with_body(problem.status(), CONTENT_TYPE, problem.body(request_id), &problem.headers)
}

fn with_body(status: u16, content_type: &str, body: String, headers: &[(&str, String)]) -> Result<Response> {
    let all = Headers::new();
    all.set("Content-Type", content_type)?;
    all.set("Cache-Control", "private, no-store")?;
    for (name, value) in headers {
        all.set(name, value)?;
    }
    Ok(Response::builder().with_status(status).with_headers(all).fixed(body.into_bytes()))
}
