//! A request as the worker sees it.

use keystile_core::{Timestamp, base::problem::Problem};
use keystile_runtime::{body, crossing::promise, log};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

use crate::{
    body::Buffer,
    glue::{self, SEPARATOR},
};

/// The header with the request's id, which the edge assigns.
const REQUEST_ID: &str = "keystile-request-id";
/// The header with the tenants that an operator may ask about. The edge always sets it, so no caller can forge it.
const REACH: &str = "keystile-reach";
/// The header's value for an operator of all tenants.
const ALL: &str = "all";

/// One request: the parts that were read in one crossing, and its handles.
pub(crate) struct Incoming {
    request: JsValue,
    context: JsValue,
    pub(crate) env: Env,
    pub(crate) now: Timestamp,
    pub(crate) request_id: String,
    pub(crate) method: String,
    pub(crate) url: String,
    /// The headers, with names in lower case, each once. Keystile's own are removed.
    pub(crate) headers: Vec<(String, String)>,
    /// The reach of the operator, as the edge states it.
    reach: Option<String>,
}

impl Incoming {
    pub(crate) fn read(request: JsValue, env: JsValue, context: JsValue) -> Self {
        let described = glue::describe(&request);
        let mut parts = described.split(SEPARATOR);
        let mut next = || parts.next().map(str::to_owned);
        let now = next().and_then(|millis| millis.parse().ok()).unwrap_or_default();
        let (method, url) = (next().unwrap_or_default(), next().unwrap_or_default());
        let mut headers = Vec::new();
        while let (Some(name), Some(value)) = (next(), next()) {
            headers.push((name, value));
        }
        let of = |name: &str| headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
        let (request_id, reach) = (of(REQUEST_ID).unwrap_or_else(|| "req_none".into()), of(REACH));
        headers.retain(|(name, _)| !matches!(name.as_str(), REQUEST_ID | REACH));
        Self {
            request,
            context,
            env: env.unchecked_into(),
            now: Timestamp::from_millis(now),
            request_id,
            method,
            url,
            headers,
            reach,
        }
    }

    /// The path, which the edge has brought into its normal form.
    pub(crate) fn path(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
        path.split(['?', '#']).next().unwrap_or_default()
    }

    /// The query with its `?`, or nothing.
    pub(crate) fn query(&self) -> &str {
        let url = self.url.split('#').next().unwrap_or_default();
        url.find('?').and_then(|at| url.get(at..)).unwrap_or_default()
    }

    /// Whether the edge knows the caller as an operator, of any reach.
    pub(crate) fn is_operator(&self) -> bool {
        self.reach.as_deref().is_some_and(|reach| !reach.is_empty())
    }

    /// Whether the caller is an operator of all tenants.
    pub(crate) fn reaches_all(&self) -> bool {
        self.reach.as_deref() == Some(ALL)
    }

    /// Does work that the answer doesn't wait for. The runtime gives it 30 seconds after the answer.
    pub(crate) fn afterwards(&self, work: impl Future<Output = ()> + 'static) {
        let done = promise(Box::pin(async move {
            work.await;
            JsValue::UNDEFINED
        }));
        if glue::wait_until(&self.context, &done).is_err() {
            log::warn("wait_until_failed", &[]);
        }
    }

    /// Reads a body of JSON. It can be called once.
    ///
    /// # Errors
    /// The reason why the body can't be read.
    pub(crate) async fn json(&self, limit: u32) -> Result<Buffer, Problem> {
        body::refuse_encoded(&self.request)?;
        self.body(limit).await
    }

    /// Reads the body as it came. It can be called once.
    ///
    /// # Errors
    /// The reason why the body can't be read.
    pub(crate) async fn body(&self, limit: u32) -> Result<Buffer, Problem> {
        Buffer::receive(&self.request, limit).await
    }
}
