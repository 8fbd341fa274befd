//! The functions of `glue.js` and `room.js`, and a few other JavaScript functions.

use js_sys::{JsString, Promise, Uint8Array};
pub(crate) use keystile_runtime::crossing::{SEPARATOR, join, respond, wait_until};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    pub(crate) fn describe(request: &JsValue) -> String;

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

    /// The promise of a document's Cache-Control, ETag and text, with separators between them; of the first alone if it
    /// is the one with this ETag.
    #[wasm_bindgen(js_name = fetchKeys)]
    pub(crate) fn fetch_keys(url: &str, timeout_ms: u32, limit: u32, etag: &str) -> Promise;

    /// The promise of the HMAC-SHA256 of a text and the bytes after it.
    #[wasm_bindgen(catch)]
    pub(crate) fn hmac(key: &[u8], before: &str, body: &Uint8Array) -> Result<Promise, JsValue>;

    /// Checks a signature. The bytes are views of this module's memory: WebCrypto copies them before it returns.
    #[wasm_bindgen(catch)]
    pub(crate) fn check(
        name: &str,
        hash: &str,
        named_curve: &str,
        key_format: &str,
        key: &[u8],
        signature: &[u8],
        message: &[u8],
    ) -> Result<Promise, JsValue>;
}

#[wasm_bindgen(module = "/src/room.js")]
extern "C" {
    /// The room that one body takes among those that the isolate holds. It reads the body.
    #[derive(Debug)]
    pub(crate) type Room;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Room;

    #[wasm_bindgen(method)]
    pub(crate) fn leave(this: &Room);

    pub(crate) fn vacate();

    /// Frees a buffer. What the platform still sends of it is not affected.
    pub(crate) fn release(bytes: &Uint8Array);
}

#[wasm_bindgen]
extern "C" {
    type Response;

    #[wasm_bindgen(method, getter, js_name = "status")]
    fn status_raw(this: &Response) -> u16;
}

/// The normal form NFKD, by the platform.
pub(crate) fn nfkd(text: &str) -> Option<String> {
    Some(String::from(JsString::from(text).normalize("NFKD")))
}

/// A response's status.
pub(crate) fn status(response: &JsValue) -> u16 {
    response.unchecked_ref::<Response>().status_raw()
}
