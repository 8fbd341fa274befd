//! The ledger: one Durable Object per tenant, the truth about its keys.
//!
//! Rows, audit log and outbox are in one SQLite database. A change is one
//! transaction of all three and the alarm; then the feed is told, which is when
//! it takes effect; then KV. What fails is retried by the alarm until it took.
//! The reserved ledger `_operators` holds operators' keys in the same way.
//!
//! The parts: [`changes`], [`rotation`], [`import`] and [`tenant`] change,
//! [`letters`] has events changed that another worker keeps, [`reads`] and
//! [`listing`] read, [`drain`] carries out the [`outbox`], [`idempotency`] sees to
//! it that what is sent twice is done once; [`keys`], [`audit`], [`standing`],
//! [`settings`] and [`addressing`] are one table each, [`usage`] what edges have
//! counted, [`schema`] the definitions.
//!
//! Commands come as POST, JSON in and out, one path each: see
//! [`command`](crate::command).

mod addressing;
mod answer;
mod audit;
mod books;
mod changes;
mod drain;
mod idempotency;
mod import;
mod keys;
mod letters;
mod listing;
mod outbox;
mod reads;
mod rotation;
mod schema;
mod settings;
mod standing;
mod tenant;
mod usage;

use std::{cell::OnceCell, rc::Rc};

use keystile_core::{base::problem::Problem, usage::batch::UsageBatch};
use keystile_runtime::{clock, database, log, response};
use serde::Serialize;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use self::{
    answer::{Answer, Outcome},
    books::Books,
    drain::ALARM_RETRY_MS,
};
use crate::{
    command::{
        Audit, Authenticate, CancelRotation, Command, Create, Disable, Discard, Enable, Export, Get, Import, List,
        Patch, PatchTenant, Redrive, Resume, Revoke, Rotate, SelfRevoke, Summary, Suspend, Usage,
    },
    failure::Failure,
};

/// The object.
#[durable_object]
pub struct Ledger {
    state: State,
    env: Env,
    books: OnceCell<Rc<Books>>,
}

impl DurableObject for Ledger {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, books: OnceCell::new() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let (path, body) = (request.path(), request.text().await?);
        match path.as_str() {
            List::PATH => self.read(&body, Books::list),
            Get::PATH => self.read(&body, Books::get),
            Usage::PATH => self.read(&body, Books::usage),
            UsageBatch::PATH => self.count(&body).await,
            Summary::PATH => self.read(&body, Books::summary),
            Audit::PATH => self.read(&body, Books::audit),
            Export::PATH => self.read(&body, Books::export),
            Authenticate::PATH => self.read(&body, Books::authenticate),
            Create::PATH => self.change(&body, async |books: &Books, command| books.create(command).await).await,
            Import::PATH => self.change(&body, async |books: &Books, command| books.import(command).await).await,
            Rotate::PATH => self.change(&body, async |books: &Books, command| books.rotate(command).await).await,
            CancelRotation::PATH => {
                self.change(&body, async |books: &Books, command| books.cancel_rotation(command).await).await
            }
            PatchTenant::PATH => {
                self.change(&body, async |books: &Books, command| books.patch_tenant(command).await).await
            }
            Patch::PATH => self.change(&body, async |books: &Books, command| books.patch(command).await).await,
            Disable::PATH => self.change(&body, async |books: &Books, command| books.disable(command).await).await,
            Enable::PATH => self.change(&body, async |books: &Books, command| books.enable(command).await).await,
            Revoke::PATH => self.change(&body, async |books: &Books, command| books.revoke(command).await).await,
            SelfRevoke::PATH => {
                self.change(&body, async |books: &Books, command| books.self_revoke(command).await).await
            }
            Suspend::PATH => self.change(&body, async |books: &Books, command| books.suspend(command).await).await,
            Resume::PATH => self.change(&body, async |books: &Books, command| books.resume(command).await).await,
            Redrive::PATH => self.change(&body, async |books: &Books, command| books.redrive(command).await).await,
            Discard::PATH => self.change(&body, async |books: &Books, command| books.discard(command).await).await,
            _ => unreadable("The ledger has no such command."),
        }
    }

    /// Does what is due. Never fails: an alarm that does is dropped in the end.
    async fn alarm(&self) -> Result<Response> {
        match self.books() {
            Ok(books) => books.drain().await,
            Err(error) => {
                log::error("ledger_alarm_failed", &[("reason", error.to_string().into())]);
                let again = clock::now().plus_millis(ALARM_RETRY_MS);
                if let Err(error) = database::arm(&self.state.storage(), again) {
                    log::error("alarm_not_set", &[("reason", error.to_string().into())]);
                }
            }
        }
        Response::empty()
    }
}

impl Ledger {
    fn books(&self) -> Result<Rc<Books>> {
        if let Some(books) = self.books.get() {
            return Ok(books.clone());
        }
        let books = Rc::new(Books::open(&self.state, &self.env, clock::now())?);
        Ok(self.books.get_or_init(|| books).clone())
    }

    fn read<C: Command, A: Serialize>(
        &self,
        body: &str,
        handler: impl Fn(&Books, &C) -> std::result::Result<A, Failure>,
    ) -> Result<Response> {
        let Ok(command) = serde_json::from_str::<C>(body) else { return unreadable(UNREADABLE) };
        match self.books().map_err(Failure::from).and_then(|books| handler(&books, &command)) {
            Ok(shown) => response::json(200, &shown),
            Err(failure) => failure.respond(command.request_id()),
        }
    }

    /// Uses come from every busy isolate every few seconds, and leave nothing to
    /// the background but what they have set the alarm for.
    async fn count(&self, body: &str) -> Result<Response> {
        let Ok(batch) = serde_json::from_str::<UsageBatch>(body) else { return unreadable(UNREADABLE) };
        let request_id = batch.request_id().to_string();
        let outcome = match self.books() {
            Err(error) => Err(Failure::from(error)),
            Ok(books) => books.take_usage(batch).await,
        };
        respond(outcome, &request_id)
    }

    /// What the change left in the outbox is carried out in the background.
    async fn change<C: Command>(&self, body: &str, handler: impl AsyncFn(&Books, C) -> Outcome) -> Result<Response> {
        let Ok(command) = serde_json::from_str::<C>(body) else { return unreadable(UNREADABLE) };
        let request_id = command.request_id().to_string();
        let outcome = match self.books() {
            Err(error) => Err(Failure::from(error)),
            Ok(books) => {
                let claim = command.claim().cloned();
                let outcome = books.once(claim.as_ref(), handler(&books, command)).await;
                self.state.wait_until(books.drain());
                outcome
            }
        };
        respond(outcome, &request_id)
    }
}

fn respond(outcome: Outcome, request_id: &str) -> Result<Response> {
    outcome.map_or_else(|failure| failure.respond(request_id), Answer::respond)
}

const UNREADABLE: &str = "The ledger can't read this command.";

/// Only workers of this deployment call the ledger, so this is a fault of theirs.
fn unreadable(detail: &'static str) -> Result<Response> {
    log::error("unreadable_command", &[("reason", detail.into())]);
    Failure::from(Problem::new(400, "UNREADABLE_COMMAND", detail)).respond("req_none")
}
