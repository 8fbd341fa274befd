//! `Prefer: wait=10` (RFC 7240): the caller prefers to wait until a change is in effect at every edge, rather than to
//! be told when it will be.

use keystile_core::Timestamp;
use keystile_runtime::clock;
use worker::{Headers, Result};

/// The longest that a caller is kept waiting, whatever they prefer.
const LONGEST_MS: i64 = 30_000;

/// The time that the caller prefers to wait, if the header states one.
pub(crate) fn wait_ms(prefer: Option<&str>) -> Option<i64> {
    let preferences = prefer?.split([',', ';']).map(str::trim);
    // The name's case doesn't count, nor do spaces around `=` (RFC 7240, 2).
    let mut stated = preferences.filter_map(|preference| preference.split_once('='));
    let (_, seconds) = stated.find(|(name, _)| name.trim_end().eq_ignore_ascii_case("wait"))?;
    let seconds: i64 = seconds.trim().trim_matches('"').parse().ok().filter(|seconds| *seconds >= 0)?;
    Some(seconds.saturating_mul(1_000).min(LONGEST_MS))
}

/// Waits until `effective_by`, if that is no later than the caller is willing to wait, and says so in
/// `Preference-Applied`.
pub(crate) async fn wait_until(effective_by: Timestamp, wait_ms: i64, headers: &mut Headers) -> Result<()> {
    let left = effective_by.millis_since(clock::now());
    if left > wait_ms {
        return Ok(());
    }
    if left > 0 {
        clock::sleep(left.unsigned_abs()).await;
    }
    headers.set("Preference-Applied", "wait")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preference_is_read_as_rfc_7240_writes_it() {
        for (prefer, expected) in [
            ("wait=5", Some(5_000)),
            ("Wait=5", Some(5_000)),
            ("handling=strict, WAIT = \"5\"", Some(5_000)),
            ("waiting=5", None),
            ("respond-async, wait=5", Some(5_000)),
            ("respond-async; wait=\"5\"", Some(5_000)),
            ("wait=99999999999", Some(LONGEST_MS)),
            ("wait=-1", None),
            ("wait", None),
            ("return=minimal", None),
        ] {
            assert_eq!(wait_ms(Some(prefer)), expected, "{prefer}");
        }
        assert_eq!(wait_ms(None), None);
    }
}
