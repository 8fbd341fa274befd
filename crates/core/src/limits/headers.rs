//! The response headers that tell a client of its limits: `RateLimit-Policy` and `RateLimit`, by
//! draft-ietf-httpapi-ratelimit-headers (lists of RFC 9651). An upstream's own items stay before these.

use alloc::{format, string::String, vec::Vec};
use core::fmt::Write as _;

use crate::base::timestamp::whole_seconds;

/// The largest integer of a structured field: 15 digits (RFC 9651, section 3.3.1).
const MAX_INTEGER: u64 = 999_999_999_999_999;

/// A limit as a client is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'a> {
    /// The limit's name, of `a-z`, `0-9` and `-`.
    pub name: &'a str,
    /// The units of the limit.
    pub limit: u64,
    /// The window's length, milliseconds. A quota by the calendar has none, since months differ.
    pub window_ms: Option<i64>,
    /// The units that are left, as far as the isolate knows. There may be more.
    pub remaining: u64,
    /// The time until there are more, milliseconds.
    pub more_in_ms: i64,
}

/// The value of `RateLimit-Policy`: the limits, whatever is left of them.
#[must_use]
pub fn policy(limits: &[Told<'_>]) -> String {
    list(limits, |item, told| {
        let _ = write!(item, ";q={}", told.limit.min(MAX_INTEGER));
        if let Some(window_ms) = told.window_ms {
            let _ = write!(item, ";w={}", whole_seconds(window_ms));
        }
    })
}

/// The value of `RateLimit`: what is left of the limits, and the seconds until there is more.
#[must_use]
pub fn remaining(limits: &[Told<'_>]) -> String {
    list(limits, |item, told| {
        // All is there.
        let seconds = if told.more_in_ms == 0 { 0 } else { whole_seconds(told.more_in_ms) };
        let _ = write!(item, ";r={};t={seconds}", told.remaining.min(MAX_INTEGER));
    })
}

fn list(limits: &[Told<'_>], parameters: impl Fn(&mut String, &Told<'_>)) -> String {
    let items = limits.iter().map(|told| {
        let mut item = format!("\"{}\"", told.name);
        parameters(&mut item, told);
        item
    });
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::timestamp::DAY_MS;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const PER_SECOND: Told<'_> =
        Told { name: "per-second", limit: 20, window_ms: Some(1_000), remaining: 3, more_in_ms: 40 };
    const MONTHLY: Told<'_> =
        Told { name: "monthly", limit: 100_000, window_ms: None, remaining: 0, more_in_ms: 4 * DAY_MS + 1 };

    #[test]
    fn the_fields_are_lists_in_the_form_of_the_draft() {
        assert_eq!(policy(&[PER_SECOND, MONTHLY]), r#""per-second";q=20;w=1, "monthly";q=100000"#);
        assert_eq!(remaining(&[PER_SECOND, MONTHLY]), r#""per-second";r=3;t=1, "monthly";r=0;t=345601"#);
        assert_eq!(policy(&[]), "");
    }

    #[test]
    fn an_integer_has_fifteen_digits_at_most() {
        let told = Told { limit: u64::MAX, remaining: u64::MAX, ..PER_SECOND };
        assert_eq!(policy(&[told]), r#""per-second";q=999999999999999;w=1"#);
        assert_eq!(remaining(&[told]), r#""per-second";r=999999999999999;t=1"#);
    }
}
