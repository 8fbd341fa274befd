//! Commands to ledgers.

use keystile_core::{base::problem::Problem, objects::ledger::BINDING};
use keystile_runtime::{log, object};
use serde::de::DeserializeOwned;
use worker::Env;

use crate::{command::Command, failure::Failure};

/// A ledger that takes longer has failed: its own waits are shorter.
const LEDGER_TIMEOUT_MS: u64 = 10_000;

/// A command as it is sent. What is done with it is compiled once for all commands.
pub(crate) struct Question {
    path: &'static str,
    text: String,
    request_id: String,
}

impl Question {
    /// Writes a command.
    ///
    /// # Errors
    /// It can't be written as JSON, which is a fault.
    pub(crate) fn of<C: Command>(command: &C) -> Result<Self, Failure> {
        let text = serde_json::to_string(command).map_err(|error| Failure::Fault(error.to_string()))?;
        Ok(Self { path: C::PATH, text, request_id: command.request_id().to_string() })
    }
}

/// Sends a command to a ledger: the status and the text of its answer.
pub(crate) async fn ask<C: Command>(env: &Env, ledger: &str, command: &C) -> Result<(u16, String), Failure> {
    send(env, ledger, Question::of(command)?).await
}

/// Sends a command that was written.
pub(crate) async fn send(env: &Env, ledger: &str, question: Question) -> Result<(u16, String), Failure> {
    let Question { path, text, request_id } = question;
    let answer = object::exchange(env, BINDING, ledger, path, &text, LEDGER_TIMEOUT_MS).await;
    answer.map_err(|error| {
        log::error("ledger_unreachable", &[("request_id", request_id.into()), ("reason", error.0.into())]);
        let detail = "The ledger can't be reached. Whether a change was recorded is not known: look, or ask again.";
        Problem::unavailable(detail).into()
    })
}

/// Reads the answer to a command that went well, where it is not passed on as it is.
pub(crate) fn read<C: Command>(body: &str) -> Result<C::Answer, Failure>
where
    C::Answer: DeserializeOwned,
{
    serde_json::from_str(body)
        .map_err(|error| Failure::Fault(format!("an answer to {} that can't be read: {error}", C::PATH)))
}
