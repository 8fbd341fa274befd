//! Portal sessions: an operator mints one for a customer, whose page exchanges the code of a link for a cookie, or sends
//! the token.

use keystile_core::{
    KeyDigest, Timestamp,
    access::{
        operator::Caller,
        record::Reach,
        session::{CODE_MS, PortalSession, SessionKind, ended},
    },
    api::{
        management::MAX_BODY_BYTES,
        portal::{self, PortalRequest},
        shown::{MintedPortalSession, ShownLimits, ShownPortalSession},
    },
    base::{
        id::{ID_RANDOM_BYTES, SessionId},
        timestamp::Rfc3339,
    },
    ledger::{idempotency::Claim, summary::KeyCounts},
    objects::{Done, ledger::OPERATORS},
};
use keystile_runtime::{clock, random, response};
use serde::{Deserialize, Serialize};
use worker::{Env, Request};

use super::{
    get_tenant::GetTenant,
    session::{end_cookie, minted},
};
use crate::{
    api::{
        ask::{self, ask},
        body::{self, JSON},
        call::ApiCall,
        cookie,
        credential::{self, Credential},
        origin, query,
        reply::{Answering, ApiResult},
    },
    command::{Command, Judged, Origin},
    deployment::Deployment,
    failure::Failure,
    ledger::{
        handler::Change,
        open::OpenLedger,
        sessions::{self, Session},
    },
};

/// The maximum length of the body with a code, bytes. It is read before it is known who sends it.
const MAX_EXCHANGE_BYTES: u32 = 1_024;

/// Mints a session for a customer of the tenant.
pub(super) async fn mint(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let PortalRequest { actor, may, scopes, life_ms } = portal::parse_request(body, &call.deployment.config.catalog)?;
    // Nobody passes on a right that they don't hold.
    call.caller().may_grant(&may, &Reach::Tenant(call.tenant()?.clone()), call.caller().expires_at)?;
    let id = SessionId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
        .ok_or_else(|| Failure::Fault("too few random bytes for a session's id".into()))?;
    let expires_at = clock::now().plus_millis(life_ms);
    let expires_at = call.caller().expires_at.map_or(expires_at, |own| own.min(expires_at));
    let mint = |kind| minted(kind, &call.deployment);
    let (code, token) = (mint(SessionKind::PortalCode)?, mint(SessionKind::PortalToken)?);
    let session = PortalSession { id: id.clone(), tenant: call.tenant()?.clone(), actor, may, scopes, expires_at };
    let root_mark = call.judged.root_mark.clone();
    call.operators_answer(&MintSession { origin, session, root_mark, code: code.digest(), token: token.digest() })
        .await?;
    let minted = MintedPortalSession {
        expires_at: Rfc3339(expires_at),
        id,
        token: token.reveal().into(),
        url: format!("{}/portal#code={}", origin::own(call.request)?, code.reveal()),
    };
    Ok(response::json(201, &minted)?)
}

/// Exchanges a code for the cookie of its session.
pub(super) fn exchange<'a>(request: &'a Request, env: &'a Env, request_id: &'a str) -> Answering<'a> {
    Box::pin(async move {
        // Otherwise a foreign page could give its visitor the session of somebody else.
        origin::check_same(request)?;
        query::none(request)?;
        let deployment = Deployment::load(env)?;
        let code = portal::parse_exchange(body::read(request, JSON, MAX_EXCHANGE_BYTES).await?)?;
        let code = SessionKind::PortalCode.digest(&code, &deployment.keyring);
        let code = code.ok_or_else(|| ended(&deployment.config.name))?;
        // The code is used up last. If something fails before, the customer can follow the link again.
        let judged = Credential::Session(SessionKind::PortalCode, code).judge(env, &deployment, request_id).await?;
        let mut shown = shown(env, request_id, &judged).await?;
        let page = minted(SessionKind::PortalCookie, &deployment)?;
        let command = ExchangeCode { request_id: request_id.into(), code, cookie: page.digest() };
        let (status, answer) = ask(env, OPERATORS, &command).await?;
        if status != 200 {
            return Err(credential::refusal(&answer, &deployment).into());
        }
        let ends_at = ask::read::<ExchangeCode>(&answer)?.session_ends_at;
        let ends_at = ends_at.ok_or_else(|| Failure::Fault("a session without an end".into()))?;
        shown.expires_at = Rfc3339(ends_at);
        let response = response::json(201, &shown)?;
        cookie::set(response.headers(), SessionKind::PortalCookie, page.reveal(), ends_at)?;
        Ok(response)
    })
}

/// Shows the caller's portal session.
pub(super) async fn get(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    Ok(response::json(200, &shown(call.env, call.request_id, &call.judged).await?)?)
}

/// Ends the portal session in the cookie.
pub(super) fn end<'a>(request: &'a Request, env: &'a Env, request_id: &'a str) -> Answering<'a> {
    Box::pin(end_cookie(request, env, request_id, SessionKind::PortalCookie))
}

async fn shown(env: &Env, request_id: &str, judged: &Judged) -> Result<ShownPortalSession, Failure> {
    #[derive(Deserialize)]
    struct Summary {
        keys: KeyCounts,
        limits: ShownLimits,
    }
    let (Caller { portal: Some(portal), reach: Reach::Tenant(tenant), scopes: may, .. }, Some(ends_at)) =
        (judged.caller.clone(), judged.session_ends_at)
    else {
        return Err(Failure::Fault("a caller without a portal session".into()));
    };
    let command = GetTenant { request_id: request_id.into(), tenant: tenant.clone() };
    let (status, answer) = ask(env, tenant.as_str(), &command).await?;
    let summary: Option<Summary> = serde_json::from_str(&answer).ok().filter(|_| status == 200);
    let Summary { keys, limits } =
        summary.ok_or_else(|| Failure::Fault(format!("a summary of a tenant that can't be read: {answer}")))?;
    Ok(ShownPortalSession {
        actor: portal.actor,
        expires_at: Rfc3339(ends_at),
        id: portal.session,
        keys,
        limits,
        may,
        scopes: portal.scopes,
        tenant,
    })
}

/// The command to store a portal session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MintSession {
    pub(crate) origin: Origin,
    pub(crate) session: PortalSession,
    /// The mark of the root key, if its holder mints the session.
    pub(crate) root_mark: Option<String>,
    pub(crate) code: KeyDigest,
    pub(crate) token: KeyDigest,
}

impl Command for MintSession {
    const PATH: &'static str = "/mint-session";
    type Answer = Done;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for MintSession {
    const DRAINS: bool = false;

    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Done, Failure> {
        let now = clock::now();
        let Self { origin, session, root_mark, code, token } = self;
        ledger.change_for(&origin, now, || {
            ledger.refuse_for_erased(&session.tenant)?;
            let ends_at = session.expires_at;
            let until = |expires_at: Timestamp| Session {
                operator: origin.actor_id.clone(),
                root_mark: root_mark.clone(),
                portal: Some(session.clone()),
                expires_at,
            };
            let code_ends_at = ends_at.min(now.plus_millis(CODE_MS));
            sessions::insert(&ledger.database, SessionKind::PortalCode, &code, &until(code_ends_at), now)?;
            sessions::insert(&ledger.database, SessionKind::PortalToken, &token, &until(ends_at), now)?;
            Ok(Done {})
        })
    }
}

/// The command to exchange a code, which works once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExchangeCode {
    pub(crate) request_id: String,
    pub(crate) code: KeyDigest,
    pub(crate) cookie: KeyDigest,
}

impl Command for ExchangeCode {
    const PATH: &'static str = "/exchange-code";
    type Answer = Judged;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Change for ExchangeCode {
    const DRAINS: bool = false;

    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Judged, Failure> {
        let now = clock::now();
        let Self { request_id: _, code, cookie } = self;
        ledger.database.transaction(|| {
            let mut session = ledger.session(SessionKind::PortalCode, &code, now)?;
            let ends_at = session.portal.as_ref().map_or(session.expires_at, |portal| portal.expires_at);
            session.expires_at = ends_at;
            let judged = ledger.judge_session(session.clone(), now)?;
            sessions::remove(&ledger.database, &code)?;
            sessions::insert(&ledger.database, SessionKind::PortalCookie, &cookie, &session, now)?;
            Ok(judged)
        })
    }
}
