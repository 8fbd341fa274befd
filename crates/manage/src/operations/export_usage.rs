//! Exports uses for billing as newline-delimited JSON: of a tenant, or of all tenants by name. [`keystile_core::usage::export`] says what
//! a line and the last line are.
//!
//! The answer is [streamed](crate::api::streaming). One that breaks off has no last line, and is asked for again. One that
//! may make no more calls ends with the place after which the next one goes on.

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
        export::{
            BilledUses, Hours, LinePlace, Signer, UsageExportQuery, first_open_hour,
            walk::{Step, Walk},
        },
        first_kept_hour,
    },
};
use keystile_runtime::{clock, log, object, secret};
use serde::{Deserialize, Serialize};
use worker::Result;

use crate::{
    api::{
        ask,
        call::ApiCall,
        reply::{ApiResult, Passed, passed_on},
        streaming::{self, Lines, Reader},
    },
    command::Command,
    failure::Failure,
    ledger::{backup::restore, handler::Change, open::OpenLedger, usage_export},
};

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
    let line = query.after.clone().and_then(|after| after.line);
    export(call, Some(tenant.clone()), query, Walk::of_tenant(tenant.clone(), line)).await
}

/// Exports the uses of all tenants' keys.
pub(super) async fn of_all_tenants(call: &ApiCall<'_>) -> ApiResult {
    let query = query(call)?;
    let walk = Walk::of_all_tenants(query.after.clone());
    export(call, None, query, walk).await
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

async fn export(call: &ApiCall<'_>, tenant: Option<TenantId>, query: UsageExportQuery, walk: Walk) -> ApiResult {
    let secrets = secret::text(call.env, "KEYSTILE_SECRET").unwrap_or_default();
    let signer = Signer::new(&secrets, call.deployment.keyring.newest_fingerprint())
        .map_err(|error| Failure::Fault(error.to_string()))?;
    let reader = Reader::of(call);
    let mut running = Running { reader, tenant, query, walk, signer: Some(signer), first: None };
    // A failure up to here is answered with a problem.
    match running.go_on().await {
        Ok(first) => running.first = first,
        Err(Stopped::Answered(status, body)) => return Ok(passed_on(status, body, &Passed::default())?),
        Err(Stopped::Failed(failure)) => return Err(failure),
    }
    streaming::respond(running)
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
            restore::refuse_if_under_way(database)?;
            usage_export::close(database, hours.to)?;
            let (uses, more) = usage_export::page(database, hours, self.after.as_ref())?;
            Ok(ExportedUses { uses, more })
        })
    }
}

/// The reason why there is no more of an answer.
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

/// An export in progress.
struct Running {
    reader: Reader,
    /// The tenant that was asked for; `None` for all.
    tenant: Option<TenantId>,
    query: UsageExportQuery,
    walk: Walk,
    /// `None` once the last line was written.
    signer: Option<Signer>,
    /// The lines that were fetched in advance.
    first: Option<String>,
}

impl Lines for Running {
    async fn next(&mut self) -> Result<Option<String>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        self.go_on().await.map_err(|stopped| match stopped {
            Stopped::Failed(failure) => self.reader.broken_off(&failure),
            Stopped::Answered(status, _) => {
                self.reader.broken_off(&Failure::Fault(format!("a ledger answered {status}")))
            }
        })
    }
}

impl Running {
    /// The next lines; `None` after the last line.
    async fn go_on(&mut self) -> std::result::Result<Option<String>, Stopped> {
        while self.signer.is_some() && self.reader.may_go_on() {
            match self.walk.step() {
                None => break,
                Some(Step::List(after)) => self.list_tenants(after).await?,
                Some(Step::Read(tenant, after)) => {
                    let ExportedUses { uses, more } = self.read(&tenant, after).await?;
                    self.walk.read(uses.last().map(BilledUses::place), more);
                    if let Some(signer) = self.signer.as_mut().filter(|_| !uses.is_empty()) {
                        return Ok(Some(signer.lines(&tenant, &uses)));
                    }
                }
            }
        }
        let Some(signer) = self.signer.take() else { return Ok(None) };
        let next = match (self.walk.step(), self.walk.reached()) {
            (None, _) => None,
            (Some(_), Some(reached)) => Some(reached),
            (Some(_), None) => return Err(Failure::Fault("an answer that got nowhere".into()).into()),
        };
        Ok(Some(signer.end(self.tenant.as_ref(), &self.query, next)))
    }

    async fn list_tenants(&mut self, after: Option<TenantId>) -> std::result::Result<(), Stopped> {
        self.reader.count_call();
        let query = TenantQuery { text: None, limit: TENANTS, after };
        let page = object::call(&self.reader.env, feed::NAME, &query, FEED_TIMEOUT_MS).await.map_err(|error| {
            let fields = [("request_id", self.reader.request_id.as_str().into()), ("reason", error.0.into())];
            log::error("feed_unreachable", &fields);
            Failure::from(Problem::unavailable("The list of tenants can't be read right now; try again shortly."))
        })?;
        let more = page.next_cursor.is_some();
        self.walk.listed(page.tenants.into_iter().map(|listed| (listed.tenant, listed.erased)).collect(), more);
        Ok(())
    }

    async fn read(
        &mut self,
        tenant: &TenantId,
        after: Option<LinePlace>,
    ) -> std::result::Result<ExportedUses, Stopped> {
        let command = ExportUsage { request_id: self.reader.request_id.clone(), hours: self.query.hours, after };
        match self.reader.try_ask(tenant.as_str(), &command).await? {
            (200, body) => Ok(ask::read::<ExportUsage>(&body)?),
            // The tenant was erased after it was listed.
            (410, _) if self.tenant.is_none() => Ok(ExportedUses { uses: Vec::new(), more: false }),
            (status, body) => Err(Stopped::Answered(status, body)),
        }
    }
}
