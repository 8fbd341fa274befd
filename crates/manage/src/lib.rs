//! The management worker: the REST API, and the Durable Objects that hold the
//! truth about keys.
//!
//! `api` takes a request, knows who asks and what, and hands a
//! `command` to the tenant's `ledger_do`, whose answer it passes on. The
//! ledgers publish to the one `feed_do`, which the edge polls; the edge calls
//! both objects directly and never this worker's public routes.

mod api;
mod command;
mod dead_letters;
mod deployment;
mod failure;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod feed_do;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod ledger_do;

pub use feed_do::Feed;
pub use ledger_do::Ledger;

use worker::{Context, Env, Request, Response, Result, event};

/// A request to the REST API.
///
/// # Errors
/// Those of the platform while it makes the response.
#[event(fetch)]
pub async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    api::handle(request, &env).await
}
