//! The worker whose objects count by rate limits and quotas. It is a worker of its own, so that a deploy of another one
//! doesn't restart the objects that count. It has no address: other workers call its objects alone.
//!
//! [`limiter`] is the object of a tenant, and takes its calls. [`counting`] answers them: the limits that a key is
//! under come from its [`terms`], what was counted from the rows of the [`store`]. That a limit
//! was [`reached`] is told as an event. The rule that counts is in
//! `keystile_core::limits::limiter`. [`recovery`] is the platform's way back to an earlier point, and [`restores`] the
//! object that remembers who went it.

mod counting;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod limiter;
mod reached;
mod recovery;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod restores;
mod store;
mod terms;

pub use limiter::Limiter;
pub use restores::LimiterRestores;

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
