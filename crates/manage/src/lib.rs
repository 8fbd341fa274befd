//! The management worker: the REST API, and the Durable Objects that hold the truth about keys.
//!
//! [`router`] finds the operation that a request asks for in the table of [`operations`]. The operation learns from its
//! [`api::call`] who asks and what they ask. It sends a [`command`] to the tenant's [`ledger`] and passes the answer
//! on. The ledgers publish to the one [`feed`], which the edge polls, by way of a [`relay`] if there are any, and report
//! to the one [`overview`], which only this worker asks. The edge calls ledgers and feed directly, and never the public routes of this worker.

mod api;
mod command;
mod dead_letters;
mod deliveries;
mod deployment;
#[cfg(test)]
mod documented;
mod event_endpoints;
mod failure;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod feed;
mod github;
mod ledger;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod ledger_object;
mod operations;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod overview;
mod pages;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod relay;
mod router;

pub use feed::Feed;
pub use ledger_object::Ledger;
pub use overview::Overview;
pub use relay::Relay;

use worker::{Context, Env, Request, Response, Result, event};

/// Answers a request to the REST API.
///
/// # Errors
/// Fails if the platform fails to make the response.
#[event(fetch)]
pub async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    router::handle(request, &env, &context).await
}
