//! Sessions of operators at the dashboard: an operator's key is exchanged for a cookie.

use keystile_core::{
    KeyDigest, KeyId, Timestamp,
    access::session::{OPERATOR_SESSION_MS, SESSION_RANDOM_BYTES, SessionKind, SessionText},
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::ShownSession,
    },
    ledger::idempotency::Claim,
    objects::{Done, ledger::OPERATORS},
};
use keystile_runtime::{clock, random, response};
use serde::{Deserialize, Serialize};
use worker::{Env, Request, Response};

use crate::{
    api::{
        ask::ask,
        body::JSON,
        call::ApiCall,
        cookie, origin,
        path::Parameters,
        query,
        reply::{Answering, ApiResult},
        sign_in,
    },
    command::{Command, Origin, Target},
    deployment::Deployment,
    failure::Failure,
    ledger::{
        audit,
        handler::Change,
        keys,
        open::OpenLedger,
        sessions::{self, Session},
    },
};

/// Begins a session with the operator's key in `Authorization`.
pub(super) fn begin<'a>(request: &'a Request, env: &'a Env, request_id: &'a str) -> Answering<'a> {
    Box::pin(async move {
        sign_in::may_try(request)?;
        let begun = sign_in(request, env, request_id).await;
        if let Err(failure) = &begun {
            sign_in::note(request, failure)?;
        }
        begun
    })
}

async fn sign_in(request: &Request, env: &Env, request_id: &str) -> ApiResult {
    let call = ApiCall::begin(request, Parameters::default(), env, Deployment::load(env)?, request_id).await?;
    call.no_query()?;
    call.by_key()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    let text = minted(SessionKind::Operator, &call.deployment)?;
    let (caller, root_mark) = (call.caller().clone(), call.judged.root_mark.clone());
    let expires_at = call.operators_answer(&BeginSession { origin, digest: text.digest(), root_mark }).await?.ends_at;
    let response = response::json(201, &ShownSession::new(&caller, Some(expires_at)))?;
    cookie::set(response.headers(), SessionKind::Operator, text.reveal(), expires_at)?;
    Ok(response)
}

/// A session's text of this kind.
pub(super) fn minted(kind: SessionKind, deployment: &Deployment) -> worker::Result<SessionText> {
    let text = SessionText::mint(kind, &random::bytes::<SESSION_RANDOM_BYTES>()?, &deployment.keyring);
    text.ok_or_else(|| worker::Error::RustError("too few random bytes for a session".into()))
}

/// Shows the caller's session.
pub(super) async fn get(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let ends_at = call.judged.session_ends_at.or(call.caller().expires_at);
    Ok(response::json(200, &ShownSession::new(call.caller(), ends_at))?)
}

/// Ends the session in the cookie. Without one there is nothing to end.
pub(super) fn end<'a>(request: &'a Request, env: &'a Env, request_id: &'a str) -> Answering<'a> {
    Box::pin(end_cookie(request, env, request_id, SessionKind::Operator))
}

/// Ends the session in the cookie of this kind, and removes the cookie.
pub(super) async fn end_cookie(request: &Request, env: &Env, request_id: &str, kind: SessionKind) -> ApiResult {
    origin::check_same(request)?;
    query::none(request)?;
    if let Some(digest) = cookie::read(request, kind, &Deployment::load(env)?.keyring)? {
        let (status, answer) = ask(env, OPERATORS, &EndSession { request_id: request_id.into(), digest }).await?;
        if status != 200 {
            return Err(Failure::Fault(format!("a session could not be ended: {answer}")));
        }
    }
    let response = Response::builder().with_status(204).empty();
    response.headers().set("Cache-Control", "private, no-store")?;
    cookie::clear(response.headers(), kind)?;
    Ok(response)
}

/// The command to begin an operator's session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BeginSession {
    pub(crate) origin: Origin,
    pub(crate) digest: KeyDigest,
    /// The mark of the root key, if its holder signs in.
    pub(crate) root_mark: Option<String>,
}

/// The end of a session that was begun.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) ends_at: Timestamp,
}

impl Command for BeginSession {
    const PATH: &'static str = "/begin-session";
    type Answer = Begun;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for BeginSession {
    const DRAINS: bool = false;

    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Begun, Failure> {
        let now = clock::now();
        let Self { origin, digest, root_mark } = self;
        let database = &ledger.database;
        ledger.change_for(&origin, now, || {
            let id = KeyId::parse(&origin.actor_id);
            let row = id.map(|id| keys::find(database, &Target { id, within: None })).transpose()?.flatten();
            let latest = now.plus_millis(OPERATOR_SESSION_MS);
            let own_end = row.as_ref().and_then(|row| row.key.record.expires_at);
            let expires_at = own_end.map_or(latest, |end| end.min(latest));
            let session =
                Session { operator: origin.actor_id.clone(), root_mark: root_mark.clone(), portal: None, expires_at };
            sessions::insert(database, SessionKind::Operator, &digest, &session, now)?;
            audit::session_begun(database, &origin, row.as_ref().map(|row| &row.key), now)?;
            ledger.arm(now)?;
            Ok(Begun { ends_at: expires_at })
        })
    }
}

/// The command to end a session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndSession {
    pub(crate) request_id: String,
    pub(crate) digest: KeyDigest,
}

impl Command for EndSession {
    const PATH: &'static str = "/end-session";
    type Answer = Done;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Change for EndSession {
    const DRAINS: bool = false;

    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Done, Failure> {
        sessions::remove(&ledger.database, &self.digest)?;
        Ok(Done {})
    }
}
