//! An endpoint's health: its last success, its failures since, and when it is disabled by itself.

use serde::{Deserialize, Serialize};

use super::attempt::AttemptOutcome;
use crate::base::timestamp::{DAY_MS, Timestamp};

/// The time of failures alone after which an endpoint is disabled, milliseconds.
pub const DISABLED_AFTER_MS: i64 = 5 * DAY_MS;

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
    /// The time of the first failure since then.
    pub failing_since: Option<Timestamp>,
    /// The time at which the endpoint was disabled.
    pub disabled_at: Option<Timestamp>,
}

impl Health {
    /// Notes an attempt that ended at `at`. Returns whether the endpoint is disabled by it.
    pub fn note(&mut self, outcome: AttemptOutcome, at: Timestamp) -> bool {
        match outcome {
            AttemptOutcome::Delivered => {
                self.last_success_at = Some(at);
                self.failing_since = None;
                return false;
            }
            // The deployment's own fault.
            AttemptOutcome::NoSecret => return false,
            _ => {}
        }
        let since = *self.failing_since.get_or_insert(at);
        let over = outcome == AttemptOutcome::Gone || at.millis_since(since) >= DISABLED_AFTER_MS;
        let disabled = over && self.disabled_at.is_none();
        if disabled {
            self.disabled_at = Some(at);
        }
        disabled
    }

    /// Ends a disabling. The time of failures begins anew.
    pub const fn enable(&mut self) {
        if self.disabled_at.is_some() {
            self.disabled_at = None;
            self.failing_since = None;
        }
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
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn failures_alone_for_five_days_disable() {
        let mut health = Health::default();
        assert!(!health.note(AttemptOutcome::Timeout, at(7)));
        assert!(!health.note(AttemptOutcome::Refused, at(7 + DISABLED_AFTER_MS - 1)));
        assert!(health.note(AttemptOutcome::Unreachable, at(7 + DISABLED_AFTER_MS)));
        assert_eq!(health.status(true), EndpointStatus::Disabled);
        assert!(!health.note(AttemptOutcome::Refused, at(8 + DISABLED_AFTER_MS)), "it is disabled once");
    }

    #[test]
    fn a_success_in_between_begins_the_time_anew() {
        let mut health = Health::default();
        health.note(AttemptOutcome::Timeout, at(0));
        health.note(AttemptOutcome::Delivered, at(1));
        assert_eq!((health.last_success_at, health.failing_since), (Some(at(1)), None));
        assert!(!health.note(AttemptOutcome::Timeout, at(DISABLED_AFTER_MS)));
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
