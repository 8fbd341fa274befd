//! Answers that are streamed, page by page, from ledgers.
//!
//! Their readers can take as long as they like, so the caller is judged again in between, and an answer makes so many calls
//! at most. It ends then, and its reader goes on where it ended. If a page can't be had, the answer breaks off, and its
//! reader goes on after the last whole line.

use std::rc::Rc;

use futures_util::stream;
use keystile_core::Timestamp;
use keystile_runtime::{clock, log};
use worker::{Env, Error, Headers, Response, Result};

use super::{ask::ask, call::ApiCall, credential::Credential, reply::ApiResult};
use crate::{command::Command, deployment::Deployment, failure::Failure};

const CONTENT_TYPE: &str = "application/x-ndjson";
/// The number of calls in one answer: an invocation's are limited, to 50 on the free plan.
const CALLS: usize = 40;
/// The most times that the reader is judged again during one answer. Each judgement is a call, too.
const JUDGEMENTS: usize = 8;

/// The lines of an answer, page by page.
pub(crate) trait Lines: 'static {
    /// Returns the next lines, or `None` at the end.
    async fn next(&mut self) -> Result<Option<String>>;
}

/// The response with these lines.
pub(crate) fn respond(lines: impl Lines) -> ApiResult {
    let headers = Headers::new();
    headers.set("Content-Type", CONTENT_TYPE)?;
    headers.set("Cache-Control", "private, no-store")?;
    let lines = stream::try_unfold(lines, |mut lines| async move {
        let next = lines.next().await?;
        Ok::<_, Error>(next.map(|text| (text.into_bytes(), lines)))
    });
    Ok(Response::builder().with_headers(headers).from_stream(lines)?)
}

/// The reader of a streamed answer, who outlives the call that began it.
pub(crate) struct Reader {
    pub(crate) env: Env,
    pub(crate) deployment: Rc<Deployment>,
    pub(crate) request_id: String,
    /// The reader's credential, which is judged again after `judged_until`.
    credential: Credential,
    judged_until: Option<Timestamp>,
    judgements: usize,
    calls: usize,
}

impl Reader {
    /// The caller, for whom one call was made: to judge them, or of the first page.
    pub(crate) fn of(call: &ApiCall<'_>) -> Self {
        Self {
            env: call.env.clone(),
            deployment: Rc::clone(&call.deployment),
            request_id: call.request_id.into(),
            credential: call.credential,
            judged_until: call.judged.until,
            judgements: 0,
            calls: 1,
        }
    }

    /// Whether the answer may make another call.
    pub(crate) const fn may_go_on(&self) -> bool {
        self.calls < CALLS && self.judgements < JUDGEMENTS
    }

    /// Notes a call to another object than a ledger.
    pub(crate) const fn count_call(&mut self) {
        self.calls += 1;
    }

    /// Sends a command to a ledger for the reader, if they may still read. Returns the status and the text of the answer.
    ///
    /// # Errors
    /// That the answer breaks off. The log has the reason.
    pub(crate) async fn ask<C: Command>(&mut self, ledger: &str, command: &C) -> Result<(u16, String)> {
        self.try_ask(ledger, command).await.map_err(|failure| self.broken_off(&failure))
    }

    /// The same before the status was sent, so that a failure can be answered with a problem.
    pub(crate) async fn try_ask<C: Command>(
        &mut self,
        ledger: &str,
        command: &C,
    ) -> std::result::Result<(u16, String), Failure> {
        self.calls += 1;
        if self.judged_until.is_some_and(|until| clock::now() >= until) {
            self.judgements += 1;
            let judged = self.credential.judge(&self.env, &self.deployment, &self.request_id).await?;
            self.judged_until = judged.until;
        }
        ask(&self.env, ledger, command).await
    }

    /// The error that breaks an answer off, once its reason is in the log.
    pub(crate) fn broken_off(&self, failure: &Failure) -> Error {
        let request_id = self.request_id.as_str();
        log::error(
            "export_broken_off",
            &[("request_id", request_id.into()), ("reason", format!("{failure:?}").into())],
        );
        Error::RustError("the export broke off".into())
    }
}
