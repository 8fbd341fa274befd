//! Exports the audit log of a tenant, or of the operators, as newline-delimited JSON, oldest first.
//!
//! The answer is streamed: the ledger is asked for the next page when the one before it has been read, so a long log is
//! never in memory as a whole. The first page is fetched before the status is sent, so that errors can be answered with
//! a problem. If a later page can't be had, the answer breaks off, and its reader can go on after the last complete
//! line. The same goes for an answer that ends because it may make no more calls.

use keystile_core::{
    AuditId,
    api::listing::{self, unknown_entry},
    ledger::query::ExportQuery,
    objects::ledger::OPERATORS,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::Result;

use crate::{
    api::{
        ask::ask,
        call::ApiCall,
        reply::{ApiResult, Passed, passed_on},
        streaming::{self, Lines, Reader},
    },
    command::Command,
    failure::Failure,
    ledger::{
        audit::{self, ExportPage},
        handler::Read,
        open::OpenLedger,
    },
};

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
    let page = Some(read(&body)?);
    streaming::respond(Running { reader: Reader::of(call), ledger: ledger.into(), command, page, more: false })
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

/// An export in progress.
struct Running {
    reader: Reader,
    ledger: String,
    command: ExportAudit,
    /// The page that was fetched in advance.
    page: Option<Page>,
    more: bool,
}

impl Lines for Running {
    async fn next(&mut self) -> Result<Option<String>> {
        let page = match self.page.take() {
            Some(page) => page,
            None if self.more && self.reader.may_go_on() => self.ask().await?,
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
}

impl Running {
    async fn ask(&mut self) -> Result<Page> {
        let page = match self.reader.ask(&self.ledger, &self.command).await? {
            (200, body) => read(&body),
            (status, _) => Err(Failure::Fault(format!("the ledger answered {status}"))),
        };
        page.map_err(|failure| self.reader.broken_off(&failure))
    }
}
