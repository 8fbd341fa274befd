//! A body that is too long for a queue's message: one Durable Object for each. It is deleted with the delivery, and in
//! any case after [`BODY_KEPT_MS`]. And an event that can be replayed: it is deleted at the end of its time.

use js_sys::{Promise, Uint8Array};
use keystile_core::{Timestamp, base::timestamp::HOUR_MS, objects::bodies::BodyCall, receiver::queue::BODY_KEPT_MS};
use keystile_runtime::{alarm, clock, database, log};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object, web_sys};

/// The value that marks an event that can be replayed. Its end is no fault.
const KEPT: &str = "kept";
/// The delay of a retry after a fault in the alarm, milliseconds.
const ALARM_RETRY_MS: i64 = HOUR_MS;

/// The object.
#[durable_object]
pub struct Bodies {
    state: State,
}

impl DurableObject for Bodies {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        match BodyCall::parse(&request.path()) {
            Some(BodyCall::Forget) => {
                self.state.storage().delete_all().await?;
                Response::empty()
            }
            Some(BodyCall::Store(part)) => self.store(part, &request, clock::now().plus_millis(BODY_KEPT_MS)).await,
            Some(BodyCall::Keep(part, until)) => {
                let marked = self.values().put(KEPT, &Uint8Array::new_with_length(0))?;
                JsFuture::from(marked).await?;
                self.store(part, &request, until).await
            }
            Some(BodyCall::Load(part)) => {
                let value = JsFuture::from(self.values().get(&part.to_string())?).await?;
                match value.dyn_ref::<Uint8Array>() {
                    Some(bytes) => Ok(Answer::new(bytes)?.unchecked_into::<web_sys::Response>().into()),
                    None => Ok(Response::empty()?.with_status(204)),
                }
            }
            None => Ok(Response::empty()?.with_status(404)),
        }
    }

    /// Deletes the body at the end of its time.
    async fn alarm(&self) -> Result<Response> {
        if JsFuture::from(self.values().get(KEPT)?).await?.is_undefined() {
            log::warn("webhook_body_expired", &[]);
        }
        let delete = async |_| self.state.storage().delete_all().await;
        alarm::carry_out(self.state.storage(), "bodies", ALARM_RETRY_MS, delete).await
    }
}

impl Bodies {
    /// Stores a request's body. Its bytes never enter the module's memory, nor do they when they are loaded.
    async fn store(&self, part: u32, request: &Request, until: Timestamp) -> Result<Response> {
        let bytes = JsFuture::from(request.inner().array_buffer()?).await?;
        database::arm(&self.state.storage(), until)?;
        JsFuture::from(self.values().put(&part.to_string(), &Uint8Array::new(&bytes))?).await?;
        Response::empty()
    }

    fn values(&self) -> Values {
        let storage = self.state.storage();
        let raw: &JsValue = storage.as_raw();
        raw.clone().unchecked_into()
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Response)]
    type Answer;

    #[wasm_bindgen(constructor, js_class = "Response", catch)]
    fn new(body: &Uint8Array) -> std::result::Result<Answer, JsValue>;

    /// The methods of `DurableObjectStorage` for bytes.
    type Values;

    #[wasm_bindgen(method, catch)]
    fn put(this: &Values, name: &str, value: &Uint8Array) -> std::result::Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Values, name: &str) -> std::result::Result<Promise, JsValue>;
}
