//! Takes reports of leaked keys: of GitHub's secret scanning by its signature, of an operator by their key, of anybody.
//!
//! Junk is told by its form and its tag, and costs no call. The feed says whose the others are, many in one call. Then
//! each ledger does in one transaction what the policy says. Whatever can't be told now is a 503 for the whole report;
//! sending it again does the rest, since a repeat does nothing to what is done. A report that one request can't do is done
//! in [`parts`], but for an operator's: they hear how many records fit.
//!
//! An anonymous report is answered at once, before its texts are judged and anybody is asked, so neither the answer nor
//! its time says whether a key exists. Its bounds count requests, whatever they hold.

use core::net::IpAddr;
use std::{cell::RefCell, rc::Rc};

use keystile_core::{
    access::operator::OperatorScope,
    api::{
        exposures::{MAX_BODY_BYTES, parse},
        shown::{ShownExposed, ShownExposedKey},
    },
    base::{
        code::Code,
        problem::Problem,
        timestamp::{Rfc3339, whole_seconds},
    },
    ledger::exposure::Reporter,
    limits::failures::{Failures, Network},
    receiver::github_keys::{IDENTIFIER_HEADER, SIGNATURE_HEADER, StatedSignature},
};
use keystile_runtime::{clock, log, response};
use serde_json::json;
use worker::{Context, Env, Request};

use self::report::Report;
use super::expose::ExposedKey;
use crate::{
    api::{
        body::{self, JSON},
        call::ApiCall,
        path::Parameters,
        query,
        reply::{Answering, ApiResult},
    },
    command::Origin,
    deployment::Deployment,
    failure::Failure,
    github,
};

mod parts;
mod report;

/// The most texts of imported forms that an anonymous report has looked up: they have no tag, so any text may be one. The
/// others of it are left out.
const MOST_IMPORTED_ANONYMOUS: usize = 50;
/// The bodies with a signature that may be on their way at a time: they take 4 MiB each, and who sends them is known
/// at their end.
const MOST_READING: usize = 12;
/// The same from one network. A sender who stalls holds up no other.
const MOST_READING_OF_ONE: usize = 4;
/// The signatures of one address that may be refused in a minute. From then on its bodies aren't received.
const MOST_FORGED: u32 = 60;

/// The maximum length of an anonymous report, bytes.
const MAX_ANONYMOUS_BYTES: u32 = 64 * 1024;
/// The anonymous reports of one address in a minute.
const MOST_ANONYMOUS: u32 = 60;
/// The time from the answer to the first attempt at an anonymous report, milliseconds.
const ANONYMOUS_DELAY_MS: u64 = 20;
/// The attempts at an anonymous report, and the time between two of them, milliseconds.
const ANONYMOUS_ATTEMPTS: u32 = 3;
const ANONYMOUS_PAUSE_MS: u64 = 2_000;

/// Takes a report of anybody.
pub(super) fn of_keys<'a>(
    request: &'a Request,
    env: &'a Env,
    context: &'a Context,
    request_id: &'a str,
) -> Answering<'a> {
    Box::pin(async move {
        query::none(request)?;
        let deployment = Deployment::load(env)?;
        let headers = request.headers();
        let (identifier, signature) = (headers.get(IDENTIFIER_HEADER)?, headers.get(SIGNATURE_HEADER)?);
        let is_signed = identifier.is_some() || signature.is_some();
        let has_caller = headers.has("Authorization")? || headers.has("Keystile-Session")?;
        match (is_signed, has_caller) {
            (true, true) => Err(Problem::new(
                Code::ConflictingCredentials,
                "Send either an operator key or the headers of GitHub's signature.",
            )
            .into()),
            (true, false) => {
                let stated = StatedSignature::parse(identifier.as_deref(), signature.as_deref());
                let stated = stated.ok_or_else(|| github::refusal(&deployment))?;
                by_github(request, env, deployment, request_id, &stated).await
            }
            (false, true) => by_operator(request, env, deployment, request_id).await,
            (false, false) => by_anybody(request, env, context, deployment, request_id).await,
        }
    })
}

async fn by_github(
    request: &Request,
    env: &Env,
    deployment: Rc<Deployment>,
    request_id: &str,
    stated: &StatedSignature,
) -> ApiResult {
    let address = address(request)?;
    let wait_ms = FORGED.with_borrow(|forged| forged.wait_ms(address, clock::now()));
    if let Some(wait_ms) = wait_ms {
        return Err(too_often(MOST_FORGED, "signatures that are not GitHub's", wait_ms).into());
    }
    let key = github::key(env, &deployment, stated).await?;
    let bytes = read_signed(request, address).await?;
    if !stated.is_of(&key, &bytes) {
        FORGED.with_borrow_mut(|forged| forged.note(address, clock::now()));
        return Err(github::refusal(&deployment).into());
    }
    let (records, mistakes) = parse(body::parse(&bytes)?, deployment.secrets())?;
    drop(bytes);
    if let Some(first) = mistakes.first() {
        log::warn("exposures_unreadable", &[("request_id", request_id.into()), ("first", json!(first))]);
    }
    let report = Report {
        env: env.clone(),
        deployment,
        reporter: Reporter::Github,
        origin: origin(request, request_id, "github", "GitHub secret scanning")?,
        within: None,
        most_imported: usize::MAX,
        address: None,
    };
    let outcomes = report.carry_out(&records).await?;
    let feedback: Vec<_> =
        records.iter().zip(&outcomes).map(|(record, outcome)| record.feedback(outcome.status.is_found())).collect();
    Ok(response::json(200, &feedback)?)
}

/// An operator who may revoke keys may report them; one of a tenant, that tenant's keys.
async fn by_operator(request: &Request, env: &Env, deployment: Rc<Deployment>, request_id: &str) -> ApiResult {
    let call = ApiCall::begin(request, Parameters::default(), env, deployment, request_id).await?;
    if call.caller().portal.is_some() {
        return Err(Problem::new(Code::PortalNotAllowed, "A portal session can't do this.").into());
    }
    let within = call.own_tenant();
    match &within {
        Some(tenant) => call.caller().may(OperatorScope::KeysWrite, Some(tenant))?,
        None => call.caller().may(OperatorScope::KeysWrite, None)?,
    }
    let (body, origin) = call.sent(JSON, MAX_BODY_BYTES).await?;
    let (records, mistakes) = parse(body, call.deployment.secrets())?;
    if !mistakes.is_empty() {
        return Err(mistakes.into());
    }
    let report = Report {
        env: env.clone(),
        deployment: Rc::clone(&call.deployment),
        reporter: Reporter::Operator,
        // The report is idempotent by itself, so it needs no claim.
        origin: Origin { claim: None, if_match: None, ..origin },
        within,
        most_imported: usize::MAX,
        address: None,
    };
    let outcomes = report.carry_out(&records).await?;
    let shown = |ExposedKey { id, status, effective_by }| ShownExposedKey {
        effective_by: effective_by.map(Rfc3339),
        id,
        status,
    };
    Ok(response::json(200, &ShownExposed { results: outcomes.into_iter().map(shown).collect() })?)
}

/// The answer is the same whatever the report holds, and comes before anybody is asked. What can't be done within a
/// few attempts is lost: who must be sure reports as an operator.
async fn by_anybody(
    request: &Request,
    env: &Env,
    context: &Context,
    deployment: Rc<Deployment>,
    request_id: &str,
) -> ApiResult {
    let address = address(request)?;
    if let Some(wait_ms) = REPORTS.with_borrow_mut(|reports| reports.note(address, clock::now())) {
        return Err(too_often(MOST_ANONYMOUS, "anonymous reports", wait_ms).into());
    }
    let bytes = body::receive(request, JSON, MAX_ANONYMOUS_BYTES).await?;
    let (records, _) = parse(body::parse(&bytes)?, deployment.secrets())?;
    let report = Report {
        env: env.clone(),
        deployment,
        reporter: Reporter::Anonymous,
        origin: origin(request, request_id, "anonymous", "Anonymous report")?,
        within: None,
        most_imported: MOST_IMPORTED_ANONYMOUS,
        address: Some(address),
    };
    let request_id = request_id.to_owned();
    context.wait_until(async move {
        clock::sleep(ANONYMOUS_DELAY_MS).await;
        let mut attempt = 1;
        while let Err(failure) = report.carry_out(&records).await {
            if attempt == ANONYMOUS_ATTEMPTS {
                let reason = format!("{failure:?}");
                log::error("exposures_lost", &[("request_id", request_id.as_str().into()), ("reason", reason.into())]);
                return;
            }
            attempt += 1;
            clock::sleep(ANONYMOUS_PAUSE_MS).await;
        }
    });
    Ok(response::json(202, &json!({}))?)
}

/// The address that stands for requests without one: those that don't come through Cloudflare's network.
const UNKNOWN_ADDRESS: IpAddr = IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED);

fn address(request: &Request) -> Result<IpAddr, Failure> {
    let stated = request.headers().get("CF-Connecting-IP")?;
    Ok(stated.and_then(|address| address.parse().ok()).unwrap_or(UNKNOWN_ADDRESS))
}

fn origin(request: &Request, request_id: &str, id: &str, name: &str) -> Result<Origin, Failure> {
    let ip = request.headers().get("CF-Connecting-IP")?;
    let (actor_id, actor_name, request_id) = (id.into(), name.into(), request_id.into());
    Ok(Origin { actor_id, actor_name, ip, request_id, ..Origin::keystile() })
}

thread_local! {
    /// The networks whose signed bodies are on their way.
    static READING: RefCell<Vec<Network>> = const { RefCell::new(Vec::new()) };
    /// The addresses whose signatures were refused.
    static FORGED: RefCell<Failures> = const { RefCell::new(Failures::allowing(MOST_FORGED)) };
    /// The addresses that report anonymously.
    static REPORTS: RefCell<Failures> = const { RefCell::new(Failures::allowing(MOST_ANONYMOUS)) };
}

/// Receives a body with a signature.
async fn read_signed(request: &Request, address: IpAddr) -> Result<Vec<u8>, Failure> {
    struct Place(Network);
    impl Drop for Place {
        fn drop(&mut self) {
            READING.with_borrow_mut(|reading| {
                if let Some(index) = reading.iter().position(|network| *network == self.0) {
                    reading.swap_remove(index);
                }
            });
        }
    }
    let network = Network::of(address);
    let is_full = READING.with_borrow(|reading| {
        let of_one = reading.iter().filter(|other| **other == network).count();
        reading.len() >= MOST_READING || of_one >= MOST_READING_OF_ONE
    });
    if is_full {
        return Err(Problem::unavailable("Too many reports are on their way; send this again shortly.").into());
    }
    READING.with_borrow_mut(|reading| reading.push(network));
    let _place = Place(network);
    Ok(body::receive(request, JSON, MAX_BODY_BYTES).await?)
}

fn too_often(most: u32, of: &str, wait_ms: i64) -> Problem {
    let detail = format!("This address sent more than {most} {of} within a minute; wait.");
    Problem::new(Code::TooManyFailures, detail).with_header("Retry-After", whole_seconds(wait_ms).to_string())
}
