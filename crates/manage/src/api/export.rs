//! The audit log as newline-delimited JSON, oldest first.
//!
//! It is streamed: a page is asked of the ledger when the one before it has
//! been read, so a long log is never in memory. The first page is there before
//! the status is sent, so that what is wrong is said as a problem. If a later
//! one can't be had the answer breaks off, and its reader goes on after the last
//! whole line; so too where an answer ends because it may make no more calls.

use futures_util::stream;
use keystile_core::{AuditId, listing};
use keystile_runtime::log;
use serde::Deserialize;
use serde_json::Value;
use worker::{Env, Error, Headers, Request, Response, Result};

use super::{Call, Outcome, Shown, ask, passed_on, query};
use crate::{command::Export, failure::Failure};

const CONTENT_TYPE: &str = "application/x-ndjson";
/// Calls to the ledger in one answer: an invocation's are limited, to 50 on the free plan.
const PAGES: usize = 40;

impl Call<'_> {
    /// Exports a ledger's audit log.
    pub(super) async fn export(&self, request: &Request, ledger: &str) -> Outcome {
        let query = listing::parse_export_query(query::pairs(request)?)?;
        let command = Export { request_id: self.request_id.into(), query };
        let (status, body) = ask(self.env, ledger, &command).await?;
        if status != 200 {
            return Ok(passed_on(status, body, &Shown::default())?);
        }
        let export = Running {
            env: self.env.clone(),
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
}

/// A page, as the ledger answers it.
#[derive(Deserialize)]
struct Page {
    entries: Vec<Value>,
    more: bool,
}

fn read(body: &str) -> std::result::Result<Page, Failure> {
    serde_json::from_str(body).map_err(|error| Failure::Fault(format!("a page that can't be read: {error}")))
}

/// An export under way. It outlives the call that it was begun by.
struct Running {
    env: Env,
    ledger: String,
    command: Export,
    /// The page that was asked for ahead.
    page: Option<Page>,
    more: bool,
    pages: usize,
}

impl Running {
    /// The next lines, `None` at the end.
    async fn next(&mut self) -> Result<Option<String>> {
        let page = match self.page.take() {
            Some(page) => page,
            None if self.more && self.pages < PAGES => self.ask().await?,
            None => return Ok(None),
        };
        if page.entries.is_empty() {
            return Ok(None);
        }
        self.more = page.more;
        if let Some(last) = page.entries.last().and_then(|entry| AuditId::parse(entry.get("id")?.as_str()?)) {
            self.command.query.after = Some(last);
        }
        Ok(Some(page.entries.iter().map(|entry| format!("{entry}\n")).collect()))
    }

    async fn ask(&mut self) -> Result<Page> {
        self.pages += 1;
        let answer = ask(&self.env, &self.ledger, &self.command).await;
        let page = answer.and_then(|(status, body)| match status {
            200 => read(&body),
            _ => Err(Failure::Fault(format!("the ledger answered {status}"))),
        });
        page.map_err(|failure| {
            let request_id = self.command.request_id.as_str();
            log::error(
                "export_broken_off",
                &[("request_id", request_id.into()), ("reason", format!("{failure:?}").into())],
            );
            Error::RustError("the export broke off".into())
        })
    }
}
