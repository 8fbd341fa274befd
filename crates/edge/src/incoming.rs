//! A request as the guard sees it.

use std::net::IpAddr;

use keystile_core::{
    Timestamp,
    key::credential::{Carriers, CredentialError},
};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

use crate::glue::{self, ABSENT, SEPARATOR};

/// One request: the parts that were read in one crossing, and its handles.
pub(crate) struct Incoming {
    pub(crate) request: JsValue,
    pub(crate) env: Env,
    pub(crate) context: JsValue,
    /// The time at which it came. In production the clock stands still until the first wait.
    pub(crate) now: Timestamp,
    pub(crate) request_id: String,
    pub(crate) method: String,
    /// The beginning of the URL as the caller wrote it, `https://api.example.com`.
    pub(crate) public_origin: String,
    /// The path as sent, and the query without its `?`.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) requested_method: Option<String>,
    /// User name and password of `Authorization: Basic …`.
    pub(crate) basic: Option<String>,
    /// The part of the URL that holds a key, if one does.
    pub(crate) key_in_url: Option<CredentialError>,
    /// The values of the headers that `[keys] headers` names, in its order.
    pub(crate) named: Vec<Option<String>>,
    /// The source address that Cloudflare states. The caller's `X-Forwarded-For` is ignored, since anybody can write it.
    pub(crate) connecting_ip: Option<String>,
}

impl Incoming {
    pub(crate) fn read(request: JsValue, env: JsValue, context: JsValue, request_id: String) -> Self {
        let described = glue::describe(&request);
        let mut parts = described.split(SEPARATOR);
        let mut next = || parts.next().filter(|part| *part != ABSENT).map(str::to_owned);
        let now = next().and_then(|millis| millis.parse().ok()).unwrap_or_default();
        let method = next().unwrap_or_default();
        let url = next().unwrap_or_default();
        let (public_origin, path, query) = split(&url);
        Self {
            now: Timestamp::from_millis(now),
            method,
            public_origin,
            path,
            query,
            authorization: next(),
            connecting_ip: next(),
            origin: next(),
            requested_method: next(),
            basic: next(),
            key_in_url: next().map(|part| match part.as_str() {
                glue::IN_QUERY => CredentialError::InQuery,
                _ => CredentialError::InPath,
            }),
            named: parts.map(|part| (part != ABSENT).then(|| part.to_owned())).collect(),
            request_id,
            request,
            env: env.unchecked_into(),
            context,
        }
    }

    /// The parts that may carry a credential.
    pub(crate) fn carriers(&self) -> Carriers<'_> {
        Carriers {
            authorization: self.authorization.as_deref(),
            basic: self.basic.as_deref(),
            named: &self.named,
            in_url: self.key_in_url,
        }
    }

    /// The source address, for the verdict.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.connecting_ip.as_deref().and_then(|ip| ip.parse().ok())
    }

    /// Whether it is a preflight: a browser's question before a cross-origin request.
    pub(crate) fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.origin.is_some() && self.requested_method.is_some()
    }
}

/// Splits an absolute URL, as the runtime provides it, into origin, path and query.
fn split(url: &str) -> (String, String, Option<String>) {
    let host = url.find(':').map_or(0, |at| at + "://".len());
    let end = url.get(host..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |at| host + at);
    let (origin, rest) = url.split_at_checked(end).unwrap_or((url, ""));
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query.to_owned())));
    (origin.to_owned(), path.to_owned(), query)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn urls_are_split_at_the_first_question_mark() {
        let whole = ("https://a.example".into(), "/b/c".into(), Some("d=/e?f".into()));
        assert_eq!(split("https://a.example/b/c?d=/e?f#g"), whole);
        assert_eq!(split("http://127.0.0.1:8787/"), ("http://127.0.0.1:8787".into(), "/".into(), None));
        assert_eq!(split("https://a.example?x"), ("https://a.example".into(), String::new(), Some("x".into())));
    }
}
