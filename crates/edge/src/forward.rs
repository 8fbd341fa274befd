//! Forwarding: the upstream gets the caller's identity, but not the credential.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use keystile_core::{
    KeyDigest, KeyRecord, Timestamp,
    access::{
        http_signature::{self, SignatureHeaders},
        record::Subject,
        route::Route,
    },
    base::{code::Code, path::Path, problem::Problem},
    limits::state::LimitState,
};
use keystile_runtime::{log, upstream::Upstream};
use wasm_bindgen::{JsValue, closure::Closure};

use crate::{
    finder::Provenance,
    glue,
    incoming::Incoming,
    isolate::{Isolate, UpstreamHandle},
    limits, metrics,
    reply::{self, Reply},
};

/// Forwards a request that was let through, under these limits. Without a record it needed no key. Returns the promise
/// of the upstream's response.
#[allow(clippy::too_many_arguments)]
pub(crate) fn forward(
    isolate: &Isolate,
    incoming: &Incoming,
    path: &Path,
    route: &Route,
    record: Option<&KeyRecord>,
    states: &[LimitState],
    provenance: Provenance,
    now: Timestamp,
) -> JsValue {
    let handle = match isolate.upstreams.get(route.upstream) {
        Some(Ok(handle)) => handle,
        Some(Err(missing)) => return failed(&incoming.request_id, missing).finish(isolate, incoming, provenance),
        None => return failed(&incoming.request_id, "no upstream").finish(isolate, incoming, provenance),
    };
    let Upstream { fetcher, origin, base } = &handle.upstream;
    // A Worker behind a binding sees the URL that the caller wrote, so its redirects and links are right by themselves.
    let origin = if handle.is_service { &incoming.public_origin } else { origin };
    let path = [base.as_str(), &route.forwarded(path)].concat();
    let query = incoming.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    let scopes = record.map(|record| record.scopes.joined()).unwrap_or_default();
    let mut set = identity(incoming, record, &scopes);
    if handle.signing_secret.is_some() {
        // An upstream can't pass a signed request on to another one that has the same secret.
        set.push(("Keystile-Upstream", &handle.name));
    }
    let signature = sign(handle, incoming, &path, &query, &set, now);
    if let Some(signature) = &signature {
        set.push(("Signature-Input", &signature.input));
        set.push(("Signature", &signature.signature));
    }
    if !handle.is_service {
        set.extend(public_address(incoming));
        if !route.strip_prefix.is_empty() {
            set.push(("X-Forwarded-Prefix", &route.strip_prefix));
        }
    }
    let mut answer = reply::answer_headers(isolate, incoming, provenance);
    answer.push(("Keystile-Request-Id", incoming.request_id.clone()));
    answer.extend(limits::headers(states));
    let url = [origin, path.as_str(), &query].concat();
    let prefix = [base, route.add_prefix.as_str()].concat();
    let public_prefix = [incoming.public_origin.as_str(), &route.strip_prefix].concat();
    let answer_at = (FIXED_PARTS + 2 * set.len()).to_string();
    let answer = reply::joined(&answer);
    let fixed: [&str; FIXED_PARTS] = [&url, &prefix, &public_prefix, &incoming.request_id, &answer_at];
    let mut texts = fixed.to_vec();
    for (name, value) in &set {
        texts.extend_from_slice(&[*name, *value]);
    }
    texts.push(&answer);
    let text = texts.join("\0");
    let answered = metrics::when_answered(isolate);
    glue::forward(fetcher, &incoming.request, &text, handle.timeout_ms, &when_failed(), &answered, route.upstream)
}

/// The parts of the text for `forward` of `glue.js`, before its headers.
const FIXED_PARTS: usize = 5;

thread_local! {
    static WHEN_FAILED: Closure<dyn Fn(String, String) -> JsValue> =
        Closure::new(|request_id: String, reason: String| failed(&request_id, &reason).send());
}

/// A JavaScript function that makes the response if the upstream gives none. Its arguments are a request's id and the
/// reason.
pub(crate) fn when_failed() -> JsValue {
    WHEN_FAILED.with(|closure| closure.as_ref().clone())
}

/// The answer if there is none of the upstream: it can't be reached, or does not answer in time.
fn failed(request_id: &str, reason: &str) -> Reply {
    let problem = match reason {
        glue::LATE => {
            log::error("upstream_timeout", &[("request_id", request_id.into())]);
            let detail = "The service behind this path did not answer in time. It may still carry the request out.";
            Problem::new(Code::UpstreamTimeout, detail)
        }
        _ => {
            log::error("upstream_unreachable", &[("request_id", request_id.into()), ("reason", reason.into())]);
            let detail = "Nothing is wrong with this request, but the service behind this path did not answer.";
            Problem::new(Code::UpstreamUnreachable, detail)
        }
    };
    Reply::problem(&problem, request_id)
}

/// The caller's identity, for the upstream. Without a record nobody knows whose request it is.
fn identity<'a>(
    incoming: &'a Incoming,
    record: Option<&'a KeyRecord>,
    scopes: &'a str,
) -> Vec<(&'static str, &'a str)> {
    let mut identity = Vec::new();
    if let Some(record) = record {
        identity.push(("Keystile-Key-Id", record.id.as_str()));
        if let Subject::ApiKey { tenant, environment } = &record.subject {
            identity.push(("Keystile-Tenant", tenant.as_str()));
            identity.push(("Keystile-Environment", environment.as_str()));
        }
        identity.push(("Keystile-Scopes", scopes));
    }
    identity.push(("Keystile-Request-Id", &incoming.request_id));
    identity.extend(incoming.connecting_ip.as_deref().map(|ip| ("Keystile-Client-Ip", ip)));
    identity
}

/// The headers by which an upstream at a URL of its own learns the caller's address and the URL that they wrote, in the
/// spelling that frameworks read.
fn public_address(incoming: &Incoming) -> impl Iterator<Item = (&'static str, &str)> {
    let (proto, host) = incoming.public_origin.split_once(':').unwrap_or_default();
    let host = host.trim_start_matches('/');
    let client = incoming.connecting_ip.as_deref().map(|ip| ("X-Forwarded-For", ip));
    client.into_iter().chain([("X-Forwarded-Host", host), ("X-Forwarded-Proto", proto)])
}

/// Signs method, path, query, identity and the upstream's name, if the upstream has a secret for it.
fn sign(
    handle: &UpstreamHandle,
    incoming: &Incoming,
    path: &str,
    query: &str,
    identity: &[(&str, &str)],
    now: Timestamp,
) -> Option<SignatureHeaders> {
    let secret = handle.signing_secret.as_deref()?;
    let query = if query.is_empty() { "?" } else { query };
    let names: Vec<String> = identity.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let mut components = vec![("@method", incoming.method.as_str()), ("@path", path), ("@query", query)];
    components.extend(names.iter().map(String::as_str).zip(identity.iter().map(|(_, value)| *value)));
    let created = now.as_millis() / 1_000;
    let expires = created + http_signature::LIFETIME_SECONDS;
    let secret_id = Base64UrlUnpadded::encode_string(KeyDigest::of(secret).as_bytes().first_chunk::<6>()?);
    let parameters =
        format!(";created={created};expires={expires};keyid=\"{secret_id}\";alg=\"hmac-sha256\";tag=\"keystile\"");
    Some(http_signature::sign("keystile", &components, &parameters, secret.as_bytes()))
}
