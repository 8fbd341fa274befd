//! The bounds of what an endpoint keeps.

use serde::{Deserialize, Serialize};

use super::health::EndpointStatus;
use crate::base::timestamp::{DAY_MS, HOUR_MS};

/// The events that wait for an endpoint, at most.
pub const MAX_WAITING: u64 = 100_000;
/// The events that wait for a paused endpoint, at most.
pub const MAX_WAITING_PAUSED: u64 = 10_000;
/// The time for which an event waits for a paused endpoint, milliseconds.
pub const PAUSED_MS: i64 = 3 * DAY_MS;
/// The dead letters that an endpoint keeps, at most. Of more the oldest go.
pub const MAX_DEAD_LETTERS: u64 = 10_000;
/// The time for which a dead letter is kept, milliseconds.
pub const DEAD_LETTERS_KEPT_MS: i64 = 30 * DAY_MS;
/// The attempts that an endpoint remembers, at most. Of more the oldest go.
pub const MAX_ATTEMPTS_KEPT: u64 = 10_000;
/// The time for which an attempt is remembered, milliseconds.
pub const ATTEMPTS_KEPT_MS: i64 = 7 * DAY_MS;
/// The time for which an event's id is remembered, milliseconds, so that a repeat on the way is known.
pub const IDS_KEPT_MS: i64 = 30 * DAY_MS;

/// The time by which rows that may go stay longer, milliseconds, so that one alarm deletes many of them.
pub const SWEEP_EVERY_MS: i64 = HOUR_MS;

/// The reason why an event became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterReason {
    /// The last attempt failed.
    AttemptsFailed,
    /// The endpoint was disabled.
    EndpointDisabled,
    /// Too many events waited for the endpoint.
    TooManyWaiting,
    /// It waited too long at a paused endpoint.
    PausedTooLong,
}

/// The events that wait for an endpoint of this status, at most. None wait for a disabled one.
#[must_use]
pub const fn max_waiting(status: EndpointStatus) -> u64 {
    match status {
        EndpointStatus::Active => MAX_WAITING,
        EndpointStatus::Paused => MAX_WAITING_PAUSED,
        EndpointStatus::Disabled => 0,
    }
}

/// Whether a new event may wait beside `waiting` others at an endpoint of this status.
///
/// # Errors
/// The reason why it is a dead letter at once.
pub const fn may_wait(status: EndpointStatus, waiting: u64) -> Result<(), DeadLetterReason> {
    match status {
        EndpointStatus::Disabled => Err(DeadLetterReason::EndpointDisabled),
        _ if waiting < max_waiting(status) => Ok(()),
        _ => Err(DeadLetterReason::TooManyWaiting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn as_many_wait_as_the_status_allows() {
        for (status, waiting, expected) in [
            (EndpointStatus::Active, 99_999, Ok(())),
            (EndpointStatus::Active, 100_000, Err(DeadLetterReason::TooManyWaiting)),
            (EndpointStatus::Paused, 9_999, Ok(())),
            (EndpointStatus::Paused, 10_000, Err(DeadLetterReason::TooManyWaiting)),
            (EndpointStatus::Disabled, 0, Err(DeadLetterReason::EndpointDisabled)),
        ] {
            assert_eq!(may_wait(status, waiting), expected, "{status:?} {waiting}");
        }
    }
}
