//! Exports all that a tenant's ledger has, or all that each ledger has, for a restore: newline-delimited JSON.
//!
//! The answer is streamed as the export of an audit log is. Each page ends with a line that has a mark. If the answer ends
//! before the export does, its reader goes on behind the last mark.
//!
//! A tenant that was erased has a line with its name in place of an export, so that whoever restores the others erases it
//! again.

use std::collections::VecDeque;

use keystile_core::{
    TenantId,
    api::listing,
    ledger::{
        backup::{Mark, Place},
        query::TenantQuery,
    },
    objects::{
        feed::{self, ListedTenant},
        ledger::OPERATORS,
    },
};
use keystile_runtime::{clock, object};
use serde::{Deserialize, Serialize};
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
        backup::export::{self, Page},
        handler::Read,
        open::OpenLedger,
    },
};

/// The number of tenants that the feed is asked for at a time.
const TENANTS: u32 = 100;
/// The longest that the feed may take: it answers from one table.
const FEED_TIMEOUT_MS: u64 = 2_000;
/// The line behind the last ledger of a deployment.
const ALL_LEDGERS: &str = "{\"complete\":true}\n";

/// Exports the ledger of the path's tenant.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    let after = listing::parse_after_mark(call.query()?)?;
    let tenant = call.tenant()?.clone();
    begin(call, Some(tenant), after, None).await
}

/// Exports all ledgers, that of the operators first.
pub(super) async fn of_deployment(call: &ApiCall<'_>) -> ApiResult {
    let after = listing::parse_after_mark(call.query()?)?;
    let mark = after.as_ref().map(|after| export::mark(&call.deployment.keyring, after)).transpose()?;
    let tenant = mark.as_ref().and_then(|mark: &Mark| mark.tenant.clone());
    let others = Others { after: tenant.clone(), known: VecDeque::new(), is_last: false };
    if mark.is_some_and(|mark| mark.place == Place::End) {
        let page = Page { lines: String::new(), after: None };
        return streaming::respond(Running {
            reader: Reader::of(call),
            tenant,
            page: Some(page),
            after: None,
            others: Some(others),
        });
    }
    begin(call, tenant, after, Some(others)).await
}

async fn begin(
    call: &ApiCall<'_>,
    tenant: Option<TenantId>,
    after: Option<String>,
    others: Option<Others>,
) -> ApiResult {
    let command = ExportLedger { request_id: call.request_id.into(), tenant: tenant.clone(), after };
    let (status, body) = ask(call.env, name(tenant.as_ref()), &command).await?;
    let page = match (status, &tenant) {
        (200, _) => Some(read(&body)?),
        // It was erased while it was exported.
        (410, Some(tenant)) if others.is_some() => Some(export::erased(&call.deployment.keyring, tenant)?),
        _ => return Ok(passed_on(status, body, &Passed::default())?),
    };
    streaming::respond(Running { reader: Reader::of(call), tenant, page, after: None, others })
}

/// The command to read a page of a ledger.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExportLedger {
    pub(crate) request_id: String,
    /// The ledger's tenant; `None` for the operators.
    pub(crate) tenant: Option<TenantId>,
    /// The mark behind which the page is.
    pub(crate) after: Option<String>,
}

impl Command for ExportLedger {
    const PATH: &'static str = "/export-ledger";
    type Answer = Page;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Read for ExportLedger {
    fn read(&self, ledger: &OpenLedger) -> std::result::Result<Page, Failure> {
        export::page(ledger, self.tenant.as_ref(), self.after.as_deref(), clock::now())
    }
}

/// The name of the ledger.
fn name(tenant: Option<&TenantId>) -> &str {
    tenant.map_or(OPERATORS, TenantId::as_str)
}

fn read(body: &str) -> std::result::Result<Page, Failure> {
    serde_json::from_str(body).map_err(|error| Failure::Fault(format!("a page that can't be read: {error}")))
}

/// An export in progress.
struct Running {
    reader: Reader,
    /// The tenant whose ledger is being read; `None` for the operators.
    tenant: Option<TenantId>,
    /// The page that was fetched in advance.
    page: Option<Page>,
    /// The mark behind the last page; `None` if it was the ledger's last.
    after: Option<String>,
    /// The ledgers that follow, if all are exported.
    others: Option<Others>,
}

impl Lines for Running {
    async fn next(&mut self) -> Result<Option<String>> {
        let mut lines = String::new();
        while lines.is_empty() {
            let page = match self.page.take() {
                Some(page) => page,
                None if !self.reader.may_go_on() => return Ok(None),
                None => match self.ask().await? {
                    Some(page) => page,
                    None => return Ok(self.others.take().map(|_| ALL_LEDGERS.into())),
                },
            };
            self.after = page.after;
            lines = page.lines;
        }
        Ok(Some(lines))
    }
}

impl Running {
    /// The next page of this ledger or the first one of another; `None` if there is none. One without lines is of a tenant
    /// of whom nothing is left.
    async fn ask(&mut self) -> Result<Option<Page>> {
        if self.after.is_none() {
            let Some(others) = &mut self.others else { return Ok(None) };
            let Some(listed) = others.next(&mut self.reader).await? else { return Ok(None) };
            self.tenant = Some(listed.tenant.clone());
            if listed.erased {
                return self.erased(&listed.tenant).map(Some);
            }
            if !self.reader.may_go_on() {
                // The answer ends, and its reader goes on behind the end of the ledger before.
                return Ok(Some(Page { lines: String::new(), after: None }));
            }
        }
        let (request_id, tenant, after) = (self.reader.request_id.clone(), self.tenant.clone(), self.after.clone());
        let command = ExportLedger { request_id, tenant, after };
        let page = match self.reader.ask(name(self.tenant.as_ref()), &command).await? {
            (200, body) => read(&body),
            (404, _) => Ok(Page { lines: String::new(), after: None }),
            (410, _) => match self.tenant.clone().filter(|_| self.others.is_some()) {
                Some(tenant) => return self.erased(&tenant).map(Some),
                None => Err(Failure::Fault("the tenant was erased".into())),
            },
            (status, _) => Err(Failure::Fault(format!("the ledger answered {status}"))),
        };
        page.map(Some).map_err(|failure| self.reader.broken_off(&failure))
    }

    fn erased(&self, tenant: &TenantId) -> Result<Page> {
        export::erased(&self.reader.deployment.keyring, tenant).map_err(|error| self.reader.broken_off(&error.into()))
    }
}

/// The tenants whose ledgers follow, by name.
struct Others {
    after: Option<TenantId>,
    known: VecDeque<ListedTenant>,
    is_last: bool,
}

impl Others {
    async fn next(&mut self, reader: &mut Reader) -> Result<Option<ListedTenant>> {
        if self.known.is_empty() && !self.is_last {
            reader.count_call();
            let query = TenantQuery { text: None, limit: TENANTS, after: self.after.clone() };
            let page = object::call(&reader.env, feed::NAME, &query, FEED_TIMEOUT_MS).await;
            let page = page.map_err(|error| reader.broken_off(&Failure::Fault(error.0)))?;
            self.is_last = page.next_cursor.is_none();
            self.known = page.tenants.into();
            self.after = self.known.back().map(|listed| listed.tenant.clone());
        }
        Ok(self.known.pop_front())
    }
}
