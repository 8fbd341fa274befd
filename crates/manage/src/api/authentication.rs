//! Who calls: the root key or an operator's key, as `Authorization: Bearer …`.
//!
//! An operator's key is looked up in the reserved ledger alone, so no API key
//! can ever be taken for one, whatever ends up in a tenant's ledger or in KV.

use keystile_core::{
    credential::{Carriers, CredentialError, CredentialHeader},
    key::ParseKeyError,
    management::Caller,
    problem::Problem,
    verdict::Refusal,
};
use keystile_runtime::object;
use serde::Deserialize;
use worker::{Env, Request};

use super::ask;
use crate::{command::Authenticate, deployment::Deployment, failure::Failure};

/// The caller, or why there is none.
pub(super) async fn authenticate(
    request: &Request,
    env: &Env,
    deployment: &Deployment,
    request_id: &str,
) -> Result<Caller, Failure> {
    let refused = |refusal: &Refusal| Problem::refusal(refusal, &deployment.config.name);
    let (authorization, url) = (request.headers().get("Authorization")?, request.url()?);
    if url.query_pairs().any(|(_, value)| deployment.root_keys.include(&value)) {
        return Err(refused(&CredentialError::InQuery.into()).into());
    }
    let query = url.query().unwrap_or_default();
    let carriers = Carriers { authorization: authorization.as_deref(), x_api_key: None, query };
    let text =
        carriers.credential(&[CredentialHeader::Bearer], deployment.config.key_forms()).map_err(
            |error| match error {
                CredentialError::Missing => missing(deployment),
                error => refused(&error.into()),
            },
        )?;
    if deployment.root_keys.include(text) {
        return Ok(Caller::root());
    }
    let key = deployment.keyring.parse_operator_key(text).map_err(|error| malformed(text, error, deployment))?;
    let digest = key.digest();
    let command = Authenticate { request_id: request_id.into(), digest };
    let (status, body) = ask(env, object::OPERATORS_LEDGER, &command).await?;
    if status == 200 {
        return serde_json::from_str(&body)
            .map_err(|error| Failure::Fault(format!("a caller that can't be read: {error}")));
    }
    Err(refusal(&body, deployment).into())
}

/// What the ledger says no with: the verdict's codes.
fn refusal(body: &str, deployment: &Deployment) -> Problem {
    #[derive(Deserialize)]
    struct Refused {
        code: String,
    }
    let refusal = match serde_json::from_str(body).map(|refused: Refused| refused.code).as_deref() {
        Ok("NOT_FOUND") => Refusal::NotFound,
        Ok("REVOKED") => Refusal::Revoked,
        Ok("DISABLED") => Refusal::Disabled,
        Ok("EXPIRED") => Refusal::Expired,
        // The ledger has logged its fault under this request's id.
        _ => return Problem::internal(),
    };
    Problem::refusal(&refusal, &deployment.config.name)
}

fn missing(deployment: &Deployment) -> Problem {
    let mut problem = Problem::refusal(&Refusal::MissingCredential, &deployment.config.name);
    problem.detail = "No operator key was sent; send one as `Authorization: Bearer …`.".into();
    problem
}

fn malformed(text: &str, error: ParseKeyError, deployment: &Deployment) -> Problem {
    let mut problem = Problem::refusal(&Refusal::Malformed(error), &deployment.config.name);
    if error == ParseKeyError::UnknownPrefix {
        let is_api_key = deployment.keyring.parse_api_key(text, deployment.config.key_forms()).is_ok();
        problem.detail = if is_api_key {
            "This is an API key; the management API takes operator keys, which begin with `ksop_`.".into()
        } else {
            "This is neither an operator key, which begins with `ksop_`, nor the root key.".into()
        };
    }
    problem
}
