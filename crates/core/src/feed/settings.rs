//! The settings of a feed client, and the times that follow from them.

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
    /// The age from which a view is refreshed in the background, milliseconds. A relay's answer has an age of its own, so
    /// that its views are refreshed later than the feed's.
    #[must_use]
    pub fn refresh_after_ms(&self) -> i64 {
        let max = i64::from(self.max_staleness_ms);
        if self.relays { max * 3 / 4 } else { max / 2 }
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
    use crate::feed::{client::tests::SETTINGS, outbox::EFFECTIVE_MARGIN_MS};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn timeout_and_pause_are_over_before_a_change_counts_as_effective() {
        for max_staleness_ms in [250, 251, 999, 1_200, 2_000, 60_000] {
            let settings = Settings { max_staleness_ms, ..SETTINGS };
            assert!(settings.timeout_ms() + settings.pause_ms() < i64::from(max_staleness_ms) + EFFECTIVE_MARGIN_MS);
            assert!(settings.timeout_ms() <= 1_000);
        }
    }
}
