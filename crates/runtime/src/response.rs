//! Responses: JSON and problems.

use keystile_core::problem::{CONTENT_TYPE, Problem};
use serde_json::Value;
use worker::{Headers, Response, Result};

/// A JSON answer that nobody may cache.
///
/// # Errors
/// Those of the platform.
pub fn json(status: u16, body: &Value) -> Result<Response> {
    with_body(status, "application/json", body.to_string(), &[])
}

/// A problem, under a request's id.
///
/// # Errors
/// Those of the platform.
pub fn problem(problem: &Problem, request_id: &str) -> Result<Response> {
    with_body(problem.status, CONTENT_TYPE, problem.body(request_id), &problem.headers)
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
