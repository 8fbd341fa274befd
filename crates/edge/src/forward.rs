//! Forwarding: who the caller is goes along, the credential stays here.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use keystile_core::{
    KeyDigest, KeyRecord, Timestamp,
    config::Target,
    credential::CredentialHeader,
    http_signature::{self, SignatureHeaders},
    problem::Problem,
    record::Subject,
    route::{Path, Route},
};
use keystile_runtime::{clock, log};
use wasm_bindgen::JsValue;

use crate::{
    finder::Found,
    glue,
    incoming::Incoming,
    isolate::{Isolate, UpstreamHandle},
    reply::{self, Reply},
};

/// Headers that make some frameworks see another method or path than the one
/// that was judged, and those that only the edge may write.
const DROPPED: [&str; 7] = [
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Signature",
    "Signature-Input",
];

/// Forwards a request that was let through. Returns the promise of the
/// upstream's response.
pub(crate) fn forward(
    isolate: &Isolate,
    incoming: &Incoming,
    path: &Path,
    route: &Route,
    record: &KeyRecord,
    found: &Found,
) -> JsValue {
    let (Some(upstream), Some(handle)) =
        (isolate.config.upstreams.get(route.upstream), isolate.upstreams.get(route.upstream))
    else {
        return failed(&incoming.request_id, "the route names no upstream");
    };
    let base = match &upstream.target {
        Target::Url(base) => base.as_str(),
        // The host is of no meaning to a service binding.
        Target::Service(_) => "https://upstream",
    };
    let query = incoming.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    let scopes = record.scopes.joined();
    let identity = identity(incoming, record, &scopes);
    let mut set = identity.clone();
    let signature = sign(handle, incoming, path, &query, &identity, clock::now());
    if let Some(signature) = &signature {
        set.push(("Signature-Input", &signature.input));
        set.push(("Signature", &signature.signature));
    }
    let mut answer = reply::cross_origin(isolate, incoming);
    answer.extend(reply::server_timing(isolate, found));
    answer.push(("Keystile-Request-Id", incoming.request_id.clone()));
    if found.is_degraded() {
        answer.push((reply::DEGRADED.0, reply::DEGRADED.1.into()));
    }
    glue::forward(
        &handle.fetcher,
        &incoming.request,
        &format!("{base}{}{query}", path.as_str()),
        &dropped(isolate),
        &glue::join(set),
        &glue::join(answer.iter().map(|(name, value)| (*name, value.as_str()))),
        &incoming.request_id,
        isolate.upstream_failed.as_ref(),
    )
}

/// The response when there is no upstream to be reached.
pub(crate) fn failed(request_id: &str, reason: &str) -> JsValue {
    log::error("upstream_unreachable", &[("request_id", request_id.into()), ("reason", reason.into())]);
    let problem = Problem::new(
        502,
        "UPSTREAM_UNREACHABLE",
        "The key is valid, but the service behind this route did not answer.",
    );
    Reply::problem(&problem, request_id).send()
}

/// Who the caller is, for the upstream.
fn identity<'a>(incoming: &'a Incoming, record: &'a KeyRecord, scopes: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut identity = vec![("Keystile-Key-Id", record.id.as_str())];
    if let Subject::ApiKey { tenant, environment } = &record.subject {
        identity.push(("Keystile-Tenant", tenant.as_str()));
        identity.push(("Keystile-Environment", environment.as_str()));
    }
    identity.push(("Keystile-Scopes", scopes));
    identity.push(("Keystile-Request-Id", &incoming.request_id));
    identity
}

fn dropped(isolate: &Isolate) -> String {
    let credentials = isolate.config.headers.iter().map(|header| match header {
        CredentialHeader::Bearer => "Authorization",
        CredentialHeader::XApiKey => "X-Api-Key",
    });
    DROPPED.into_iter().chain(credentials).collect::<Vec<_>>().join("\0")
}

/// Signs method, path, query and identity, where the upstream has a secret for it.
fn sign(
    handle: &UpstreamHandle,
    incoming: &Incoming,
    path: &Path,
    query: &str,
    identity: &[(&str, &str)],
    now: Timestamp,
) -> Option<SignatureHeaders> {
    let secret = handle.signing_secret.as_deref()?;
    let query = if query.is_empty() { "?" } else { query };
    let names: Vec<String> = identity.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let mut components = vec![("@method", incoming.method.as_str()), ("@path", path.as_str()), ("@query", query)];
    components.extend(names.iter().map(String::as_str).zip(identity.iter().map(|(_, value)| *value)));
    let created = now.as_millis() / 1_000;
    let expires = created + http_signature::LIFETIME_SECONDS;
    let secret_id =
        URL_SAFE_NO_PAD.encode(KeyDigest::of(&String::from_utf8_lossy(secret)).as_bytes().first_chunk::<6>()?);
    let parameters =
        format!(";created={created};expires={expires};keyid=\"{secret_id}\";alg=\"hmac-sha256\";tag=\"keystile\"");
    Some(http_signature::sign("keystile", &components, &parameters, secret))
}
