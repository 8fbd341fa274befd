//! Exports the audit log of a tenant, or of the operators, as newline-delimited JSON, oldest first.
//!
//! The answer is streamed: the ledger is asked for the next page when the one before it has been read, so a long log is
//! never in memory as a whole. The first page is fetched before the status is sent, so that errors can be answered with
//! a problem. If a later page can't be had, the answer breaks off, and its reader can go on after the last complete
//! line. The same goes for an answer that ends because it may make no more calls.

use std::rc::Rc;

use futures_util::stream;
use keystile_core::{
    AuditId, Timestamp,
    api::listing::{self, unknown_entry},
    ledger::query::ExportQuery,
    objects::ledger::OPERATORS,
};
use keystile_runtime::{clock, log};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::{Env, Error, Headers, Response, Result};

use crate::{
    api::{
        ask::ask,
        call::ApiCall,
        credential::Credential,
        reply::{ApiResult, Passed, passed_on},
    },
    command::Command,
    deployment::Deployment,
    failure::Failure,
    ledger::{
        audit::{self, ExportPage},
        handler::Read,
        open::OpenLedger,
    },
};

const CONTENT_TYPE: &str = "application/x-ndjson";
/// The number of calls to the ledger in one answer: an invocation's are limited, to 50 on the free plan.
const PAGES: usize = 40;
/// The most times that the reader is judged again during one answer. Each judgement is a call, too.
const JUDGEMENTS: usize = 8;

/// Exports the tenant's audit log.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    export(call, call.tenant()?.as_str()).await
}

/// Exports the operators' audit log.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    export(call, OPERATORS).await
}

async fn export(call: &ApiCall<'_>, ledger: &str) -> ApiResult {
    let query = listing::parse_export_query(call.query()?)?;
    let command = ExportAudit { request_id: call.request_id.into(), query };
    let (status, body) = ask(call.env, ledger, &command).await?;
    if status != 200 {
        return Ok(passed_on(status, body, &Passed::default())?);
    }
    let export = Running {
        env: call.env.clone(),
        deployment: Rc::clone(&call.deployment),
        credential: call.credential,
        judged_until: call.judged.until,
        judgements: 0,
        ledger: ledger.into(),
        command,
        page: Some(read(&body)?),
        more: false,
        pages: 1,
    };
    let headers = Headers::new();
    headers.set("Content-Type", CONTENT_TYPE)?;
    headers.set("Cache-Control", "private, no-store")?;
    let lines = stream::try_unfold(export, |mut export| async move {
        let lines = export.next().await?;
        Ok::<_, Error>(lines.map(|lines| (lines.into_bytes(), export)))
    });
    Ok(Response::builder().with_headers(headers).from_stream(lines)?)
}

/// The command to read a page of the audit log, oldest entries first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExportAudit {
    pub(crate) request_id: String,
    pub(crate) query: ExportQuery,
}

impl Command for ExportAudit {
    const PATH: &'static str = "/export";
    type Answer = ExportPage;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Read for ExportAudit {
    fn read(&self, ledger: &OpenLedger) -> std::result::Result<ExportPage, Failure> {
        Ok(audit::export_page(&ledger.database, &self.query)?.ok_or_else(unknown_entry)?)
    }
}

/// A page, as the ledger sends it.
#[derive(Deserialize)]
struct Page {
    /// Left unparsed, since entries are passed on as the ledger wrote them.
    entries: Vec<Box<RawValue>>,
    more: bool,
}

/// The fields that are read of an entry.
#[derive(Deserialize)]
struct Entry {
    id: AuditId,
}

fn read(body: &str) -> std::result::Result<Page, Failure> {
    serde_json::from_str(body).map_err(|error| Failure::Fault(format!("a page that can't be read: {error}")))
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
    ledger: String,
    command: ExportAudit,
    /// The page that was fetched in advance.
    page: Option<Page>,
    more: bool,
    pages: usize,
}

impl Running {
    /// Returns the next lines, or `None` at the end.
    async fn next(&mut self) -> Result<Option<String>> {
        let page = match self.page.take() {
            Some(page) => page,
            None if self.more && self.pages < PAGES && self.judgements < JUDGEMENTS => self.ask().await?,
            None => return Ok(None),
        };
        if page.entries.is_empty() {
            return Ok(None);
        }
        self.more = page.more;
        if let Some(last) = page.entries.last().map(|entry| serde_json::from_str::<Entry>(entry.get())).transpose()? {
            self.command.query.after = Some(last.id);
        }
        Ok(Some(page.entries.iter().flat_map(|entry| [entry.get(), "\n"]).collect()))
    }

    async fn ask(&mut self) -> Result<Page> {
        self.pages += 1;
        self.ask_as_judged().await.map_err(|failure| {
            let request_id = self.command.request_id.as_str();
            log::error(
                "export_broken_off",
                &[("request_id", request_id.into()), ("reason", format!("{failure:?}").into())],
            );
            Error::RustError("the export broke off".into())
        })
    }

    async fn ask_as_judged(&mut self) -> std::result::Result<Page, Failure> {
        if self.judged_until.is_some_and(|until| clock::now() >= until) {
            self.judgements += 1;
            let judged = self.credential.judge(&self.env, &self.deployment, &self.command.request_id).await?;
            self.judged_until = judged.until;
        }
        match ask(&self.env, &self.ledger, &self.command).await? {
            (200, body) => read(&body),
            (status, _) => Err(Failure::Fault(format!("the ledger answered {status}"))),
        }
    }
}
