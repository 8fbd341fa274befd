//! The credential of a call: the root key, an operator's key, or the token of a portal session, as
//! `Authorization: Bearer …`; otherwise the session in the cookie that the page means.
//!
//! An operator's key is looked up only in the operators' ledger. So an API key can never be taken for an operator's
//! key, whatever ends up in a tenant's ledger or in KV.
//!
//! The caller is judged before their body is read, and again once it has arrived, since they can take as long as they
//! like to send it. The ledger that makes a change judges once more, in its transaction.

use core::cell::RefCell;

use keystile_core::{
    KeyDigest, RootKeys,
    access::{
        refused::Refused,
        session::{self, SessionKind},
        verdict::Refusal,
    },
    base::problem::Problem,
    key::credential::{Carriers, CredentialError, Places},
    objects::ledger::OPERATORS,
};
use keystile_runtime::clock;
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
        let refused = |refusal: &Refusal| refusal.problem(&deployment.config.challenge);
        let (authorization, url) = (request.headers().get("Authorization")?, request.url()?);
        let is_secret = |text: &str| deployment.root_keys.include(text) || SessionKind::any_has_form_of(text);
        if url.query_pairs().any(|(_, value)| is_secret(&value)) {
            return Err(refused(&CredentialError::InQuery.into()).into());
        }
        if url.path().split('/').any(is_secret) {
            return Err(refused(&CredentialError::InPath.into()).into());
        }
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        let carriers = Carriers { authorization: authorization.as_deref(), path, query, ..Carriers::default() };
        let forms = deployment.config.key_forms();
        let text = match carriers.credential(&Places::bearer(), forms) {
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
        let key = deployment.keyring.parse_operator_key(text, forms).map_err(|error| refused(&error.into()))?;
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
        let now = clock::now();
        let lately =
            |refused: &Refused<Problem>| refused.find(&digest, deployment.config.max_staleness_ms, now).cloned();
        if let Some(problem) = REFUSED.with_borrow(lately) {
            return Err(problem.into());
        }
        let command = Authenticate { request_id: request_id.into(), digest, session };
        let (status, body) = ask(env, OPERATORS, &command).await?;
        if status == 200 {
            return ask::read::<Authenticate>(&body);
        }
        let problem = refusal(&body, deployment);
        if problem.status() == 401 {
            REFUSED.with_borrow_mut(|refused| refused.note(digest, problem.clone(), now));
        }
        Err(problem.into())
    }
}

thread_local! {
    /// The credentials that the operators' ledger refused lately. One object holds all operators, so it is asked about
    /// each of these no more often than an edge asks about a key that doesn't exist.
    static REFUSED: RefCell<Refused<Problem>> = const { RefCell::new(Refused::new()) };
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
    refusal.problem(&deployment.config.challenge)
}

/// The 401: there is no key.
pub(crate) fn missing(deployment: &Deployment) -> Problem {
    Refusal::MissingCredential.problem(&deployment.config.challenge)
}
