//! Uses of keys: they are counted in the edge's memory, sent in batches to the ledgers, and kept there by the hour.
//!
//! Counting costs a request no storage operation and no wait. An isolate that ends loses the counts that it has not
//! sent. A batch that was sent is counted once, however often it arrives: see [`counter`]. [`batch`] has the batches,
//! [`report`] the form of answers, and [`export`] what is billed.

pub mod batch;
pub mod counter;
pub mod export;
pub mod report;

use crate::base::timestamp::{HOUR_MS, Timestamp};

const DAY_HOURS: i64 = 24;
/// The days for which a ledger keeps uses by the hour. Older uses are summed up.
const KEPT_DAYS: i64 = 90;

/// The hour of an instant: whole hours since 1970, in UTC.
#[must_use]
pub const fn hour_of(instant: Timestamp) -> i64 {
    instant.as_millis().div_euclid(HOUR_MS)
}

/// The beginning of an hour.
#[must_use]
pub const fn beginning_of(hour: i64) -> Timestamp {
    Timestamp::from_millis(hour.saturating_mul(HOUR_MS))
}

/// The first hour that a ledger keeps by itself. Whole days are folded, so folding wakes a ledger at most once a day.
#[must_use]
pub const fn first_kept_hour(now: Timestamp) -> i64 {
    (hour_of(now).div_euclid(DAY_HOURS) - KEPT_DAYS) * DAY_HOURS
}

/// The least time for which an export goes on whose first hour is [`first_exported_hour`].
const EXPORT_MS: i64 = 6 * HOUR_MS;

/// The first hour that an export which begins now has by itself: none before it is folded before the export ends.
#[must_use]
pub const fn first_exported_hour(now: Timestamp) -> i64 {
    first_kept_hour(now.plus_millis(EXPORT_MS))
}

/// The time at which an hour is old enough to be folded.
#[must_use]
pub const fn fold_due_at(hour: i64) -> Timestamp {
    beginning_of((hour.div_euclid(DAY_HOURS) + 1 + KEPT_DAYS) * DAY_HOURS)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_hour_that_is_exported_by_itself_is_kept_for_as_long_as_the_export_may_take() {
        for hour in 486_096..486_120 {
            let began = beginning_of(hour);
            let first = first_exported_hour(began);
            assert!((0..=24).contains(&(first - first_kept_hour(began))));
            assert!(fold_due_at(first).millis_since(began) > EXPORT_MS);
        }
    }

    #[test]
    fn an_hour_is_kept_until_its_folding_is_due() {
        for hour in [486_111, 486_119, 486_120] {
            let due = fold_due_at(hour);
            assert_eq!(first_kept_hour(due.plus_millis(-1)), first_kept_hour(beginning_of(hour)) + 90 * 24);
            assert!(hour >= first_kept_hour(due.plus_millis(-1)));
            assert!(hour < first_kept_hour(due));
            let days = due.millis_since(beginning_of(hour)) / (24 * HOUR_MS);
            assert!((90..=91).contains(&days), "{days}");
        }
    }
}
