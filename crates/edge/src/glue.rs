//! The functions of `glue.js`, and a few other JavaScript functions.

pub(crate) use keystile_runtime::crossing::{SEPARATOR, join, respond, wait_until};
use wasm_bindgen::prelude::*;

/// The text for a header that was not sent.
pub(crate) const ABSENT: &str = "\x01";
/// The description's text for a key in the query; another text says that it is in the path.
pub(crate) const IN_QUERY: &str = "query";
/// The reason of `failed` if the upstream did not answer in time.
pub(crate) const LATE: &str = "late";

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    pub(crate) fn configure(names: &str, own_authorization: &str, keys: &str, keys_in_url: &str, cors: bool);

    pub(crate) fn describe(request: &JsValue) -> String;

    pub(crate) fn location(request: &JsValue) -> String;

    pub(crate) fn prepare(number: usize, status: u16, headers: &str, body: &str, request_id: &str);

    pub(crate) fn refuse(number: usize, request_id: &str) -> JsValue;

    pub(crate) fn forward(
        fetcher: &JsValue,
        request: &JsValue,
        text: &str,
        timeout_ms: u32,
        failed: &JsValue,
        answered: &JsValue,
        upstream: usize,
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
