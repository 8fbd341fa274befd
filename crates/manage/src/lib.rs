//! The management worker: the REST API, and the Durable Objects that hold the
//! truth about keys.
//!
//! [`router`] finds the operation that a request asks for, in the table of
//! [`operations`]. An operation knows from its [`api::call`] who asks and what, and
//! hands a [`command`] to the tenant's [`ledger`], whose answer it passes on. The
//! ledgers publish to the one [`feed`], which the edge polls; the edge calls both
//! objects directly and never this worker's public routes.

mod api;
mod command;
mod dead_letters;
mod deployment;
#[cfg(test)]
mod documented;
mod failure;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod feed;
mod ledger;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod ledger_object;
mod operations;
mod router;

pub use feed::Feed;
pub use ledger_object::Ledger;

use worker::{Context, Env, Request, Response, Result, event};

/// A request to the REST API.
///
/// # Errors
/// Those of the platform while it makes the response.
#[event(fetch)]
pub async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    router::handle(request, &env).await
}
