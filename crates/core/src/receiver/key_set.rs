//! The keys that a sender publishes at an address (`jwks_url`): when they are fetched, and how long they serve.
//!
//! The bounds are these, whatever is sent to a source and whatever the address answers:
//!
//! - The address is asked once a minute at most.
//! - A delivery waits for the address only if there are no keys that may serve, or if it names a key that is unknown.
//! - Keys are refreshed when they are as old as the address allows, 5 minutes at least and 24 hours at most. They serve
//!   for 24 hours longer while it can't be reached.

use crate::base::timestamp::{HOUR_MS, MINUTE_MS, Timestamp};

/// The shortest time between two requests to an address, milliseconds.
pub const FETCH_INTERVAL_MS: i64 = MINUTE_MS;
/// The time by which an address must have answered, milliseconds.
pub const FETCH_TIMEOUT_MS: u32 = 10_000;
/// The time for which an isolate uses keys without asking their object, milliseconds.
pub const CACHED_MS: i64 = MINUTE_MS;

const SHORTEST_LIFE_MS: i64 = 5 * MINUTE_MS;
const USUAL_LIFE_MS: i64 = HOUR_MS;
const LONGEST_LIFE_MS: i64 = 24 * HOUR_MS;
/// The time for which keys serve that should have been refreshed, milliseconds.
const KEPT_MS: i64 = 24 * HOUR_MS;
/// The time for which a refresh may be under way without anybody waiting for it, milliseconds.
const GRACE_MS: i64 = 5 * MINUTE_MS;

/// The history of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The time of the keys and the time until which they are fresh; `None` if none were ever fetched.
    pub keys: Option<(Timestamp, Timestamp)>,
    /// The last time when the address was asked.
    pub asked_at: Option<Timestamp>,
}

/// The next step for somebody who wants the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The keys that are there serve, if there are any.
    Serve,
    /// They serve, and are refreshed in the background.
    ServeAndRefresh,
    /// The address is asked first.
    Fetch,
}

impl History {
    /// The next step. `anew` says that a delivery names a key that the present ones lack.
    #[must_use]
    pub fn step(&self, anew: bool, now: Timestamp) -> Step {
        if self.wait_ms(now) > 0 {
            return Step::Serve;
        }
        match self.keys {
            Some((_, fresh_until)) if !anew && self.serve(now) => {
                let late = now.millis_since(fresh_until);
                if late < 0 {
                    Step::Serve
                } else if late < GRACE_MS || self.failed() {
                    Step::ServeAndRefresh
                } else {
                    Step::Fetch
                }
            }
            _ => Step::Fetch,
        }
    }

    /// The time until the address may be asked again, milliseconds. A clock that was set back doesn't prolong it.
    #[must_use]
    pub fn wait_ms(&self, now: Timestamp) -> i64 {
        let since = self.asked_at.map_or(FETCH_INTERVAL_MS, |asked_at| now.millis_since(asked_at));
        if (0..FETCH_INTERVAL_MS).contains(&since) { FETCH_INTERVAL_MS - since } else { 0 }
    }

    /// Whether the keys may serve.
    #[must_use]
    pub fn serve(&self, now: Timestamp) -> bool {
        self.kept_until().is_some_and(|end| now < end)
    }

    /// The time until which the keys may serve.
    #[must_use]
    pub fn kept_until(&self) -> Option<Timestamp> {
        self.keys.map(|(_, fresh_until)| fresh_until.plus_millis(KEPT_MS))
    }

    /// Whether the address was asked in vain after the keys came.
    fn failed(&self) -> bool {
        self.keys.zip(self.asked_at).is_some_and(|((fetched_at, _), asked_at)| asked_at > fetched_at)
    }
}

/// The time for which GitHub's keys are fresh, milliseconds, whatever its answer says: it allows an address few requests,
/// and workers share theirs with strangers.
pub const GITHUB_LIFE_MS: i64 = LONGEST_LIFE_MS;

/// The time for which keys are fresh, milliseconds, by the `Cache-Control` (RFC 9111) of the answer that has them.
#[must_use]
pub fn life_ms(cache_control: &str) -> i64 {
    let mut life = None;
    for directive in cache_control.split(',') {
        let directive = directive.trim().to_ascii_lowercase();
        if directive == "no-store" || directive == "no-cache" {
            return SHORTEST_LIFE_MS;
        }
        let seconds =
            directive.strip_prefix("max-age=").and_then(|seconds| seconds.trim_matches('"').parse::<u32>().ok());
        life = life.or(seconds.map(|seconds| i64::from(seconds) * 1_000));
    }
    life.unwrap_or(USUAL_LIFE_MS).clamp(SHORTEST_LIFE_MS, LONGEST_LIFE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000_000 + minutes * MINUTE_MS)
    }

    /// Keys that came at minute 0 and are fresh until minute 60; the address was last asked at `asked`.
    const fn keys(asked: i64) -> History {
        History { keys: Some((at(0), at(60))), asked_at: Some(at(asked)) }
    }

    #[test]
    fn fresh_keys_serve_and_an_unknown_name_asks_once_a_minute() {
        assert_eq!(History::default().step(false, at(0)), Step::Fetch);
        assert_eq!(keys(0).step(false, at(59)), Step::Serve);
        assert_eq!(keys(0).step(true, at(1)), Step::Fetch);
        assert_eq!(keys(5).step(true, at(6).plus_millis(-1)), Step::Serve);
        assert_eq!(keys(5).wait_ms(at(6).plus_millis(-1)), 1);
        assert_eq!(keys(5).step(true, at(6)), Step::Fetch);
    }

    #[test]
    fn nobody_waits_for_a_refresh_while_keys_are_in_use() {
        assert_eq!(keys(0).step(false, at(60)), Step::ServeAndRefresh);
        assert_eq!(keys(60).step(false, at(60)), Step::Serve, "the refresh is under way");
        assert_eq!(keys(0).step(false, at(70)), Step::Fetch, "nobody used them: they may have been withdrawn");
    }

    #[test]
    fn keys_serve_for_a_day_longer_while_the_address_fails() {
        let end = 60 + 24 * 60;
        assert_eq!(keys(61).step(false, at(70)), Step::ServeAndRefresh);
        assert_eq!(keys(end - 2).step(false, at(end - 1)), Step::ServeAndRefresh);
        assert!(keys(end - 2).serve(at(end - 1)));
        assert_eq!(keys(end - 2).step(false, at(end)), Step::Fetch);
        assert!(!keys(end - 2).serve(at(end)));
    }

    #[test]
    fn an_address_that_never_answered_is_asked_once_a_minute() {
        let failed = History { keys: None, asked_at: Some(at(0)) };
        assert_eq!(failed.step(false, at(0)), Step::Serve);
        assert!(!failed.serve(at(0)), "there are none");
        assert_eq!(failed.step(true, at(1)), Step::Fetch);
        assert_eq!(failed.step(false, at(-5)), Step::Fetch, "a clock that was set back");
    }

    #[test]
    fn the_answer_says_how_long_keys_are_fresh_within_bounds() {
        let minutes = |header: &str| life_ms(header) / MINUTE_MS;
        assert_eq!(minutes("public, max-age=20760, must-revalidate, no-transform"), 346);
        assert_eq!(minutes("Max-Age=\"600\""), 10);
        assert_eq!(minutes("max-age=0"), 5);
        assert_eq!(minutes("max-age=600, no-store"), 5);
        assert_eq!(minutes("max-age=4000000000"), 24 * 60);
        for silent in ["", "public", "max-age=", "max-age=soon", "s-maxage=600"] {
            assert_eq!(minutes(silent), 60, "{silent}");
        }
    }
}
