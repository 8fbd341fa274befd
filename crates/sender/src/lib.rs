//! The worker that sends events. It has no address: other workers call its objects alone.
//!
//! [`router`] is the object of a tenant, or of the deployment: it numbers events, and hands them over to the endpoints
//! that ask for them. [`endpoint`] is the object of one endpoint. It keeps the events that wait in its [`queue`], and
//! each is [signed](signing) and [sent](sending); it also [reports](reporting) figures for metrics. Both do their work in their alarm, several pieces at once ([`pump`]).
//! The rules are in `keystile_core::events`.

#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod endpoint;
mod pump;
mod queue;
mod reporting;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod router;
mod routing;
mod sending;
mod signing;

pub use endpoint::EventEndpoint;
pub use router::EventRouter;

use keystile_core::base::{code::Code, problem::Problem};
use keystile_runtime::response;
use worker::{Context, Env, Request, Response, Result, event};

/// The request id of calls, which don't come from a caller's request.
const NO_REQUEST_ID: &str = "req_none";

/// Answers a request to the worker itself: there is nothing here.
///
/// # Errors
/// Fails if the platform fails to make the response.
#[event(fetch)]
pub async fn fetch(_request: Request, _env: Env, _context: Context) -> Result<Response> {
    no_such_path()
}

fn no_such_path() -> Result<Response> {
    response::problem(&Problem::new(Code::NoSuchPath, "There is no such path here."), NO_REQUEST_ID)
}
