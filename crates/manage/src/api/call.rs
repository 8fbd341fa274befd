//! One authenticated request on its way through the API.

use std::rc::Rc;

use keystile_core::{
    TenantId,
    access::{operator::Caller, record::Reach},
    api::{if_match::IfMatch, portal},
    base::problem::Problem,
    ledger::idempotency::{Claim, IdempotencyKey},
    objects::ledger::OPERATORS,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use worker::{Env, Method, Request};

use super::{
    ask::{self, Question, send},
    body,
    credential::{self, Credential},
    parameters,
    path::Parameters,
    prefer, query,
    reply::{ApiResult, Passed, passed_on},
};
use crate::{
    command::{Command, Judged, Origin, Target},
    deployment::Deployment,
    failure::Failure,
    ledger::refusals,
};

/// The request, and who asks.
pub(crate) struct ApiCall<'a> {
    pub(crate) env: &'a Env,
    pub(crate) deployment: Rc<Deployment>,
    pub(crate) request: &'a Request,
    pub(crate) request_id: &'a str,
    /// The credential with which the caller can be judged again, as often as needed.
    pub(crate) credential: Credential,
    /// The caller, as judged before the body was read. What an operator's key may do never changes; whether it can
    /// still be used may.
    pub(crate) judged: Judged,
    /// The longest that the caller prefers to wait for a change to take effect (`Prefer: wait=…`).
    pub(crate) wait_ms: Option<i64>,
    /// The caller's `Idempotency-Key`, under which the request is carried out only once.
    idempotency_key: Option<IdempotencyKey>,
    parameters: Parameters<'a>,
    /// The path's tenant.
    tenant: Option<TenantId>,
}

impl<'a> ApiCall<'a> {
    /// Authenticates the caller.
    ///
    /// # Errors
    /// Says why the caller is refused, or names the first thing that is wrong with the request.
    pub(crate) async fn begin(
        request: &'a Request,
        parameters: Parameters<'a>,
        env: &'a Env,
        deployment: Rc<Deployment>,
        request_id: &'a str,
    ) -> Result<Self, Failure> {
        let credential = Credential::of(request, &deployment)?;
        let judged = credential.judge(env, &deployment, request_id).await?;
        let wait_ms = prefer::wait_ms(request.headers().get("Prefer")?.as_deref());
        let idempotency_key = idempotency_key(request)?;
        let tenant = parameters.get("tenant").map(|text| parameters::tenant(text, &deployment)).transpose()?;
        Ok(Self {
            env,
            deployment,
            request,
            request_id,
            credential,
            judged,
            wait_ms,
            idempotency_key,
            parameters,
            tenant,
        })
    }

    /// The caller.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.judged.caller
    }

    /// The tenant that the caller is confined to, if they are confined to one.
    pub(crate) fn own_tenant(&self) -> Option<TenantId> {
        match &self.caller().reach {
            Reach::All => None,
            Reach::Tenant(tenant) => Some(tenant.clone()),
        }
    }

    /// The tenant of the path.
    pub(crate) fn tenant(&self) -> Result<&TenantId, Failure> {
        self.tenant.as_ref().ok_or_else(|| no_parameter("tenant"))
    }

    /// The tenant of the path, if it names one.
    pub(crate) const fn path_tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// The key of the path.
    pub(crate) fn key(&self) -> Result<Target, Failure> {
        parameters::key(self.parameter("id")?)
    }

    /// The operator of the path. An operator of a tenant finds only that tenant's operators.
    pub(crate) fn operator(&self) -> Result<Target, Failure> {
        parameters::operator(self.parameter("id")?, self.own_tenant())
    }

    /// A parameter of the path.
    pub(crate) fn parameter(&self, name: &str) -> Result<&'a str, Failure> {
        self.parameters.get(name).ok_or_else(|| no_parameter(name))
    }

    /// The pairs of the query, decoded.
    pub(crate) fn query(&self) -> Result<Vec<(String, String)>, Failure> {
        query::pairs(self.request)
    }

    /// Checks that the query is empty, for operations without query parameters.
    pub(crate) fn no_query(&self) -> Result<(), Failure> {
        query::none(self.request)
    }

    /// Reads a body that holds no key, as [`sent`](Self::sent) does.
    pub(crate) async fn asked(&self, accepted: &[&str], max_bytes: u32) -> Result<(Value, Origin), Failure> {
        let (body, origin) = self.sent(accepted, max_bytes).await?;
        self.deployment.secrets().check(&body)?;
        Ok((body, origin))
    }

    /// Reads the body and then judges the caller again, so that a caller who lost their key in the meantime can't make
    /// a change. Every operation that makes a change gets its [`Origin`] here.
    pub(crate) async fn sent(&self, accepted: &[&str], max_bytes: u32) -> Result<(Value, Origin), Failure> {
        let request = self.request;
        let waits = request.inner().body().is_some();
        let body = body::read(request, accepted, max_bytes).await?;
        let claim = self.idempotency_key.as_ref().map(|key| {
            let (method, path) = (request.method(), request.path());
            Claim::new(key, &self.caller().claims_as(), method.as_ref(), &path, &body)
        });
        let judged = if waits { &self.judge().await? } else { &self.judged };
        Ok((body, self.origin(judged, claim)?))
    }

    /// The same for a request without a body, which waits for nothing.
    pub(crate) fn asked_without_body(&self) -> Result<Origin, Failure> {
        self.origin(&self.judged, None)
    }

    fn origin(&self, judged: &Judged, claim: Option<Claim>) -> Result<Origin, Failure> {
        let headers = self.request.headers();
        let if_match = headers.get("If-Match")?.as_deref().and_then(IfMatch::parse);
        Ok(Origin::new(judged, headers.get("CF-Connecting-IP")?, self.request_id, claim, if_match))
    }

    /// Judges the caller as of now.
    pub(crate) async fn judge(&self) -> Result<Judged, Failure> {
        self.credential.judge(self.env, &self.deployment, self.request_id).await
    }

    /// Sends a command to the ledger of the path's tenant and passes its answer on.
    pub(crate) async fn tenants_ledger<C: Command>(&self, command: &C) -> ApiResult {
        self.ledger(self.tenant()?.as_str(), Question::of(command)?).await
    }

    /// Checks that a key came in `Authorization`, and no session.
    ///
    /// # Errors
    /// The 401.
    pub(crate) fn by_key(&self) -> Result<(), Failure> {
        match self.credential {
            Credential::Root(_) | Credential::Operator(_) => Ok(()),
            Credential::Session(..) => Err(credential::missing(&self.deployment).into()),
        }
    }

    /// Sends a command to the operators' ledger and reads its answer.
    pub(crate) async fn operators_answer<C: Command>(&self, command: &C) -> Result<C::Answer, Failure>
    where
        C::Answer: DeserializeOwned,
    {
        let (status, body) = send(self.env, OPERATORS, Question::of(command)?).await?;
        match status {
            200 => ask::read::<C>(&body),
            401 => Err(credential::refusal(&body, &self.deployment).into()),
            410 => Err(refusals::tenant_erased().into()),
            // The ledger has logged its fault under this request's id.
            500 => Err(Problem::internal().into()),
            _ => {
                Err(Problem::unavailable("The ledger of operators can't do this right now; try again shortly.").into())
            }
        }
    }

    /// Sends a command to the operators' ledger and passes its answer on.
    pub(crate) async fn operators_ledger<C: Command>(&self, command: &C) -> ApiResult {
        self.ledger(OPERATORS, Question::of(command)?).await
    }

    /// Sends a command to the ledger of the path's tenant or, if the path names none, of the operators.
    pub(crate) async fn scopes_ledger<C: Command>(&self, command: &C) -> ApiResult {
        self.ledger(self.path_tenant().map_or(OPERATORS, TenantId::as_str), Question::of(command)?).await
    }

    async fn ledger(&self, ledger: &str, question: Question) -> ApiResult {
        let (status, body) = send(self.env, ledger, question).await?;
        if status == 401 {
            return Err(credential::refusal(&body, &self.deployment).into());
        }
        let passed = Passed::read(&body);
        let body = if self.caller().portal.is_some() { seen_by_customers(&body)? } else { body };
        let mut response = passed_on(status, body, &passed)?;
        if let (Some(wait_ms), Some(effective_by)) = (self.wait_ms, passed.effective_by) {
            prefer::wait_until(effective_by, wait_ms, response.headers_mut()).await?;
        }
        Ok(response)
    }
}

/// A ledger's answer as a customer sees it.
fn seen_by_customers(body: &str) -> Result<String, Failure> {
    let answer = portal::seen_by_customers(body).map_err(|error| Failure::Fault(error.to_string()))?;
    Ok(answer.to_string())
}

/// Reads the `Idempotency-Key` header. It counts only on POST, since the other methods can be repeated anyway.
fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, Failure> {
    if request.method() != Method::Post {
        return Ok(None);
    }
    let header = request.headers().get("Idempotency-Key")?;
    Ok(header.as_deref().map(IdempotencyKey::parse).transpose()?)
}

/// The fault of an operation whose path in the table of operations lacks this parameter.
fn no_parameter(name: &str) -> Failure {
    Failure::Fault(format!("the path of this operation has no {{{name}}}"))
}
