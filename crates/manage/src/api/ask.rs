//! Commands to ledgers.

use keystile_core::{base::problem::Problem, objects::ledger::BINDING};
use keystile_runtime::{log, object};
use serde::de::DeserializeOwned;
use worker::Env;

use crate::{command::Command, failure::Failure};

/// The longest that a ledger may take to answer: its own waits are shorter, so one that takes longer has failed.
const LEDGER_TIMEOUT_MS: u64 = 10_000;

/// A serialised command. It isn't generic, so the code that sends it is compiled once for all commands.
pub(crate) struct Question {
    path: &'static str,
    text: String,
    request_id: String,
}

impl Question {
    /// Serialises a command.
    ///
    /// # Errors
    /// Fails if the command can't be written as JSON, which is a fault of ours.
    pub(crate) fn of<C: Command>(command: &C) -> Result<Self, Failure> {
        let text = serde_json::to_string(command).map_err(|error| Failure::Fault(error.to_string()))?;
        Ok(Self { path: C::PATH, text, request_id: command.request_id().to_string() })
    }
}

/// Sends a command to a ledger, and returns the status and the text of its answer.
pub(crate) async fn ask<C: Command>(env: &Env, ledger: &str, command: &C) -> Result<(u16, String), Failure> {
    send(env, ledger, Question::of(command)?).await
}

/// Sends a command that was serialised before.
pub(crate) async fn send(env: &Env, ledger: &str, question: Question) -> Result<(u16, String), Failure> {
    let Question { path, text, request_id } = question;
    let answer = object::exchange(env, BINDING, ledger, path, &text, LEDGER_TIMEOUT_MS).await;
    answer.map_err(|error| {
        log::error("ledger_unreachable", &[("request_id", request_id.into()), ("reason", error.0.into())]);
        let detail = "The ledger can't be reached. Whether a change was recorded is not known: look, or ask again.";
        Problem::unavailable(detail).into()
    })
}

/// Reads the answer to a command that succeeded, where it isn't passed on unread.
pub(crate) fn read<C: Command>(body: &str) -> Result<C::Answer, Failure>
where
    C::Answer: DeserializeOwned,
{
    serde_json::from_str(body)
        .map_err(|error| Failure::Fault(format!("an answer to {} that can't be read: {error}", C::PATH)))
}
