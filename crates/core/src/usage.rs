//! How often keys are used: counted in the edge's memory, sent in batches to
//! the ledgers, kept there by the hour.
//!
//! Counting costs a request no storage operation and no wait. What an isolate
//! has counted and not sent is lost with it; what was sent is counted once,
//! however often it arrives: see [`counter`]. [`batch`] is what is sent,
//! [`report`] what is shown.

pub mod batch;
pub mod counter;
pub mod report;

use crate::timestamp::Timestamp;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// The hour of an instant: whole hours since 1970, in UTC.
#[must_use]
pub const fn hour_of(instant: Timestamp) -> i64 {
    instant.as_millis().div_euclid(HOUR_MS)
}

/// When an hour begins.
#[must_use]
pub const fn beginning_of(hour: i64) -> Timestamp {
    Timestamp::from_millis(hour.saturating_mul(HOUR_MS))
}
