//! The functions of `glue.js`, and a few other JavaScript functions.

pub(crate) use keystile_runtime::crossing::{SEPARATOR, join, respond, wait_until};
use wasm_bindgen::prelude::*;

/// The text for a header that was not sent.
pub(crate) const ABSENT: &str = "\x01";
/// The reasons of `failed` that are no fault of the upstream.
pub(crate) const LATE: &str = "late";
pub(crate) const KEY_IN_PATH: &str = "key in path";
pub(crate) const KEY_IN_QUERY: &str = "key in query";

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    pub(crate) fn configure(names: &str, own_authorization: &str);

    pub(crate) fn describe(request: &JsValue) -> String;

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn forward(
        fetcher: &JsValue,
        request: &JsValue,
        url: &str,
        prefix: &str,
        public_prefix: &str,
        keys: &JsValue,
        timeout_ms: u32,
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
}
