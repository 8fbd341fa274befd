//! Commands to ledgers.

use keystile_core::{base::problem::Problem, objects::ledger::BINDING};
use keystile_runtime::{log, object};
use serde::de::DeserializeOwned;
use worker::Env;

use crate::{command::Command, failure::Failure};

/// A ledger that takes longer has failed: its own waits are shorter.
const LEDGER_TIMEOUT_MS: u64 = 10_000;

/// Sends a command to a ledger: the status and the text of its answer.
pub(crate) async fn ask<C: Command>(env: &Env, ledger: &str, command: &C) -> Result<(u16, String), Failure> {
    let question = serde_json::to_string(command).map_err(|error| Failure::Fault(error.to_string()))?;
    let answer = object::exchange(env, BINDING, ledger, C::PATH, &question, LEDGER_TIMEOUT_MS).await;
    answer.map_err(|error| {
        log::error("ledger_unreachable", &[("request_id", command.request_id().into()), ("reason", error.0.into())]);
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
