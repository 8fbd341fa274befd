//! Answers that are made here.

use keystile_core::{
    config::Cors,
    problem::{self, Problem},
};
use serde_json::Value;
use wasm_bindgen::JsValue;

use crate::{finder::Found, glue, incoming::Incoming, isolate::Isolate};

/// Marks an answer that KV alone vouched for.
pub(crate) const DEGRADED: (&str, &str) = ("Keystile-Degraded", "feed-unreachable");

/// A response in the making.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Reply {
    pub(crate) fn problem(problem: &Problem, request_id: &str) -> Self {
        let mut headers = problem.headers.clone();
        headers.push(("Content-Type", problem::CONTENT_TYPE.into()));
        Self { status: problem.status, headers, body: Some(problem.body(request_id)) }.private(request_id)
    }

    pub(crate) fn json(status: u16, body: &Value, request_id: &str) -> Self {
        let headers = vec![("Content-Type", "application/json".to_owned())];
        Self { status, headers, body: Some(body.to_string()) }.private(request_id)
    }

    /// The answer to a browser's preflight. A page of an origin that is not allowed
    /// learns nothing: the browser drops it.
    pub(crate) fn preflight(isolate: &Isolate, incoming: &Incoming) -> Self {
        let mut headers = Vec::new();
        if let Some(cors) = &isolate.config.cors {
            let allowed = ["Authorization", "X-Api-Key"].into_iter().chain(cors.headers.iter().map(String::as_str));
            headers.push(("Access-Control-Allow-Headers", allowed.collect::<Vec<_>>().join(", ")));
            headers.push(("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE".into()));
            headers.push(("Access-Control-Max-Age", cors.max_age_seconds.to_string()));
        }
        Self { status: 204, headers, body: None }.private(&incoming.request_id).cross_origin(isolate, incoming)
    }

    /// With `Server-Timing`, where that is configured.
    pub(crate) fn timed(mut self, isolate: &Isolate, found: &Found) -> Self {
        self.headers.extend(server_timing(isolate, found));
        self
    }

    /// With the headers that let another origin's page read it.
    pub(crate) fn cross_origin(mut self, isolate: &Isolate, incoming: &Incoming) -> Self {
        self.headers.extend(cross_origin(isolate, incoming));
        self
    }

    pub(crate) fn send(self) -> JsValue {
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        glue::respond(self.status, &glue::join(headers), self.body.as_deref())
    }

    fn private(mut self, request_id: &str) -> Self {
        self.headers.push(("Cache-Control", "private, no-store".into()));
        self.headers.push(("Keystile-Request-Id", request_id.into()));
        self
    }
}

/// The storage operations that a request waited for.
pub(crate) fn server_timing(isolate: &Isolate, found: &Found) -> Option<(&'static str, String)> {
    let waited = found.waited;
    let cache = if waited == keystile_core::feed::lookup::Waited::default() { "hit" } else { "miss" };
    isolate
        .config
        .server_timing
        .then(|| ("Server-Timing", format!("keystile;desc=\"kv={} feed={} cache={cache}\"", waited.kv, waited.feed)))
}

/// What lets a page of an allowed origin read the answer.
pub(crate) fn cross_origin(isolate: &Isolate, incoming: &Incoming) -> Vec<(&'static str, String)> {
    let (Some(cors), Some(origin)) = (&isolate.config.cors, &incoming.origin) else { return Vec::new() };
    let mut headers = vec![("Vary", "Origin".to_owned())];
    if allows(cors, origin) {
        headers.push(("Access-Control-Allow-Origin", origin.clone()));
        headers.push(("Access-Control-Expose-Headers", "Keystile-Request-Id, WWW-Authenticate, Retry-After".into()));
    }
    headers
}

fn allows(cors: &Cors, origin: &str) -> bool {
    cors.origins.iter().any(|allowed| allowed == "*" || allowed == origin)
}
