//! The audit log as newline-delimited JSON, oldest first.
//!
//! It is streamed: a page is asked of the ledger when the one before it has
//! been read, so a long log is never in memory. The first page is there before
//! the status is sent, so that what is wrong is said as a problem. If a later
//! one can't be had the answer breaks off, and its reader goes on after the last
//! whole line; so too where an answer ends because it may make no more calls.

use std::rc::Rc;

use futures_util::stream;
use keystile_core::{AuditId, Timestamp, api::listing};
use keystile_runtime::{clock, log};
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Env, Error, Headers, Request, Response, Result};

use super::{Call, Outcome, Shown, ask, authentication::Credential, passed_on, query};
use crate::{command::Export, deployment::Deployment, failure::Failure};

const CONTENT_TYPE: &str = "application/x-ndjson";
/// Calls to the ledger in one answer: an invocation's are limited, to 50 on the free plan.
const PAGES: usize = 40;
/// How often it is judged in between whether the reader may still read, at most: calls too.
const JUDGEMENTS: usize = 8;

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
            deployment: Rc::clone(&self.deployment),
            credential: self.credential,
            judged_until: self.judged.until,
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
}

/// A page, as the ledger answers it.
#[derive(Deserialize)]
struct Page {
    /// Not taken apart: an entry is passed on as the ledger wrote it.
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

/// An export under way. It outlives the call that it was begun by.
struct Running {
    env: Env,
    deployment: Rc<Deployment>,
    /// The reader, and until when they count as judged: reading takes as long as they like.
    credential: Credential,
    judged_until: Option<Timestamp>,
    judgements: usize,
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
