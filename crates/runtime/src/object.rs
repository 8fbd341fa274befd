//! Calls to Durable Objects: JSON over `fetch`, since objects written in Rust accept no other calls.
//!
//! The calls are bound by hand: the `worker` crate's request and response types would take a tenth of the edge worker's
//! size, and each call would build three of them.

use core::{error::Error, fmt};

use js_sys::{Object, Promise, Reflect};
use keystile_core::objects::Call;
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use crate::clock;

/// An error: a call got no answer in time, or one that can't be read.
#[derive(Clone, Debug)]
pub struct CallFailed(pub String);

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for CallFailed {}

/// Calls the object `name` of the class to which the call `C` belongs, and reads its answer.
///
/// # Errors
/// [`CallFailed`] on any outcome other than a 2xx answer that can be read.
pub async fn call<C: Call>(env: &Env, name: &str, request: &C, timeout_ms: u64) -> Result<C::Answer, CallFailed>
where
    C::Answer: DeserializeOwned,
{
    call_as(env, name, request, timeout_ms).await
}

/// Calls like [`call`], but reads the answer as another type, such as `Value`: a derived reader would take too much of
/// the edge's size.
///
/// # Errors
/// As for [`call`].
pub async fn call_as<C: Call, A: DeserializeOwned>(
    env: &Env,
    name: &str,
    request: &C,
    timeout_ms: u64,
) -> Result<A, CallFailed> {
    let (status, text) = ask(env, name, request, timeout_ms).await?;
    if !(200..300).contains(&status) {
        return Err(CallFailed(format!("{} answered {status}", C::PATH)));
    }
    serde_json::from_str(&text).map_err(|error| CallFailed(format!("{}: {error}", C::PATH)))
}

/// Sends a call, and returns status and text of its answer, whatever the status.
///
/// Every call is the same future, so that the edge has it once.
///
/// # Errors
/// [`CallFailed`] if there is no answer within `timeout_ms`.
pub fn ask<'a, C: Call>(
    env: &'a Env,
    name: &'a str,
    request: &C,
    timeout_ms: u64,
) -> impl Future<Output = Result<(u16, String), CallFailed>> + use<'a, C> {
    send(env, C::BINDING, name, C::PATH, text(request), timeout_ms)
}

/// The JSON of a request.
#[must_use]
pub fn text(request: &impl Serialize) -> String {
    // Every request serialises, since they are plain data.
    serde_json::to_string(request).unwrap_or_default()
}

async fn send(
    env: &Env,
    binding: &str,
    name: &str,
    path: &str,
    request: String,
    timeout_ms: u64,
) -> Result<(u16, String), CallFailed> {
    exchange(env, binding, name, path, &request, timeout_ms).await
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

/// The message of a JavaScript error.
#[must_use]
pub fn said(error: &JsValue) -> String {
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
