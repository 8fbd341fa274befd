//! Calls to Durable Objects: JSON over `fetch`, since objects written in Rust
//! answer no other way.
//!
//! Bound by hand: the `worker` crate's request and response types would be a
//! tenth of the edge worker's size, and each call would build three of them.

use js_sys::{Object, Promise, Reflect};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

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
    let question = serde_json::to_string(question).map_err(|error| CallFailed(error.to_string()))?;
    let (status, text) = exchange(env, binding, name, path, &question, timeout_ms).await?;
    if !(200..300).contains(&status) {
        return Err(CallFailed(format!("{path} answered {status}")));
    }
    serde_json::from_str(&text).map_err(|error| CallFailed(format!("{path}: {error}")))
}

/// Sends JSON to an object and returns the status and text of its answer.
///
/// # Errors
/// [`CallFailed`] if there is no answer within `timeout_ms`.
pub async fn exchange(
    env: &Env,
    binding: &str,
    name: &str,
    path: &str,
    question: &str,
    timeout_ms: u64,
) -> Result<(u16, String), CallFailed> {
    match clock::within(timeout_ms, fetch(env, binding, name, path, question)).await {
        Some(answer) => answer.map_err(|error| CallFailed(format!("{binding}{path}: {}", said(&error)))),
        None => Err(CallFailed(format!("{binding}{path} did not answer within {timeout_ms} ms"))),
    }
}

async fn fetch(env: &Env, binding: &str, name: &str, path: &str, question: &str) -> Result<(u16, String), JsValue> {
    let namespace = Reflect::get(env, &binding.into())?;
    if !namespace.is_object() {
        return Err("the binding is missing".into());
    }
    let stub = namespace.unchecked_into::<Namespace>().get_by_name(name)?;
    let init = Object::new();
    Reflect::set(&init, &"method".into(), &"POST".into())?;
    Reflect::set(&init, &"body".into(), &question.into())?;
    let answer = JsFuture::from(stub.fetch(&format!("https://object{path}"), &init)?).await?;
    let answer = answer.unchecked_into::<Answer>();
    let text = JsFuture::from(answer.text()?).await?;
    Ok((answer.status(), text.as_string().unwrap_or_default()))
}

/// What a JavaScript error says.
pub(crate) fn said(error: &JsValue) -> String {
    error
        .as_string()
        .or_else(|| Reflect::get(error, &"message".into()).ok()?.as_string())
        .unwrap_or_else(|| "unknown error".to_owned())
}

#[wasm_bindgen]
extern "C" {
    type Namespace;
    #[wasm_bindgen(method, catch, js_name = "getByName")]
    fn get_by_name(this: &Namespace, name: &str) -> Result<Stub, JsValue>;

    type Stub;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &str, init: &Object) -> Result<Promise, JsValue>;

    type Answer;
    #[wasm_bindgen(method, getter)]
    fn status(this: &Answer) -> u16;
    #[wasm_bindgen(method, catch)]
    fn text(this: &Answer) -> Result<Promise, JsValue>;
}
