//! Calls to the objects of the worker that receives webhooks: the one of each source that keeps the events that could not
//! be delivered and the secrets that senders told, and those that remember recent deliveries
//! ([`deliveries`](crate::deliveries)).

use keystile_core::{
    base::{code::Code, problem::Problem},
    objects::Call,
};
use keystile_runtime::{log, object};
use worker::Env;

use crate::failure::Failure;

/// The longest that such an object may take to answer: longer than it waits for the queue itself, but less than the
/// time that a ledger may take (`LEDGER_TIMEOUT_MS`).
const TIMEOUT_MS: u64 = 8_000;

/// The reason why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// There is no such event, and nothing was done.
    NotFound,
    /// The event is not as the call needs it, and nothing was done.
    Refused(Problem),
    /// It isn't known whether anything was done.
    Unclear(Failure),
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::NotFound => not_found().into(),
            Unanswered::Refused(problem) => problem.into(),
            Unanswered::Unclear(failure) => failure,
        }
    }
}

/// Asks the object of this name, and returns the text of its answer.
pub(crate) async fn ask<C: Call>(env: &Env, name: &str, call: &C, request_id: &str) -> Result<String, Unanswered> {
    let unclear = |failure: Failure| Err(Unanswered::Unclear(failure));
    match object::ask(env, name, call, TIMEOUT_MS).await {
        Ok((200, body)) => Ok(body),
        Ok((404, _)) => Err(Unanswered::NotFound),
        Ok((409, _)) => Err(Unanswered::Refused(not_kept())),
        Ok((503, _)) => {
            let detail = "The queue did not take the event, or did not say so. It is still here, too.";
            unclear(Problem::unavailable(detail).into())
        }
        Ok((status, _)) => unclear(Failure::Fault(format!("{}{} answered {status}", C::BINDING, C::PATH))),
        Err(error) => {
            let fields = [("request_id", request_id.into()), ("reason", error.0.into())];
            log::error("webhooks_unreachable", &fields);
            let detail = "The worker that receives webhooks did not answer. Whether a change was made is not known: \
                          look, or ask again.";
            unclear(Problem::unavailable(detail).into())
        }
    }
}

/// The problem of an event that doesn't exist.
pub(crate) fn not_found() -> Problem {
    let detail = "There is no undelivered event with this id: it was sent again, discarded, or never here.";
    Problem::new(Code::DeadLetterNotFound, detail)
}

/// The problem of a delivery whose body isn't kept.
fn not_kept() -> Problem {
    let detail = "The body of this delivery is not kept, so it can't be sent again. Bodies of delivered events are kept for \
                  keep_bodies_hours of their source in keystile.toml.";
    Problem::new(Code::BodyNotKept, detail)
}
