//! Calls to Durable Objects: JSON over `fetch`, since objects written in Rust
//! answer no other way.

use serde::{Serialize, de::DeserializeOwned};
use worker::{Env, Headers, Method, Request, RequestInit, Response, Stub};

use crate::clock;

/// The one feed.
pub const FEED: &str = "FEED";
/// The ledgers, one per tenant.
pub const LEDGER: &str = "LEDGER";
/// The name of the feed's one object.
pub const FEED_NAME: &str = "feed";
/// The ledger that holds operators' keys. No tenant can have this name.
pub const OPERATORS_LEDGER: &str = "_operators";

/// A call did not come to an answer in time, or to none that can be read.
#[derive(Clone, Debug)]
pub struct CallFailed(pub String);

/// Calls `path` of the object `name` behind `binding`, and reads its answer.
///
/// # Errors
/// [`CallFailed`] on every other outcome than a 2xx answer that `A` reads.
pub async fn call<Q: Serialize, A: DeserializeOwned>(
    env: &Env,
    binding: &str,
    name: &str,
    path: &str,
    question: &Q,
    timeout_ms: u64,
) -> Result<A, CallFailed> {
    let call = async {
        let mut response = send(env, binding, name, path, question).await?;
        if !(200..300).contains(&response.status_code()) {
            return Err(worker::Error::RustError(format!("{path} answered {}", response.status_code())));
        }
        let text = response.text().await?;
        serde_json::from_str(&text).map_err(|error| worker::Error::RustError(format!("{path}: {error}")))
    };
    match clock::within(timeout_ms, call).await {
        Some(answer) => answer.map_err(|error| CallFailed(error.to_string())),
        None => Err(CallFailed(format!("{path} did not answer within {timeout_ms} ms"))),
    }
}

/// Calls an object and hands its response on as it is.
///
/// # Errors
/// If the call itself fails.
pub async fn send<Q: Serialize>(
    env: &Env,
    binding: &str,
    name: &str,
    path: &str,
    question: &Q,
) -> worker::Result<Response> {
    let stub: Stub = env.durable_object(binding)?.get_by_name(name)?;
    let body = serde_json::to_string(question).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let headers = Headers::new();
    headers.set("Content-Type", "application/json")?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(body.into()));
    stub.fetch_with_request(Request::new_with_init(&format!("https://object{path}"), &init)?).await
}
