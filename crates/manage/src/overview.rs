//! The overview of all tenants: one Durable Object that every tenant's ledger reports to.
//!
//! It holds what the last report of each ledger says of its tenant, and the uses of all tenants' keys together, by the
//! hour for 90 days and in total. Both change in the transaction in which the report's number is noted, so each report
//! counts once. [`taking`] has that; [`shown`] the answers, which compare the reported times with the clock.
//!
//! Its calls are listed in [`objects::overview`](keystile_core::objects::overview). No handler awaits anything between
//! reading and answering, so each is atomic. It needs no alarm: what is due at a time is done with the next report.

mod schema;
mod shown;
mod taking;

use std::cell::OnceCell;

use keystile_core::{
    Timestamp,
    base::{code::Code, problem::Problem},
    ledger::reporting::Report,
    objects::{
        Call,
        overview::{OverviewQuery, ReadState, UsageQuery},
    },
};
use keystile_runtime::{clock, database::Database, response};
use serde::{Serialize, de::DeserializeOwned};
use worker::{DurableObject, Env, Method, Request, Response, Result, State, durable_object};

use crate::failure::Failure;

/// The request id of calls to this object, which don't carry that of a caller's request.
const NO_REQUEST_ID: &str = "req_none";

/// The object.
#[durable_object]
pub struct Overview {
    state: State,
    opened: OnceCell<Database>,
}

impl DurableObject for Overview {
    fn new(state: State, _env: Env) -> Self {
        Self { state, opened: OnceCell::new() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        let answer = match (request.method(), path.as_str()) {
            (Method::Post, Report::PATH) => self.handle(&body, taking::take),
            (Method::Post, OverviewQuery::PATH) => self.handle(&body, shown::overview),
            (Method::Post, UsageQuery::PATH) => self.handle(&body, shown::usage),
            (Method::Post, ReadState::PATH) => self.handle(&body, shown::state),
            _ => Err(Problem::new(Code::NoSuchPath, "The overview has no such path.").into()),
        };
        answer.or_else(|failure| failure.respond(NO_REQUEST_ID))
    }
}

impl Overview {
    fn handle<Q: DeserializeOwned, A: Serialize>(
        &self,
        body: &str,
        handler: impl Fn(&Database, &Q, Timestamp) -> Result<A>,
    ) -> std::result::Result<Response, Failure> {
        let question = serde_json::from_str(body)
            .map_err(|error| Problem::new(Code::MalformedJson, format!("The overview can't read this: {error}.")))?;
        let answer = handler(self.open()?, &question, clock::now())?;
        Ok(response::json(200, &answer)?)
    }

    fn open(&self) -> Result<&Database> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let database = Database::open(&self.state, schema::MIGRATIONS)?;
        Ok(self.opened.get_or_init(|| database))
    }
}
