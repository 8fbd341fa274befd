//! An attempt to deliver an event, and the step that follows from its outcome.
//!
//! There are ten attempts, as Standard Webhooks recommends: at once, and then [`WAITS_MS`] after the attempt before,
//! 75 hours and 35 minutes in all. Each wait varies by a tenth, so that events that failed together don't come together.

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::base::timestamp::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// The wait after each attempt but the last, milliseconds.
pub const WAITS_MS: [i64; 9] = [
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];
/// The longest wait that a receiver can ask for, milliseconds.
pub const MAX_RETRY_AFTER_MS: i64 = DAY_MS;
/// The time after which an attempt has failed, milliseconds.
pub const TIMEOUT_MS: u32 = 15_000;
/// The maximum length of an answer's body that is read, bytes. It is thrown away.
pub const MAX_ANSWER_BYTES: u32 = 64 * 1024;
/// The attempts of one endpoint that run at once.
pub const AT_ONCE: usize = 4;

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The receiver answered 2xx.
    Delivered,
    /// It answered another status.
    Refused,
    /// It answered 3xx, which is not followed.
    Redirected,
    /// It answered 410.
    Gone,
    /// It didn't answer in time.
    Timeout,
    /// The connection failed.
    Unreachable,
    /// The address of the endpoint is not one that events are sent to. Nothing was sent.
    ForbiddenAddress,
    /// No secret of the endpoint can be opened: `KEYSTILE_SECRET` lacks the one that sealed it. Nothing was sent.
    NoSecret,
}

impl AttemptOutcome {
    /// All outcomes.
    pub const ALL: [Self; 8] = [
        Self::Delivered,
        Self::Refused,
        Self::Redirected,
        Self::Gone,
        Self::Timeout,
        Self::Unreachable,
        Self::ForbiddenAddress,
        Self::NoSecret,
    ];

    /// The name in JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Redirected => "redirected",
            Self::Gone => "gone",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::ForbiddenAddress => "forbidden_address",
            Self::NoSecret => "no_secret",
        }
    }

    /// The outcome of an attempt that was answered with this status.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Delivered,
            300..=399 => Self::Redirected,
            410 => Self::Gone,
            _ => Self::Refused,
        }
    }

    /// Whether the receiver has the event.
    #[must_use]
    pub const fn is_delivered(self) -> bool {
        matches!(self, Self::Delivered)
    }
}

/// The step after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The event is delivered.
    Done,
    /// It is tried again at this time.
    Retry(Timestamp),
    /// It becomes a dead letter.
    GiveUp,
}

/// The step after an attempt with this outcome, which ended at `ended_at`. `attempts` counts it. `asked_ms` is the wait
/// that the receiver asked for (see [`asked_wait_ms`]); it only lengthens the wait. `random` varies the wait.
#[must_use]
pub fn next(outcome: AttemptOutcome, attempts: u32, ended_at: Timestamp, asked_ms: Option<i64>, random: u32) -> Next {
    if outcome.is_delivered() {
        return Next::Done;
    }
    let wait = usize::try_from(attempts).ok().and_then(|made| WAITS_MS.get(made.checked_sub(1)?));
    match wait {
        Some(&wait) => Next::Retry(ended_at.plus_millis(varied_ms(wait, random).max(asked_ms.unwrap_or_default()))),
        None => Next::GiveUp,
    }
}

/// A wait that is up to a tenth shorter or longer.
fn varied_ms(wait_ms: i64, random: u32) -> i64 {
    let tenth = wait_ms / 10;
    wait_ms - tenth + (2 * tenth).saturating_mul(i64::from(random)) / i64::from(u32::MAX)
}

/// The wait that an answer asks for by `Retry-After`, milliseconds: only 429 and 503 can, and for a day at most. The
/// header's value is a number of seconds or a date (RFC 9110, section 10.2.3).
#[must_use]
pub fn asked_wait_ms(status: u16, retry_after: &str, now: Timestamp) -> Option<i64> {
    if !matches!(status, 429 | 503) {
        return None;
    }
    let text = retry_after.trim();
    let wait_ms = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse::<i64>().map_or(MAX_RETRY_AFTER_MS, |seconds| seconds.saturating_mul(SECOND_MS))
    } else {
        let at = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp().checked_mul(SECOND_MS)?;
        Timestamp::from_millis(at).millis_since(now)
    };
    Some(wait_ms.clamp(0, MAX_RETRY_AFTER_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const MIDDLE: u32 = u32::MAX / 2;

    #[test]
    fn ten_attempts_take_three_days() {
        assert_eq!(WAITS_MS.iter().sum::<i64>(), 75 * HOUR_MS + 35 * MINUTE_MS + 5 * SECOND_MS);
        assert_eq!(next(AttemptOutcome::Refused, 10, NOW, None, MIDDLE), Next::GiveUp);
        assert_eq!(next(AttemptOutcome::Delivered, 10, NOW, None, MIDDLE), Next::Done);
    }

    #[test]
    fn statuses_are_judged() {
        for (status, outcome) in [
            (200, AttemptOutcome::Delivered),
            (204, AttemptOutcome::Delivered),
            (301, AttemptOutcome::Redirected),
            (304, AttemptOutcome::Redirected),
            (404, AttemptOutcome::Refused),
            (410, AttemptOutcome::Gone),
            (500, AttemptOutcome::Refused),
        ] {
            assert_eq!(AttemptOutcome::of_status(status), outcome, "{status}");
        }
    }

    #[test]
    fn a_receiver_asks_for_a_wait_of_a_day_at_most() {
        for (status, text, expected) in [
            (503, "120", Some(120_000)),
            (429, " 7 ", Some(7_000)),
            (429, "0", Some(0)),
            (429, "86401", Some(DAY_MS)),
            (429, "99999999999999999999999", Some(DAY_MS)),
            (503, "Sun, 15 Jun 2025 15:07:40 GMT", Some(MINUTE_MS)),
            (503, "Sun, 15 Jun 2025 15:00:00 GMT", Some(0)),
            (503, "Sun, 15 Jun 2036 15:00:00 GMT", Some(DAY_MS)),
            (503, "", None),
            (503, "soon", None),
            (503, "-5", None),
            (500, "120", None),
            (200, "120", None),
        ] {
            assert_eq!(asked_wait_ms(status, text, NOW), expected, "{status} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_is_within_a_tenth_of_the_schedule_and_never_shorter_than_asked(
            attempts in 1_u32..=9, random: u32, asked in proptest::option::of(0..=MAX_RETRY_AFTER_MS),
        ) {
            let Next::Retry(at) = next(AttemptOutcome::Timeout, attempts, NOW, asked, random) else {
                return Err(TestCaseError::fail("no retry"));
            };
            let (wait, planned) = (at.millis_since(NOW), WAITS_MS[attempts as usize - 1]);
            prop_assert!(wait >= planned - planned / 10 && wait >= asked.unwrap_or_default());
            prop_assert!(wait <= (planned + planned / 10).max(asked.unwrap_or_default()));
        }
    }
}
