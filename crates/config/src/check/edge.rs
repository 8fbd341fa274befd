//! Checks of the name, `[edge]`, `[relays]`, `[usage]` and `[audit]`.

use keystile_core::{base::path::Path, feed::client::Settings};

use super::Check;
use crate::raw::{RawEdge, RawRelays, RawUsage};

/// The smallest `max_staleness_ms` with relays, milliseconds. Two of them stand in a row, each with a view of its own.
const MIN_STALENESS_WITH_RELAYS_MS: u32 = 1_000;

impl Check {
    /// Checks the realm of challenges.
    pub(crate) fn name(&mut self, name: &str) {
        let printable = name.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\');
        self.that((1..=64).contains(&name.len()) && printable, &["name"], || {
            "a name is 1 to 64 printable ASCII characters without quotes and backslashes".into()
        });
    }

    pub(crate) fn retention(&mut self, days: Option<u16>) {
        self.that(days.is_none_or(|days| (30..=3_650).contains(&days)), &["audit", "retention_days"], || {
            "write 30 to 3650 days, or leave it out to keep the log for good".into()
        });
    }

    /// Checks a path that others begin with.
    pub(crate) fn prefix(&mut self, text: &str, at: &[&str], such_as: &str) -> Path {
        let parsed = Path::parse(text)
            .ok()
            .filter(|path| !path.segments().is_empty() && path.as_str() == text && !text.ends_with('/'));
        self.that(parsed.is_some(), at, || format!("write a path such as \"{such_as}\", without a slash at its end"));
        // In place of a wrong path, one that routes seldom overlap: that would be a mistake of its own.
        parsed.or_else(|| Path::parse(such_as).ok()).unwrap_or_else(Path::root)
    }

    pub(crate) fn hooks_base(&mut self, text: &str, base: &Path) -> Path {
        let hooks = self.prefix(text, &["edge", "hooks_base"], "/hooks");
        let apart = hooks.below(base).is_none() && base.below(&hooks).is_none();
        self.that(apart || !self.mistakes.is_empty(), &["edge", "hooks_base"], || {
            format!("this overlaps {}, where Keystile's own endpoints are; write another path", base.as_str())
        });
        hooks
    }

    /// The number of relays in each location; 0 without relays.
    pub(crate) fn relays(&mut self, relays: Option<&RawRelays>, edge: &RawEdge) -> u8 {
        let Some(RawRelays { per_location }) = relays else { return 0 };
        self.that((1..=100).contains(per_location), &["relays", "per_location"], || {
            "write 1 to 100, one for each 500 busy isolates in a location; without the table [relays] isolates ask the \
             feed itself"
                .into()
        });
        self.that(edge.max_staleness_ms >= MIN_STALENESS_WITH_RELAYS_MS, &["relays"], || {
            format!(
                "what relays say is too old for max_staleness_ms = {}; write {MIN_STALENESS_WITH_RELAYS_MS} or more in \
                 [edge], or leave [relays] out",
                edge.max_staleness_ms
            )
        });
        u8::try_from(*per_location).unwrap_or(u8::MAX)
    }

    pub(crate) fn feed(&mut self, edge: &RawEdge, relays: bool) -> Settings {
        self.that((250..=60_000).contains(&edge.max_staleness_ms), &["edge", "max_staleness_ms"], || {
            "write 250 to 60000 milliseconds; 2000 is the default".into()
        });
        self.that((1_048_576..=67_108_864).contains(&edge.cache_bytes), &["edge", "cache_bytes"], || {
            "write 1048576 (1 MiB) to 67108864 (64 MiB); an isolate has 128 MB for everything".into()
        });
        Settings {
            max_staleness_ms: edge.max_staleness_ms,
            when_unreachable: edge.when_feed_unreachable,
            cache_bytes: edge.cache_bytes,
            relays,
        }
    }

    /// Checks the time that counts wait. The platform lets a timer run for 30 seconds after its request, and sending
    /// takes some of them.
    pub(crate) fn flush_seconds(&mut self, usage: &RawUsage) -> u32 {
        self.that((1..=20).contains(&usage.flush_seconds), &["usage", "flush_seconds"], || {
            "write 1 to 20 seconds; 10 is the default".into()
        });
        usage.flush_seconds
    }

    /// Checks the URL of the guarded API that stands in examples.
    pub(crate) fn api_url(&mut self, url: Option<String>) -> Option<String> {
        if let Some(url) = &url {
            let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b'`'));
            let host = url.strip_prefix("https://").or(url.strip_prefix("http://"));
            self.that(plain && host.is_some_and(|host| !host.is_empty()), &["portal", "api_url"], || {
                "write a URL of the API that keys are for, such as \"https://api.example.com/v1/leads\"".into()
            });
        }
        url
    }
}
