//! A request as the worker sees it.

use keystile_core::Timestamp;
use keystile_runtime::body::{self, BodyError};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

use crate::glue::{self, SEPARATOR};

/// The request's id, which the edge gives.
const REQUEST_ID: &str = "keystile-request-id";
/// Whom an operator may ask about. The edge sets it, whatever came.
const REACH: &str = "keystile-reach";
/// What the edge writes for an operator of all tenants.
const ALL: &str = "all";

/// One request: what was read of it in one crossing, and its handles.
pub(crate) struct Incoming {
    request: JsValue,
    pub(crate) env: Env,
    pub(crate) now: Timestamp,
    pub(crate) request_id: String,
    pub(crate) method: String,
    pub(crate) url: String,
    /// In lower case, each once. Those of Keystile's own are taken out.
    pub(crate) headers: Vec<(String, String)>,
    /// What the edge says that an operator may ask about.
    reach: Option<String>,
}

impl Incoming {
    pub(crate) fn read(request: JsValue, env: JsValue) -> Self {
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

    /// Whether the edge knows the caller as an operator, of whatever reach.
    pub(crate) fn is_operator(&self) -> bool {
        self.reach.as_deref().is_some_and(|reach| !reach.is_empty())
    }

    /// Whether that is an operator of all tenants.
    pub(crate) fn reaches_all(&self) -> bool {
        self.reach.as_deref() == Some(ALL)
    }

    /// The body. Can be asked once.
    ///
    /// # Errors
    /// Why it can't be read.
    pub(crate) async fn body(&self, limit: u32) -> Result<Vec<u8>, BodyError> {
        body::read(&self.request, limit).await
    }
}
