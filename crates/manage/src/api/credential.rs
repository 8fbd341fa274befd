//! The credential of a call: the root key, an operator's key, or the token of a portal session, as
//! `Authorization: Bearer …`; otherwise the session in the cookie that the page means.
//!
//! An operator's key is looked up only in the operators' ledger. So an API key can never be taken for an operator's
//! key, whatever ends up in a tenant's ledger or in KV.
//!
//! The caller is judged before their body is read, and again once it has arrived, since they can take as long as they
//! like to send it. The ledger that makes a change judges once more, in its transaction.

use keystile_core::{
    KeyDigest, RootKeys,
    access::{
        session::{self, SessionKind},
        verdict::Refusal,
    },
    base::problem::Problem,
    key::{
        ParseKeyError,
        credential::{Carriers, CredentialError, CredentialHeader},
    },
    objects::ledger::OPERATORS,
};
use serde::Deserialize;
use worker::{Env, Method, Request};

use super::{
    ask::{self, ask},
    cookie, origin,
};
use crate::{command::Judged, deployment::Deployment, failure::Failure, ledger::authenticate::Authenticate};

/// The header by which a page says whose cookie it means.
const SESSION_HEADER: &str = "Keystile-Session";

/// The credential of a request, which was sent in the one allowed place; an operator's key has a valid tag. Whether
/// that key can be used is judged each time the request acts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential {
    /// A root key.
    Root(KeyDigest),
    /// An operator's key.
    Operator(KeyDigest),
    /// A session, in the form in which it was presented.
    Session(SessionKind, KeyDigest),
}

impl Credential {
    /// Extracts the credential of a request.
    ///
    /// # Errors
    /// Says why the request has no valid credential.
    pub(crate) fn of(request: &Request, deployment: &Deployment) -> Result<Self, Failure> {
        let refused = |refusal: &Refusal| refusal.problem(&deployment.config.name);
        let (authorization, url) = (request.headers().get("Authorization")?, request.url()?);
        let is_secret = |text: &str| deployment.root_keys.include(text) || SessionKind::any_has_form_of(text);
        if url.query_pairs().any(|(_, value)| is_secret(&value)) {
            return Err(refused(&CredentialError::InQuery.into()).into());
        }
        if url.path().split('/').any(is_secret) {
            return Err(refused(&CredentialError::InPath.into()).into());
        }
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        let carriers = Carriers { authorization: authorization.as_deref(), x_api_key: None, path, query };
        let text = match carriers.credential(&[CredentialHeader::Bearer], deployment.config.key_forms()) {
            Ok(text) => text,
            Err(CredentialError::Missing) => {
                return match request.headers().get(SESSION_HEADER)?.filter(|_| authorization.is_none()) {
                    Some(page) => Self::of_page(request, &page, deployment),
                    None => Err(missing(deployment).into()),
                };
            }
            Err(error) => return Err(refused(&error.into()).into()),
        };
        if deployment.root_keys.include(text) {
            return Ok(Self::Root(KeyDigest::of(text)));
        }
        let token = SessionKind::PortalToken;
        if text.starts_with(token.prefix()) {
            let digest = token.digest(text, &deployment.keyring);
            return Ok(Self::Session(token, digest.ok_or_else(|| session::ended(&deployment.config.name))?));
        }
        let key = deployment.keyring.parse_operator_key(text).map_err(|error| malformed(text, error, deployment))?;
        Ok(Self::Operator(key.digest()))
    }

    /// The session of a page, which names the cookie that it means. So the link of a customer can't take the place of an
    /// operator who is signed in.
    fn of_page(request: &Request, page: &str, deployment: &Deployment) -> Result<Self, Failure> {
        let kind = match page {
            "operator" => SessionKind::Operator,
            "portal" => SessionKind::PortalCookie,
            _ => {
                let mut problem = missing(deployment);
                problem.detail = format!("{SESSION_HEADER} is `operator` or `portal`.").into();
                return Err(problem.into());
            }
        };
        if !matches!(request.method(), Method::Get | Method::Head) {
            origin::check_same(request)?;
        }
        let digest = cookie::read(request, kind, &deployment.keyring)?;
        Ok(Self::Session(kind, digest.ok_or_else(|| session::ended(&deployment.config.name))?))
    }

    /// Judges the credential as of now.
    ///
    /// # Errors
    /// Says why it can't be used.
    pub(crate) async fn judge(self, env: &Env, deployment: &Deployment, request_id: &str) -> Result<Judged, Failure> {
        let (digest, session) = match self {
            Self::Root(key) => return Ok(Judged::root(RootKeys::mark(&key, &deployment.keyring))),
            Self::Operator(digest) => (digest, None),
            Self::Session(kind, digest) => (digest, Some(kind)),
        };
        let command = Authenticate { request_id: request_id.into(), digest, session };
        let (status, body) = ask(env, OPERATORS, &command).await?;
        if status == 200 {
            return ask::read::<Authenticate>(&body);
        }
        Err(refusal(&body, deployment).into())
    }
}

/// Turns a ledger's refusal, which carries one of the verdict's codes, into the problem for the caller.
pub(crate) fn refusal(body: &str, deployment: &Deployment) -> Problem {
    #[derive(Deserialize)]
    struct Refused {
        code: String,
    }
    let refusal = match serde_json::from_str(body).map(|refused: Refused| refused.code).as_deref() {
        Ok("NOT_FOUND") => Refusal::NotFound,
        Ok("REVOKED") => Refusal::Revoked,
        Ok("DISABLED") => Refusal::Disabled,
        Ok("EXPIRED") => Refusal::Expired,
        Ok("SESSION_ENDED") => return session::ended(&deployment.config.name),
        // The ledger has logged its fault under this request's id.
        _ => return Problem::internal(),
    };
    refusal.problem(&deployment.config.name)
}

/// The 401: there is no key.
pub(crate) fn missing(deployment: &Deployment) -> Problem {
    let mut problem = Refusal::MissingCredential.problem(&deployment.config.name);
    problem.detail = "No operator key was sent; send one as `Authorization: Bearer …`.".into();
    problem
}

fn malformed(text: &str, error: ParseKeyError, deployment: &Deployment) -> Problem {
    let mut problem = Refusal::Malformed(error).problem(&deployment.config.name);
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
