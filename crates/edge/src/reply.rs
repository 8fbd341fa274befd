//! Answers that the edge makes itself.

use keystile_core::{
    access::verdict::Refusal,
    base::{
        code::Code,
        path::PathError,
        problem::{self, Problem},
    },
    feed::lookup::Waited,
    limits::state::LimitState,
};
use serde_json::Value;
use wasm_bindgen::JsValue;

use crate::{finder::Provenance, glue, incoming::Incoming, isolate::Isolate, limits, response::ResponseOrFuture};

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
        Self { status: problem.status(), headers, body: Some(problem.body(request_id)) }.private(request_id)
    }

    pub(crate) fn json(status: u16, body: &Value, request_id: &str) -> Self {
        let headers = vec![("Content-Type", "application/json".to_owned())];
        Self { status, headers, body: Some(body.to_string()) }.private(request_id)
    }

    /// The answer, with the headers that tell of these limits.
    pub(crate) fn with_limits(mut self, states: &[LimitState]) -> Self {
        self.headers.extend(limits::headers(states));
        self
    }

    /// The answer to a browser's preflight. A page of an origin that is not allowed learns nothing: the browser drops
    /// the answer.
    pub(crate) fn preflight(isolate: &Isolate, incoming: &Incoming) -> Self {
        let mut headers = Vec::new();
        if let Some(cors) = &isolate.config.cors {
            headers.push(("Access-Control-Allow-Headers", cors.headers.join(", ")));
            headers.push(("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE".into()));
            headers.push(("Access-Control-Max-Age", cors.max_age_seconds.to_string()));
        }
        Self { status: 204, headers, body: None }.private(&incoming.request_id)
    }

    /// The response, with the headers that every answer to this request carries.
    pub(crate) fn finish(mut self, isolate: &Isolate, incoming: &Incoming, provenance: Provenance) -> JsValue {
        self.headers.extend(answer_headers(isolate, incoming, provenance));
        self.send()
    }

    /// Keeps the answer as the refusal of this number, without storage.
    fn prepare(mut self, number: usize, isolate: &Isolate, incoming: &Incoming) {
        self.headers.extend(answer_headers(isolate, incoming, Provenance::default()));
        let body = self.body.unwrap_or_default();
        glue::prepare(number, self.status, &joined(&self.headers), &body, &incoming.request_id);
    }

    pub(crate) fn send(self) -> JsValue {
        glue::respond(self.status, &joined(&self.headers), self.body.as_deref())
    }

    fn private(mut self, request_id: &str) -> Self {
        self.headers.push(("Cache-Control", "private, no-store".into()));
        self.headers.push(("Keystile-Request-Id", request_id.into()));
        self
    }
}

/// Headers as one text, for `glue.js`.
pub(crate) fn joined(headers: &[(&'static str, String)]) -> String {
    glue::join(headers.iter().map(|(name, value)| (*name, value.as_str())))
}

/// The response for a problem that was found before any storage was read.
pub(crate) fn refuse(isolate: &Isolate, incoming: &Incoming, problem: &Problem) -> ResponseOrFuture {
    let reply = Reply::problem(problem, &incoming.request_id);
    ResponseOrFuture::Ready(reply.finish(isolate, incoming, Provenance::default()))
}

/// The response for a refusal by the request's text alone. Only the request's id differs from one to the next, so each
/// is prepared once. With cross-origin headers, the page's origin differs, too.
pub(crate) fn refuse_by_text(isolate: &Isolate, incoming: &Incoming, refusal: &Refusal) -> ResponseOrFuture {
    let problem = || refusal.problem(&isolate.config.challenge);
    if isolate.config.cors.is_some() {
        return refuse(isolate, incoming, &problem());
    }
    let mut prepared = isolate.prepared.borrow_mut();
    let known = prepared.iter().position(|known| known == refusal);
    let number = known.unwrap_or(prepared.len());
    if known.is_none() {
        prepared.push(refusal.clone());
        Reply::problem(&problem(), &incoming.request_id).prepare(number, isolate, incoming);
    }
    ResponseOrFuture::Ready(glue::refuse(number, &incoming.request_id))
}

/// The response for a path that servers may read in two ways.
pub(crate) fn bad_path(isolate: &Isolate, incoming: &Incoming, error: PathError) -> ResponseOrFuture {
    refuse(isolate, incoming, &Problem::new(Code::BadPath, error.detail()))
}

/// The headers of every answer, including an upstream's: cross-origin access, costs, and whether the answer rests on KV
/// alone.
pub(crate) fn answer_headers(
    isolate: &Isolate,
    incoming: &Incoming,
    provenance: Provenance,
) -> Vec<(&'static str, String)> {
    let mut headers = cross_origin(isolate, incoming);
    if isolate.config.server_timing {
        let Waited { kv, feed } = provenance.waited;
        let cache = if kv + feed == 0 { "hit" } else { "miss" };
        let limit =
            if isolate.config.limits.is_empty() { String::new() } else { format!(" limit={}", provenance.limit) };
        headers.push(("Server-Timing", format!("keystile;desc=\"kv={kv} feed={feed}{limit} cache={cache}\"")));
    }
    let degraded = match (provenance.degraded, provenance.counted_alone) {
        (false, false) => return headers,
        (true, false) => "feed-unreachable",
        (false, true) => "limiter-unreachable",
        (true, true) => "feed-unreachable, limiter-unreachable",
    };
    headers.push(("Keystile-Degraded", degraded.into()));
    headers
}

/// The headers that let a page of an allowed origin read the answer.
fn cross_origin(isolate: &Isolate, incoming: &Incoming) -> Vec<(&'static str, String)> {
    let Some(cors) = &isolate.config.cors else { return Vec::new() };
    let mut headers = Vec::new();
    if !cors.is_open() {
        headers.push(("Vary", "Origin".to_owned()));
    }
    if let Some(allowed) = cors.allowed(incoming.origin.as_deref()) {
        headers.push(("Access-Control-Allow-Origin", allowed.into()));
        headers.push(("Access-Control-Expose-Headers", cors.exposed.clone()));
    }
    headers
}
