//! When a ledger reports to the overview of all tenants, so that each use is counted there once.
//!
//! A report has a number, the uses since the report before, and the tenant's present [`Summary`]. The ledger keeps it,
//! and sends it unchanged until the overview has answered. The overview keeps the last number of each tenant in the
//! transaction of the counts, and passes over a report that it has. Only then does the ledger make the next one. So
//! nothing is lost or counted twice, whatever gets lost on the way, comes late or twice, or is killed.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::summary::Summary;
use crate::{
    base::{
        id::TenantId,
        timestamp::{MINUTE_MS, SECOND_MS, Timestamp},
    },
    feed::outbox::retry_delay_ms,
    usage::report::Bucket,
};

/// The delay of a report after the first change that it tells of, milliseconds. Changes that follow at once go along.
pub const REPORT_DELAY_MS: i64 = 2 * SECOND_MS;
/// The least time between two reports of a ledger, milliseconds.
pub const REPORT_INTERVAL_MS: i64 = MINUTE_MS;
/// The maximum number of buckets in one report. The next report has the others.
pub const REPORTED_BUCKETS: usize = 1_000;

/// The message. It is stored too, so members are only ever added, each with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The tenant.
    pub tenant: TenantId,
    /// The number, at least 1. A ledger's reports are numbered upwards.
    pub number: u64,
    /// The uses that no earlier report has, at most [`REPORTED_BUCKETS`]. Those of which only the sum is known stand in
    /// the hour 0.
    pub uses: Vec<Bucket>,
    /// The tenant's state when the report was made.
    pub summary: Summary,
    /// Whether the tenant was erased. Then it is in no total and in no list.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub erased: bool,
}

/// A ledger's reporting, beside the report that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reporting {
    /// The number of the last report that was made.
    pub number: u64,
    /// When that was made.
    pub made_at: Option<Timestamp>,
    /// When the next one is to be made or, if one is under way, when that is to be sent.
    pub due_at: Option<Timestamp>,
    /// The number of times that the overview did not answer the one under way.
    pub attempts: u32,
    /// Whether the overview has yet to answer the last report.
    pub under_way: bool,
    /// The number of reports in a row, up to the last one, that were made without news: the one before was outdated.
    pub waits: u32,
}

impl Reporting {
    /// Something has changed: there is a report soon, but not while one is under way, and not sooner than a minute after
    /// the last one.
    #[must_use]
    pub fn changed(self, now: Timestamp) -> Self {
        if self.under_way {
            return self;
        }
        let soon = now.plus_millis(REPORT_DELAY_MS);
        // A clock that was ahead and was set back must not put the next report off.
        let next = self.made_at.map(|made_at| made_at.min(now).plus_millis(REPORT_INTERVAL_MS));
        let due_at = next.map_or(soon, |next| soon.max(next));
        Self { due_at: Some(self.due_at.map_or(due_at, |earlier| earlier.min(due_at))), ..self }
    }

    /// Whether a report is to be made or sent now.
    #[must_use]
    pub fn is_due(self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due_at| due_at <= now)
    }

    /// Whether the last reports told again and again of the same outbox, so that the overview would hear late that it is
    /// empty. That is news, then.
    #[must_use]
    pub const fn awaits_outbox(self) -> bool {
        self.waits > 0 && self.due_at.is_some() && !self.under_way
    }

    /// The next report was made, and is to be sent now. `news` says that something has changed since the one before.
    #[must_use]
    pub fn made(self, now: Timestamp, news: bool) -> Self {
        let waits = if news { 0 } else { self.waits.saturating_add(1) };
        Self { number: self.number + 1, made_at: Some(now), due_at: Some(now), attempts: 0, under_way: true, waits }
    }

    /// The overview has the report under way. `last` is the highest number of this tenant that it has; it is higher than
    /// that report's only if the ledger's storage went back to an earlier time. `outdated_at` is
    /// [`Summary::outdated_at`] of the report.
    #[must_use]
    pub fn taken(self, last: u64, outdated_at: Option<Timestamp>) -> Self {
        let number = self.number.max(last);
        let waits = if outdated_at.is_some() { self.waits } else { 0 };
        Self { number, due_at: outdated_at, attempts: 0, under_way: false, waits, ..self }
    }

    /// The overview did not answer. Whether it has the report is not known.
    #[must_use]
    pub fn failed(self, now: Timestamp) -> Self {
        let due_at = Some(now.plus_millis(retry_delay_ms(self.attempts)));
        Self { attempts: self.attempts.saturating_add(1), due_at, ..self }
    }
}

/// Whether the overview hasn't had a report yet, given the last number that it has of the tenant.
#[must_use]
pub const fn is_news(report: &Report, last: u64) -> bool {
    report.number > last
}

#[cfg(test)]
mod tests;
