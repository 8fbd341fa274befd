//! `glue.js`, and what little else is called in JavaScript.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

/// Between the parts of strings that cross in one piece.
pub(crate) const SEPARATOR: char = '\0';

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    pub(crate) fn describe(request: &JsValue) -> String;

    pub(crate) fn respond(status: u16, headers: &str, body: Option<&str>) -> JsValue;

    #[wasm_bindgen(js_name = bodyBytes)]
    pub(crate) fn body_bytes(request: &JsValue, limit: u32) -> Promise;

    #[wasm_bindgen(catch)]
    pub(crate) fn post(
        fetcher: &JsValue,
        url: &str,
        headers: &str,
        body: &Uint8Array,
        timeout_ms: u32,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = passOn)]
    pub(crate) fn pass_on(response: &JsValue, headers: &str) -> JsValue;

    pub(crate) fn discard(response: &JsValue);

    pub(crate) fn check(algorithm: &str, key: &Uint8Array, signature: &Uint8Array, message: &Uint8Array) -> Promise;
}

#[wasm_bindgen]
extern "C" {
    type Context;

    #[wasm_bindgen(method, catch, js_name = "waitUntil")]
    fn wait_until_raw(this: &Context, done: &Promise) -> Result<(), JsValue>;

    type Response;

    #[wasm_bindgen(method, getter, js_name = "status")]
    fn status_raw(this: &Response) -> u16;
}

/// `ctx.waitUntil`.
pub(crate) fn wait_until(context: &JsValue, done: &Promise) -> Result<(), JsValue> {
    context.unchecked_ref::<Context>().wait_until_raw(done)
}

/// A response's status.
pub(crate) fn status(response: &JsValue) -> u16 {
    response.unchecked_ref::<Response>().status_raw()
}

/// Joins names and values as `glue.js` takes them apart.
pub(crate) fn join<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut joined = String::new();
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
