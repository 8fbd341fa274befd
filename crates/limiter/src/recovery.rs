//! The platform's way back to an earlier point of an object's storage. The `worker` crate lacks these methods.

use js_sys::Promise;
use keystile_core::base::timestamp::Timestamp;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::{Error, Result, State};

/// The bookmark of a time.
///
/// # Errors
/// The platform's: it keeps points for 30 days, and the local one keeps none.
pub(crate) async fn bookmark(state: &State, at: Timestamp) -> Result<JsValue> {
    let asked = storage(state).bookmark_for_time(at.as_millis() as f64).map_err(Error::from)?;
    JsFuture::from(asked).await.map_err(Error::from)
}

/// Orders that the object's storage goes back to a bookmark when the object next starts.
///
/// # Errors
/// The platform's.
pub(crate) async fn go_back_at_next_start(state: &State, bookmark: &JsValue) -> Result<()> {
    let ordered = storage(state).on_next_session_restore(bookmark).map_err(Error::from)?;
    JsFuture::from(ordered).await.map(drop).map_err(Error::from)
}

fn storage(state: &State) -> Recoverable {
    let storage = state.storage();
    let raw: &JsValue = storage.as_raw();
    raw.clone().unchecked_into()
}

#[wasm_bindgen(module = "/src/recovery.js")]
extern "C" {
    /// Ends this instance of the object shortly.
    #[wasm_bindgen(js_name = endSoon)]
    fn end_soon(context: &JsValue);
}

/// Ends this instance of the object shortly: the platform starts another at the next event. The answer that is under
/// way leaves before.
pub(crate) fn start_again(state: &State) {
    end_soon(state.as_raw());
}

#[wasm_bindgen]
extern "C" {
    /// `DurableObjectStorage`.
    type Recoverable;

    #[wasm_bindgen(method, catch, js_name = getBookmarkForTime)]
    fn bookmark_for_time(this: &Recoverable, millis: f64) -> core::result::Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = onNextSessionRestoreBookmark)]
    fn on_next_session_restore(this: &Recoverable, bookmark: &JsValue) -> core::result::Result<Promise, JsValue>;
}
