//! `glue.js`, and what little else is called in JavaScript.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// Between the parts of strings that cross in one piece.
pub(crate) const SEPARATOR: char = '\0';
/// Stands for a header that was not sent.
pub(crate) const ABSENT: &str = "\x01";

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    pub(crate) fn describe(request: &JsValue) -> String;

    pub(crate) fn respond(status: u16, headers: &str, body: Option<&str>) -> JsValue;

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn forward(
        fetcher: &JsValue,
        request: &JsValue,
        url: &str,
        drop_authorization: bool,
        set: &str,
        answer: &str,
        cors: bool,
        request_id: &str,
        failed: &JsValue,
    ) -> JsValue;

    #[wasm_bindgen(js_name = handOver)]
    pub(crate) fn hand_over(
        env: &JsValue,
        request: &JsValue,
        reach: &str,
        answer: &str,
        request_id: &str,
        failed: &JsValue,
    ) -> JsValue;

    #[wasm_bindgen(js_name = bodyText)]
    pub(crate) fn body_text(request: &JsValue, limit: u32) -> Promise;
}

#[wasm_bindgen]
extern "C" {
    type Context;

    #[wasm_bindgen(method, catch, js_name = "waitUntil")]
    fn wait_until_raw(this: &Context, done: &Promise) -> Result<(), JsValue>;
}

/// `ctx.waitUntil`.
pub(crate) fn wait_until(context: &JsValue, done: &Promise) -> Result<(), JsValue> {
    context.unchecked_ref::<Context>().wait_until_raw(done)
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
