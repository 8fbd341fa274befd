//! Crossings between WebAssembly and a worker's `glue.js`. Several texts cross as one, since each crossing costs about
//! as much as hashing a key.

use std::pin::Pin;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

/// The separator of texts that cross in one piece.
pub const SEPARATOR: char = '\0';

/// Joins names and values; `record` of `crossing.js` takes them apart.
pub fn join<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut joined = String::with_capacity(512);
    for (name, value) in pairs {
        if !joined.is_empty() {
            joined.push(SEPARATOR);
        }
        joined.push_str(name);
        joined.push(SEPARATOR);
        joined.push_str(value);
    }
    joined
}

/// Starts a future, and returns the promise of its value. All futures have one type here, since the code that drives a
/// future is compiled for each type.
pub fn promise(work: Pin<Box<dyn Future<Output = JsValue>>>) -> Promise {
    future_to_promise(async move { Ok(work.await) })
}

/// Calls `ctx.waitUntil`.
///
/// # Errors
/// The platform's exception, if the request is over.
pub fn wait_until(context: &JsValue, done: &Promise) -> Result<(), JsValue> {
    context.unchecked_ref::<Context>().wait_until_raw(done)
}

#[wasm_bindgen(module = "/src/crossing.js")]
extern "C" {
    /// Makes a `Response`. `headers` are names and values, [joined](join).
    pub fn respond(status: u16, headers: &str, body: Option<&str>) -> JsValue;
}

#[wasm_bindgen]
extern "C" {
    type Context;

    #[wasm_bindgen(method, catch, js_name = "waitUntil")]
    fn wait_until_raw(this: &Context, done: &Promise) -> Result<(), JsValue>;
}
