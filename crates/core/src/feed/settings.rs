//! The settings of a feed client, and the times that follow from them.

use crate::base::timestamp::Timestamp;

/// The behaviour of an edge when the feed can't be reached and the view is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFeedUnreachable {
    /// Serve by KV, whose lag has no bound, and mark the answer.
    Kv,
    /// Answer 503.
    Deny,
}

/// The settings of a feed client. All its times and bounds follow from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// The greatest age of a view, milliseconds.
    pub max_staleness_ms: u32,
    /// The behaviour without a fresh view.
    pub when_unreachable: WhenFeedUnreachable,
    /// The memory for records, misses and overlay together, bytes.
    pub cache_bytes: usize,
    /// Whether a relay is asked in place of the feed, except for `current`.
    pub relays: bool,
}

impl Settings {
    /// The age from which a view is refreshed in the background, milliseconds, given when its poll was sent. A relay's
    /// answer has an age of its own, so its views are refreshed later than the feed's. Many isolates have their view from
    /// the same state of a relay: so that they don't come back together, each waits for another time.
    #[must_use]
    pub fn refresh_after_ms(&self, sent_at: Timestamp) -> i64 {
        let half = i64::from(self.max_staleness_ms) / 2;
        let spread = if self.relays { half / 2 } else { 0 };
        half + sent_at.as_millis().wrapping_mul(7_919).rem_euclid(spread + 1)
    }

    /// The timeout of a feed call, milliseconds: 1 s, and less if `max_staleness_ms` is small. So timeout and pause
    /// together are over before a change counts as effective.
    #[must_use]
    pub fn timeout_ms(&self) -> i64 {
        (i64::from(self.max_staleness_ms) / 2 + 400).min(1_000)
    }

    /// The pause after a failed call, milliseconds. No request of the isolate calls the feed during it.
    #[must_use]
    pub fn pause_ms(&self) -> i64 {
        (i64::from(self.max_staleness_ms) / 2).min(1_000)
    }

    pub(super) fn overlay_bytes(&self) -> usize {
        self.cache_bytes / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    use crate::feed::{client::tests::SETTINGS, outbox::EFFECTIVE_MARGIN_MS};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn isolates_that_share_a_relay_s_view_spread_their_polls() {
        let after = |relays, millis| Settings { relays, ..SETTINGS }.refresh_after_ms(Timestamp::from_millis(millis));
        let now = 1_800_000_000_000;
        assert!((0..100).all(|millis| after(false, now + millis) == 1_000));
        let mut spread: Vec<_> = (0..100).map(|millis| after(true, now + millis)).collect();
        spread.sort_unstable();
        assert!(spread[0] < 1_020 && spread[99] > 1_480 && spread[99] <= 1_500, "{spread:?}");
        assert!(spread.windows(2).all(|pair| pair[1] - pair[0] < 20), "{spread:?}");
    }

    #[test]
    fn timeout_and_pause_are_over_before_a_change_counts_as_effective() {
        for max_staleness_ms in [250, 251, 999, 1_200, 2_000, 60_000] {
            let settings = Settings { max_staleness_ms, ..SETTINGS };
            assert!(settings.timeout_ms() + settings.pause_ms() < i64::from(max_staleness_ms) + EFFECTIVE_MARGIN_MS);
            assert!(settings.timeout_ms() <= 1_000);
        }
    }
}
