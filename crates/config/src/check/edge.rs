//! Checks of the name, `[edge]`, `[usage]` and `[audit]`.

use keystile_core::{base::path::Path, config::Cors, feed::client::Settings};

use super::Check;
use crate::raw::{RawEdge, RawUsage};

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

    pub(crate) fn base(&mut self, text: &str, name: &str, such_as: &str) -> Path {
        let parsed = Path::parse(text)
            .ok()
            .filter(|path| path.segments().next().is_some() && path.as_str() == text && !text.ends_with('/'));
        self.that(parsed.is_some(), &["edge", name], || {
            format!("write a path such as \"{such_as}\", without a slash at its end")
        });
        // In place of a wrong path, one that routes seldom overlap: that would be a mistake of its own.
        parsed.or_else(|| Path::parse(such_as).ok()).unwrap_or_else(Path::root)
    }

    pub(crate) fn hooks_base(&mut self, text: &str, base: &Path) -> Path {
        let hooks = self.base(text, "hooks_base", "/hooks");
        let apart = hooks.below(base).is_none() && base.below(&hooks).is_none();
        self.that(apart || !self.mistakes.is_empty(), &["edge", "hooks_base"], || {
            format!("this overlaps {}, where Keystile's own endpoints are; write another path", base.as_str())
        });
        hooks
    }

    pub(crate) fn feed(&mut self, edge: &RawEdge) -> Settings {
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

    pub(crate) fn cors(&mut self, cors: &Cors) {
        for (index, origin) in cors.origins.iter().enumerate() {
            self.that(is_origin(origin) || origin == "*", &["edge", "cors", "origins", &index.to_string()], || {
                "write an origin such as \"https://app.example.com\", without a path, or \"*\"".into()
            });
        }
        for (index, header) in cors.headers.iter().enumerate() {
            let token =
                !header.is_empty() && header.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            self.that(token, &["edge", "cors", "headers", &index.to_string()], || "write a header's name".into());
        }
    }

    /// Checks the origins that may embed the customers' page. Browsers compare them byte by byte, so each is written as a
    /// browser does.
    pub(crate) fn portal(&mut self, origins: Vec<String>) -> Vec<String> {
        for (index, origin) in origins.iter().enumerate() {
            let written = is_origin(origin) && !origin.bytes().any(|byte| byte.is_ascii_uppercase());
            let own = origin.starts_with("https://") || is_loopback(origin);
            self.that(
                written && own && !origin.contains([';', ',', '"', '\'']),
                &["portal", "origins", &index.to_string()],
                || {
                    "write an origin such as \"https://app.example.com\", in lower case, without a path; http only for \
                 http://localhost and http://127.0.0.1"
                        .into()
                },
            );
        }
        origins
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

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or(text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '*']))
}

fn is_loopback(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").map(|host| host.split(':').next().unwrap_or_default());
    matches!(host, Some("localhost" | "127.0.0.1"))
}
