//! An endpoint's reports to the router of the deployment, for metrics: once a minute at most, and only if something has
//! changed since the last one. A report has all figures anew, so one that fails is sent again with what is then true.

use std::collections::BTreeMap;

use keystile_core::{
    Timestamp,
    base::{id::EndpointId, timestamp::MINUTE_MS},
    events::{attempt::AttemptOutcome, figures::Figures},
    feed::outbox::retry_delay_ms,
    objects::event_router::Report,
};
use serde::{Deserialize, Serialize};

/// What an endpoint keeps for its reports. It stays when the endpoint is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reporting {
    /// The endpoint, once it has one.
    endpoint: Option<EndpointId>,
    /// The attempts by outcome, since the endpoint's beginning.
    attempts: BTreeMap<AttemptOutcome, u64>,
    /// The number of the last change, and that of the last change of which the router knows.
    changes: u64,
    reported: u64,
    /// The failures since the last report.
    failures: u32,
    /// The time from which the next report may be sent, once there was one.
    not_before: Option<Timestamp>,
}

impl Reporting {
    /// Notes that the figures may have changed.
    pub(crate) fn changed(&mut self, endpoint: Option<&EndpointId>) {
        self.changes += 1;
        if let Some(endpoint) = endpoint {
            self.endpoint = Some(endpoint.clone());
        }
    }

    /// Counts an attempt.
    pub(crate) fn count(&mut self, outcome: AttemptOutcome) {
        self.changes += 1;
        *self.attempts.entry(outcome).or_default() += 1;
    }

    /// The time of the next report, if there is news.
    pub(crate) fn due_at(&self) -> Option<Timestamp> {
        (self.endpoint.is_some() && self.changes > self.reported)
            .then(|| self.not_before.unwrap_or(Timestamp::from_millis(0)))
    }

    /// Whether a report is due.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.due_at().is_some_and(|at| at <= now)
    }

    /// A report of these figures, in which the attempts are those that are counted here; none before the endpoint is known.
    pub(crate) fn report(&self, figures: Figures) -> Option<Report> {
        let figures = Figures { attempts: self.attempts.clone(), ..figures };
        Some(Report { endpoint: self.endpoint.clone()?, number: self.changes, figures })
    }

    /// Notes whether the router took a report of this number.
    pub(crate) fn sent(&mut self, number: u64, taken: bool, now: Timestamp) {
        if taken {
            self.reported = self.reported.max(number);
            self.failures = 0;
            self.not_before = Some(now.plus_millis(MINUTE_MS));
        } else {
            self.not_before = Some(now.plus_millis(retry_delay_ms(self.failures)));
            self.failures = self.failures.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    fn changed() -> Reporting {
        let mut reporting = Reporting::default();
        reporting.changed(EndpointId::parse("ep_4bTzV9cXk07Hq2mN1pRs").as_ref());
        reporting
    }

    #[test]
    fn news_are_reported_at_once_and_then_once_a_minute() {
        let mut reporting = changed();
        assert!(reporting.due_at().unwrap() <= NOW);
        reporting.sent(1, true, NOW);
        assert_eq!(reporting.due_at(), None);
        reporting.count(AttemptOutcome::Delivered);
        assert_eq!(reporting.due_at(), Some(NOW.plus_millis(MINUTE_MS)));
    }

    #[test]
    fn what_changes_while_a_report_is_under_way_is_reported_by_the_next() {
        let mut reporting = changed();
        reporting.count(AttemptOutcome::Delivered);
        reporting.sent(1, true, NOW);
        assert_eq!(reporting.due_at(), Some(NOW.plus_millis(MINUTE_MS)));
    }

    #[test]
    fn a_report_that_failed_is_sent_again_later_each_time() {
        let mut reporting = changed();
        reporting.sent(1, false, NOW);
        assert_eq!(reporting.due_at(), Some(NOW.plus_millis(1_000)));
        reporting.sent(1, false, NOW);
        assert_eq!(reporting.due_at(), Some(NOW.plus_millis(2_000)));
    }

    #[test]
    fn an_object_that_was_never_an_endpoint_reports_nothing() {
        let mut reporting = Reporting::default();
        reporting.changed(None);
        assert_eq!(reporting.due_at(), None);
    }
}
