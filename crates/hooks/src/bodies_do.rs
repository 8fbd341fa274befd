//! A body that is too long for a queue's message: one Durable Object for each,
//! with the delivery's id for a name. It is deleted with the delivery, and in
//! any case after [`BODY_KEPT_MS`].
//!
//! | path | |
//! |---|---|
//! | `/store/{n}` | keeps the request's body as part `n` |
//! | `/load/{n}` | part `n`, or 204 |
//! | `/forget` | deletes everything |

use js_sys::{Promise, Uint8Array};
use keystile_core::receiver::queue::BODY_KEPT_MS;
use keystile_runtime::{clock, database, log};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// After a fault in the alarm it is tried again this much later.
const ALARM_RETRY_MS: i64 = 3_600_000;

/// The object.
#[durable_object]
pub struct Bodies {
    state: State,
}

impl DurableObject for Bodies {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        if path == "/forget" {
            self.state.storage().delete_all().await?;
            return Response::empty();
        }
        if let Some(part) = path.strip_prefix("/store/") {
            let bytes = request.bytes().await?;
            database::arm(&self.state.storage(), clock::now().plus_millis(BODY_KEPT_MS))?;
            JsFuture::from(self.values().put(part, &Uint8Array::from(bytes.as_slice()))?).await?;
            return Response::empty();
        }
        if let Some(part) = path.strip_prefix("/load/") {
            let value = JsFuture::from(self.values().get(part)?).await?;
            return match value.dyn_ref::<Uint8Array>() {
                Some(bytes) => Response::from_bytes(bytes.to_vec()),
                None => Ok(Response::empty()?.with_status(204)),
            };
        }
        Ok(Response::empty()?.with_status(404))
    }

    /// Nobody asked for it any more. Never fails: an alarm that does is dropped in the end.
    async fn alarm(&self) -> Result<Response> {
        log::warn("webhook_body_expired", &[]);
        if let Err(error) = self.state.storage().delete_all().await {
            log::error("webhook_body_not_deleted", &[("reason", error.to_string().into())]);
            let again = clock::now().plus_millis(ALARM_RETRY_MS);
            if let Err(error) = database::arm(&self.state.storage(), again) {
                log::error("alarm_not_set", &[("reason", error.to_string().into())]);
            }
        }
        Response::empty()
    }
}

impl Bodies {
    fn values(&self) -> Values {
        let storage = self.state.storage();
        let raw: &JsValue = storage.as_raw();
        raw.clone().unchecked_into()
    }
}

#[wasm_bindgen]
extern "C" {
    /// The part of `DurableObjectStorage` for bytes.
    type Values;

    #[wasm_bindgen(method, catch)]
    fn put(this: &Values, name: &str, value: &Uint8Array) -> std::result::Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Values, name: &str) -> std::result::Result<Promise, JsValue>;
}
