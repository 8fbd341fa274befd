//! Exports uses for billing as newline-delimited JSON: of a tenant, or of all tenants by name. [`export`] says what a
//! line and the last line are.
//!
//! The answer is streamed as that of [`export_audit`](super::export_audit) is. One that breaks off has no last line, and
//! is asked for again. One that may make no more calls ends with the place after which the next one goes on.

use std::{collections::VecDeque, rc::Rc};

use futures_util::stream;
use keystile_core::{
    TenantId, Timestamp,
    api::listing,
    base::{
        fields::{FieldError, invalid},
        problem::Problem,
    },
    ledger::{idempotency::Claim, query::TenantQuery},
    objects::feed,
    usage::{
        beginning_of,
        export::{BilledUses, Hours, LinePlace, Place, Signer, UsageExportQuery, first_open_hour},
        first_kept_hour,
    },
};
use keystile_runtime::{clock, log, object, secret};
use serde::{Deserialize, Serialize};
use worker::{Env, Error, Headers, Response};

use crate::{
    api::{
        ask::{self, ask},
        call::ApiCall,
        credential::Credential,
        reply::{ApiResult, Passed, passed_on},
    },
    command::Command,
    deployment::Deployment,
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger, usage_export},
};

const CONTENT_TYPE: &str = "application/x-ndjson";
/// The number of calls to objects in one answer: an invocation's are limited, to 50 on the free plan.
const CALLS: usize = 40;
/// The most times that the reader is judged again during one answer. Each judgement is a call, too.
const JUDGEMENTS: usize = 8;
/// The number of tenants in a page of their list.
const TENANTS: u32 = 100;
/// The longest that the feed may take to list tenants.
const FEED_TIMEOUT_MS: u64 = 2_000;

/// Exports the uses of a tenant's keys.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    let query = query(call)?;
    let tenant = call.tenant()?;
    if query.after.as_ref().is_some_and(|after| after.tenant != *tenant || after.line.is_none()) {
        return Err(mistake("after", "this is no place in the uses of this tenant").into());
    }
    let place = query.after.and_then(|after| after.line);
    export(call, query.hours, Tenants { waiting: [tenant.clone()].into(), place, rest: Rest::None, all: false }).await
}

/// Exports the uses of all tenants' keys.
pub(super) async fn of_all_tenants(call: &ApiCall<'_>) -> ApiResult {
    let query = query(call)?;
    let tenants = match query.after {
        None => Tenants { waiting: VecDeque::new(), place: None, rest: Rest::After(None), all: true },
        Some(Place { tenant, line: None }) => {
            Tenants { waiting: VecDeque::new(), place: None, rest: Rest::After(Some(tenant)), all: true }
        }
        Some(Place { tenant, line }) => {
            Tenants { waiting: [tenant.clone()].into(), place: line, rest: Rest::After(Some(tenant)), all: true }
        }
    };
    export(call, query.hours, tenants).await
}

/// The query, once its hours are closed and still kept.
fn query(call: &ApiCall<'_>) -> std::result::Result<UsageExportQuery, Failure> {
    let query = listing::parse_usage_export_query(call.query()?)?;
    check(query.hours, clock::now())?;
    Ok(query)
}

fn check(Hours { from, to }: Hours, now: Timestamp) -> std::result::Result<(), Problem> {
    let said = |hour| beginning_of(hour).to_rfc3339();
    let (open, kept) = (first_open_hour(now), first_kept_hour(now));
    if to > open {
        let detail = format!("hours are closed up to {}; two hours after its end, an hour is", said(open));
        return Err(mistake("to", &detail));
    }
    if from < kept {
        return Err(mistake("from", &format!("uses are kept by the hour for 90 days: from {} on", said(kept))));
    }
    Ok(())
}

fn mistake(field: &str, detail: &str) -> Problem {
    invalid(&[FieldError { field: field.into(), detail: detail.into() }])
}

async fn export(call: &ApiCall<'_>, hours: Hours, tenants: Tenants) -> ApiResult {
    let secrets = secret::text(call.env, "KEYSTILE_SECRET").unwrap_or_default();
    let signer = Signer::new(&secrets, call.deployment.keyring.newest_fingerprint())
        .map_err(|error| Failure::Fault(error.to_string()))?;
    let mut export = Running {
        env: call.env.clone(),
        deployment: Rc::clone(&call.deployment),
        credential: call.credential,
        judged_until: call.judged.until,
        judgements: 0,
        request_id: call.request_id.into(),
        hours,
        tenants,
        signer: Some(signer),
        reached: None,
        calls: 0,
    };
    // A failure up to here is answered with a problem.
    let first = match export.next().await {
        Ok(first) => first,
        Err(Stopped::Answered(status, body)) => return Ok(passed_on(status, body, &Passed::default())?),
        Err(Stopped::Failed(failure)) => return Err(failure),
    };
    let headers = Headers::new();
    headers.set("Content-Type", CONTENT_TYPE)?;
    headers.set("Cache-Control", "private, no-store")?;
    let lines = stream::try_unfold((first, export), |(first, mut export)| async move {
        let text = match first {
            Some(text) => Some(text),
            None => export.next().await.map_err(|stopped| export.broken_off(&stopped))?,
        };
        Ok::<_, Error>(text.map(|text| (text.into_bytes(), (None, export))))
    });
    Ok(Response::builder().with_headers(headers).from_stream(lines)?)
}

/// The command to close hours and read the uses in them, a page at a time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExportUsage {
    request_id: String,
    hours: Hours,
    after: Option<LinePlace>,
}

/// A page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExportedUses {
    uses: Vec<BilledUses>,
    more: bool,
}

impl Command for ExportUsage {
    const PATH: &'static str = "/export-usage";
    type Answer = ExportedUses;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Change for ExportUsage {
    const DRAINS: bool = false;

    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> std::result::Result<ExportedUses, Failure> {
        let (database, hours) = (&ledger.database, self.hours);
        // This object's clock may be behind that of the worker that asks.
        check(hours, clock::now())?;
        database.transaction(|| {
            usage_export::close(database, hours.to)?;
            let (uses, more) = usage_export::page(database, hours, self.after.as_ref())?;
            Ok(ExportedUses { uses, more })
        })
    }
}

/// The tenants that an export has yet to ask.
struct Tenants {
    /// The next ones.
    waiting: VecDeque<TenantId>,
    /// The last line that was read of the first one's.
    place: Option<LinePlace>,
    rest: Rest,
    /// Whether all tenants were asked for, so that one that was erased is passed over.
    all: bool,
}

/// The tenants beyond those that wait.
#[derive(Clone)]
enum Rest {
    /// Those of the list after this one.
    After(Option<TenantId>),
    None,
}

/// The reason why there is no more of an answer.
#[derive(Debug)]
enum Stopped {
    /// A ledger answered so.
    Answered(u16, String),
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// An export in progress. It outlives the call that began it.
struct Running {
    env: Env,
    deployment: Rc<Deployment>,
    /// The reader's credential, which is judged again after `judged_until`, since they can take as long as they like to
    /// read.
    credential: Credential,
    judged_until: Option<Timestamp>,
    judgements: usize,
    request_id: String,
    hours: Hours,
    tenants: Tenants,
    /// `None` once the last line was written.
    signer: Option<Signer>,
    /// The place that was reached.
    reached: Option<Place>,
    calls: usize,
}

impl Running {
    /// The next lines; `None` after the last line.
    async fn next(&mut self) -> std::result::Result<Option<String>, Stopped> {
        while self.signer.is_some() && self.calls < CALLS && self.judgements < JUDGEMENTS {
            let Some(tenant) = self.tenants.waiting.front().cloned() else {
                let Rest::After(after) = self.tenants.rest.clone() else { return Ok(self.end(None)) };
                self.list_tenants(after).await?;
                continue;
            };
            let ExportedUses { uses, more } = self.ask(&tenant).await?;
            if more {
                self.tenants.place = uses.last().map(BilledUses::place);
            } else {
                self.tenants.waiting.pop_front();
                self.tenants.place = None;
            }
            self.reached = Some(Place { tenant: tenant.clone(), line: self.tenants.place.clone() });
            if let Some(signer) = self.signer.as_mut().filter(|_| !uses.is_empty()) {
                return Ok(Some(signer.lines(&tenant, &uses)));
            }
        }
        let done = self.tenants.waiting.is_empty() && matches!(self.tenants.rest, Rest::None);
        let next = self.reached.take().filter(|_| !done);
        Ok(self.end(next.as_ref()))
    }

    fn end(&mut self, next: Option<&Place>) -> Option<String> {
        Some(self.signer.take()?.end(self.hours, next))
    }

    async fn list_tenants(&mut self, after: Option<TenantId>) -> std::result::Result<(), Stopped> {
        self.calls += 1;
        let query = TenantQuery { text: None, limit: TENANTS, after };
        let page = object::call(&self.env, feed::NAME, &query, FEED_TIMEOUT_MS).await.map_err(|error| {
            let fields = [("request_id", self.request_id.as_str().into()), ("reason", error.0.into())];
            log::error("feed_unreachable", &fields);
            Failure::from(Problem::unavailable("The list of tenants can't be read right now; try again shortly."))
        })?;
        self.tenants.rest = match page.next_cursor {
            Some(_) => Rest::After(page.tenants.last().map(|listed| listed.tenant.clone())),
            None => Rest::None,
        };
        let kept = page.tenants.into_iter().filter(|listed| !listed.erased);
        self.tenants.waiting = kept.map(|listed| listed.tenant).collect();
        Ok(())
    }

    async fn ask(&mut self, tenant: &TenantId) -> std::result::Result<ExportedUses, Stopped> {
        self.calls += 1;
        if self.judged_until.is_some_and(|until| clock::now() >= until) {
            self.judgements += 1;
            let judged = self.credential.judge(&self.env, &self.deployment, &self.request_id).await?;
            self.judged_until = judged.until;
        }
        let (request_id, after) = (self.request_id.clone(), self.tenants.place.clone());
        let command = ExportUsage { request_id, hours: self.hours, after };
        match ask(&self.env, tenant.as_str(), &command).await? {
            (200, body) => Ok(ask::read::<ExportUsage>(&body)?),
            (410, _) if self.tenants.all => Ok(ExportedUses { uses: Vec::new(), more: false }),
            (status, body) => Err(Stopped::Answered(status, body)),
        }
    }

    fn broken_off(&self, stopped: &Stopped) -> Error {
        let request_id = self.request_id.as_str();
        log::error(
            "export_broken_off",
            &[("request_id", request_id.into()), ("reason", format!("{stopped:?}").into())],
        );
        Error::RustError("the export broke off".into())
    }
}
