//! The REST API: `/v1`, JSON in and out, problems as RFC 9457.
//!
//! Everything that is wrong with a request itself is found here, all of it at
//! once; what depends on the state of keys is the ledger's to say. Each answer
//! carries `Keystile-Request-Id`, and so does each audit entry.

mod authentication;
mod body;
mod export;
mod import;
mod keys;
mod openapi;
mod operators;
mod prefer;
mod query;
mod route;
mod tenants;
mod webhooks;

use std::rc::Rc;

use keystile_core::{
    TenantId, Timestamp,
    access::{
        operator::{Caller, OperatorScope},
        record::Reach,
    },
    api::management::{self},
    base::{
        base62,
        fields::FieldError,
        problem::{CONTENT_TYPE, Problem},
        timestamp,
    },
    ledger::idempotency::{self, Claim, IdempotencyKey},
    objects,
};
use keystile_runtime::{log, object, random, response};
use serde::Deserialize;
use serde_json::{Value, json};
use worker::{Env, Headers, Method, Request, Response};

use self::{
    authentication::Credential,
    route::{Endpoint, Resource},
};
use crate::{
    command::{Command, Judged, Origin},
    deployment::Deployment,
    failure::Failure,
};

/// A ledger that takes longer has failed: its own waits are shorter.
const LEDGER_TIMEOUT_MS: u64 = 10_000;

/// What an endpoint comes to.
type Outcome = Result<Response, Failure>;

/// Answers a request, whatever it is.
pub(crate) async fn handle(mut request: Request, env: &Env) -> worker::Result<Response> {
    let request_id = request_id()?;
    let outcome = dispatch(&mut request, env, &request_id).await;
    let response = outcome.or_else(|failure| failure.respond(&request_id))?;
    response.headers().set("Keystile-Request-Id", &request_id)?;
    Ok(response)
}

async fn dispatch(request: &mut Request, env: &Env, request_id: &str) -> Outcome {
    let path = request.path();
    let resource =
        Resource::parse(&path).ok_or_else(|| Problem::new(404, "NO_SUCH_PATH", "There is nothing at this path."))?;
    let endpoint = method(request).and_then(|method| resource.endpoint(&method)).ok_or_else(|| {
        let allow = resource.allow();
        Problem::new(405, "METHOD_NOT_ALLOWED", format!("This path takes {allow}.")).with_header("Allow", allow)
    })?;
    if endpoint == Endpoint::OpenApi {
        return Ok(openapi::answer(request.headers().get("If-None-Match")?.as_deref())?);
    }
    let deployment = Deployment::load(env)?;
    if endpoint == Endpoint::Health {
        return Ok(response::json(200, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))?);
    }
    let credential = Credential::of(request, &deployment)?;
    let judged = credential.judge(env, &deployment, request_id).await?;
    let wait_ms = prefer::wait_ms(request.headers().get("Prefer")?.as_deref());
    let idempotency_key = idempotency_key(request)?;
    let call = Call { env, deployment, credential, judged, request_id, wait_ms, idempotency_key };
    call.answer(request, endpoint).await
}

/// One authenticated request's way through the API.
struct Call<'a> {
    env: &'a Env,
    deployment: Rc<Deployment>,
    credential: Credential,
    /// The caller, as judged before the body was read. What an operator's key
    /// may do never changes; whether it may still act does.
    judged: Judged,
    request_id: &'a str,
    /// How long the caller would rather wait for a change to be in effect.
    wait_ms: Option<i64>,
    /// What the caller calls this request, so that it is carried out once.
    idempotency_key: Option<IdempotencyKey>,
}

impl Call<'_> {
    async fn answer(&self, request: &mut Request, endpoint: Endpoint<'_>) -> Outcome {
        match endpoint {
            Endpoint::Health | Endpoint::OpenApi => {
                Err(Failure::Fault("what needs no caller is answered before there is one".into()))
            }
            Endpoint::Scopes => {
                query::none(request)?;
                Ok(response::json(200, &management::present_catalog(&self.deployment.config))?)
            }
            Endpoint::Plans => {
                query::none(request)?;
                self.caller().may(OperatorScope::KeysRead, self.own_tenant().as_ref())?;
                Ok(response::json(200, &management::present_plans(&self.deployment.config))?)
            }
            Endpoint::Tenants => self.tenants(request).await,
            Endpoint::Tenant(tenant, endpoint) => self.tenant(request, &parse_tenant(tenant)?, endpoint).await,
            Endpoint::Keys(tenant, endpoint) => self.keys(request, parse_tenant(tenant)?, endpoint).await,
            Endpoint::Operators(endpoint) => self.operators(request, endpoint).await,
            Endpoint::Webhooks(endpoint) => self.webhooks(request, endpoint).await,
        }
    }

    /// The caller.
    const fn caller(&self) -> &Caller {
        &self.judged.caller
    }

    /// Reads what the request asks, and then judges who asks it, so that nobody who lost
    /// their key meanwhile makes a change. Every endpoint that makes one has its
    /// [`Origin`] from here.
    async fn asked(&self, request: &Request, accepted: &[&str], max_bytes: u32) -> Result<(Value, Origin), Failure> {
        let waits = request.inner().body().is_some();
        let body = body::read(request, accepted, max_bytes).await?;
        let claim = self.idempotency_key.as_ref().map(|key| {
            let (method, path) = (request.method(), request.path());
            Claim::new(key, &self.caller().id, method.as_ref(), &path, &body)
        });
        let judged = if waits { &self.judge().await? } else { &self.judged };
        Ok((body, Origin::new(judged, request.headers().get("CF-Connecting-IP")?, self.request_id, claim)))
    }

    /// The caller, judged as of now.
    async fn judge(&self) -> Result<Judged, Failure> {
        self.credential.judge(self.env, &self.deployment, self.request_id).await
    }

    /// Hands a command to a ledger and its answer on.
    async fn ledger<C: Command>(&self, ledger: &str, command: &C) -> Outcome {
        let (status, body) = ask(self.env, ledger, command).await?;
        if status == 401 {
            return Err(authentication::refusal(&body, &self.deployment).into());
        }
        let shown: Shown = serde_json::from_str(&body).unwrap_or_default();
        let mut response = passed_on(status, body, &shown)?;
        if let (Some(wait_ms), Some(effective_by)) = (self.wait_ms, shown.effective_by) {
            prefer::wait_until(effective_by, wait_ms, response.headers_mut()).await?;
        }
        Ok(response)
    }

    /// The one tenant that the caller may act for, if it is one.
    fn own_tenant(&self) -> Option<TenantId> {
        match &self.caller().reach {
            Reach::All => None,
            Reach::Tenant(tenant) => Some(tenant.clone()),
        }
    }
}

/// Sends a command to a ledger: the status and the text of its answer.
async fn ask<C: Command>(env: &Env, ledger: &str, command: &C) -> Result<(u16, String), Failure> {
    let question = serde_json::to_string(command).map_err(|error| Failure::Fault(error.to_string()))?;
    let answer = object::exchange(env, objects::ledger::BINDING, ledger, C::PATH, &question, LEDGER_TIMEOUT_MS).await;
    answer.map_err(|error| {
        log::error("ledger_unreachable", &[("request_id", command.request_id().into()), ("reason", error.0.into())]);
        let detail = "The ledger can't be reached. Whether a change was recorded is not known: look, or ask again.";
        Problem::unavailable(detail).into()
    })
}

/// What this layer reads of a ledger's answer.
#[derive(Default, Deserialize)]
struct Shown {
    code: Option<String>,
    version: Option<u64>,
    #[serde(default, with = "timestamp::rfc3339")]
    effective_by: Option<Timestamp>,
}

/// A ledger's answer as this request's: its body as it is, and the headers that follow from it.
fn passed_on(status: u16, body: String, shown: &Shown) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("Content-Type", if status < 400 { "application/json" } else { CONTENT_TYPE })?;
    headers.set("Cache-Control", "private, no-store")?;
    if status == 503 || shown.code.as_deref() == Some(idempotency::IN_USE) {
        headers.set("Retry-After", "1")?;
    }
    // One key's version is its ETag.
    if let Some(version) = shown.version.filter(|_| status < 400) {
        headers.set("ETag", &format!("\"{version}\""))?;
    }
    Ok(Response::builder().with_status(status).with_headers(headers).fixed(body.into_bytes()))
}

/// The header counts on POST alone: whatever else there is may be repeated anyway.
fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, Failure> {
    if request.method() != Method::Post {
        return Ok(None);
    }
    let header = request.headers().get("Idempotency-Key")?;
    Ok(header.as_deref().map(IdempotencyKey::parse).transpose()?)
}

fn parse_tenant(text: &str) -> Result<TenantId, Failure> {
    let detail = "a tenant is 1 to 64 of a-z, 0-9 and -";
    TenantId::parse(text).ok_or_else(|| vec![FieldError { field: "tenant".into(), detail: detail.into() }].into())
}

fn request_id() -> worker::Result<String> {
    let drawn = base62::draw::<20>(&random::bytes::<40>()?);
    let drawn = drawn.ok_or_else(|| worker::Error::RustError("too few random bytes for a request's id".into()))?;
    Ok(format!("req_{}", drawn.map(char::from).iter().collect::<String>()))
}

/// The method; `None` if it is one that the `worker` crate does not know, and takes for GET.
fn method(request: &Request) -> Option<Method> {
    let method = request.method();
    (method.as_ref() == request.inner().method()).then_some(method)
}

/// HEAD is GET whose body the platform leaves out.
fn effective(method: &Method) -> Method {
    if *method == Method::Head { Method::Get } else { method.clone() }
}
