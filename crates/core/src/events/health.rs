//! An endpoint's health: its last success, its failures since, and when it is disabled by itself.
//!
//! Only time in which events are tried counts against an endpoint. An event that is tried fails anew within
//! [`MAX_GAP_MS`]; after a longer silence nothing is known of the time before, and the time of failures begins anew.

use serde::{Deserialize, Serialize};

use super::attempt::AttemptOutcome;
use crate::base::timestamp::{DAY_MS, Timestamp};

/// The time of failures alone after which an endpoint is disabled, milliseconds.
pub const DISABLED_AFTER_MS: i64 = 5 * DAY_MS;
/// The time between two failures, at most, that counts as failing, milliseconds. No wait between two attempts is as long.
pub const MAX_GAP_MS: i64 = 2 * DAY_MS;

/// Whether an endpoint is sent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// It is.
    Active,
    /// Its events wait.
    Paused,
    /// It failed for too long, or said that it is gone. Its events become dead letters.
    Disabled,
}

impl EndpointStatus {
    /// All statuses.
    pub const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Disabled];

    /// The name in JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// An endpoint's health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The last time at which an event was delivered.
    pub last_success_at: Option<Timestamp>,
    /// The time of the first failure since then, without longer gaps than [`MAX_GAP_MS`].
    pub failing_since: Option<Timestamp>,
    /// The time of the last failure since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<Timestamp>,
    /// The time at which the endpoint was disabled.
    pub disabled_at: Option<Timestamp>,
}

impl Health {
    /// Notes an attempt that ended at `at`. Returns whether the endpoint is disabled by it.
    pub fn note(&mut self, outcome: AttemptOutcome, at: Timestamp) -> bool {
        match outcome {
            AttemptOutcome::Delivered => {
                self.last_success_at = Some(at);
                self.forget_failures();
                return false;
            }
            // The deployment's own fault.
            AttemptOutcome::NoSecret => return false,
            _ => {}
        }
        // Stored without the last failure: the first one is all that is known.
        let last = self.last_failure_at.or(self.failing_since);
        if last.is_some_and(|last| at.millis_since(last) > MAX_GAP_MS) {
            self.failing_since = None;
        }
        self.last_failure_at = Some(at);
        let since = *self.failing_since.get_or_insert(at);
        let over = outcome == AttemptOutcome::Gone || at.millis_since(since) >= DISABLED_AFTER_MS;
        let disabled = over && self.disabled_at.is_none();
        if disabled {
            self.disabled_at = Some(at);
        }
        disabled
    }

    /// Ends a disabling. The time of failures begins anew, after a pause too.
    pub const fn enable(&mut self) {
        self.disabled_at = None;
        self.forget_failures();
    }

    const fn forget_failures(&mut self) {
        self.failing_since = None;
        self.last_failure_at = None;
    }

    /// The endpoint's status, if its terms say that it is `paused` or not.
    #[must_use]
    pub const fn status(&self, paused: bool) -> EndpointStatus {
        match (self.disabled_at, paused) {
            (Some(_), _) => EndpointStatus::Disabled,
            (None, true) => EndpointStatus::Paused,
            (None, false) => EndpointStatus::Active,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::attempt::{MAX_RETRY_AFTER_MS, WAITS_MS};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Notes failures at these times, days. Returns whether the last one disables.
    fn failing(health: &mut Health, days: &[i64]) -> bool {
        days.iter().map(|day| health.note(AttemptOutcome::Refused, at(day * DAY_MS))).last().unwrap()
    }

    #[test]
    fn failures_alone_for_five_days_disable() {
        let mut health = Health::default();
        assert!(!failing(&mut health, &[0, 2, 4]));
        assert!(!health.note(AttemptOutcome::Timeout, at(DISABLED_AFTER_MS - 1)));
        assert!(health.note(AttemptOutcome::Unreachable, at(DISABLED_AFTER_MS)));
        assert_eq!(health.status(true), EndpointStatus::Disabled);
        assert!(!health.note(AttemptOutcome::Refused, at(1 + DISABLED_AFTER_MS)), "it is disabled once");
    }

    #[test]
    fn time_in_which_nothing_was_sent_does_not_count() {
        let mut health = Health::default();
        assert!(!failing(&mut health, &[0, 1, 2, 3]));
        assert!(!failing(&mut health, &[30]), "the first event after a silence");
        assert_eq!(health.failing_since, Some(at(30 * DAY_MS)));
        assert!(failing(&mut health, &[31, 33, 35]));
    }

    #[test]
    fn no_wait_between_two_attempts_is_a_silence() {
        let longest = WAITS_MS.into_iter().max().unwrap();
        assert!(longest + longest / 10 < MAX_GAP_MS && MAX_RETRY_AFTER_MS < MAX_GAP_MS);
    }

    #[test]
    fn after_a_pause_the_time_of_failures_begins_anew() {
        let mut health = Health::default();
        failing(&mut health, &[0, 2, 4]);
        health.enable();
        assert_eq!(health, Health::default());
        assert!(!failing(&mut health, &[5]));
    }

    #[test]
    fn a_health_stored_without_the_last_failure_is_read() {
        let stored = r#"{"last_success_at":null,"failing_since":0,"disabled_at":null}"#;
        let mut health: Health = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&health).unwrap(), stored);
        assert!(!failing(&mut health, &[6]));
        assert_eq!(health.failing_since, Some(at(6 * DAY_MS)));
    }

    #[test]
    fn a_success_in_between_begins_the_time_anew() {
        let mut health = Health::default();
        health.note(AttemptOutcome::Timeout, at(0));
        health.note(AttemptOutcome::Delivered, at(1));
        assert_eq!((health.last_success_at, health.failing_since), (Some(at(1)), None));
        assert!(!failing(&mut health, &[1, 3, 5]));
    }

    #[test]
    fn one_that_is_gone_is_disabled_at_once_until_it_is_enabled() {
        let mut health = Health::default();
        assert!(health.note(AttemptOutcome::Gone, at(5)));
        health.enable();
        assert_eq!((health.status(false), health.failing_since), (EndpointStatus::Active, None));
        assert_eq!(health.status(true), EndpointStatus::Paused);
    }

    #[test]
    fn a_fault_of_the_deployment_disables_no_endpoint() {
        let mut health = Health::default();
        assert!(!health.note(AttemptOutcome::NoSecret, at(0)));
        assert!(!health.note(AttemptOutcome::NoSecret, at(DISABLED_AFTER_MS)));
        assert_eq!(health, Health::default());
    }
}
