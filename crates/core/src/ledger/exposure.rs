//! Exposures: keys that were found where they don't belong, such as in a public repository.
//!
//! A report says that a key's text was found at a place. The policy for its reporter decides what happens to the key.
//! A repeat, which is a report of the same key at the same URL by the same kind of reporter, does nothing. Kinds of
//! reporters don't stand for each other: else somebody who found a key could report it anonymously first, and the report
//! of those who are trusted would do nothing.

use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{base::timestamp::Timestamp, key::KeyDigest};

/// The maximum length of a URL that is kept, characters.
pub const MAX_URL_CHARS: usize = 2_000;
/// The maximum length of a source's name, characters.
pub const MAX_SOURCE_CHARS: usize = 40;
/// The source of a report that names none.
pub const UNKNOWN_SOURCE: &str = "unknown";

/// The kind of a reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reporter {
    /// GitHub's secret scanning, by its signature.
    Github,
    /// An operator, by their key.
    Operator,
    /// Anybody.
    Anonymous,
}

impl Reporter {
    /// The name in rows and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Operator => "operator",
            Self::Anonymous => "anonymous",
        }
    }

    /// The number of places of one key that reports of this kind add. Anybody who has a key can make up URLs, and each
    /// place is a row, an entry of the audit log and an event.
    #[must_use]
    pub const fn most_places(self) -> u64 {
        match self {
            Self::Github | Self::Operator => 1_000,
            Self::Anonymous => 20,
        }
    }
}

/// What a report does to the key, beside being recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// It is revoked.
    Revoke,
    /// It is disabled, until somebody enables it.
    Disable,
    /// Nothing: those who own it are told.
    Notify,
}

/// The policy for each kind of reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policies {
    /// For GitHub's secret scanning.
    pub github: Policy,
    /// For operators.
    pub operator: Policy,
    /// For anybody.
    pub anonymous: Policy,
}

/// What GitHub finds is public, and the signature proves who says so. An operator could revoke the key anyway. What
/// anybody says is unproven, and whoever holds a key can already revoke it by the edge API.
impl Default for Policies {
    fn default() -> Self {
        Self { github: Policy::Revoke, operator: Policy::Revoke, anonymous: Policy::Notify }
    }
}

impl Policies {
    /// The policy for reports of this kind.
    #[must_use]
    pub const fn of(&self, reporter: Reporter) -> Policy {
        match reporter {
            Reporter::Github => self.github,
            Reporter::Operator => self.operator,
            Reporter::Anonymous => self.anonymous,
        }
    }
}

/// The place where a key was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The SHA-256 of the URL as it was reported, by which repeats are known.
    pub id: KeyDigest,
    /// The kind of place, such as `commit`, in lower case.
    pub source: String,
    /// The URL as it is shown; empty if the report had none, or one that can't be shown.
    pub url: String,
}

impl Place {
    /// The place of a report. `is_secret` says whether a text holds a key, which no list may show.
    #[must_use]
    pub fn new(source: &str, url: &str, is_secret: impl Fn(&str) -> bool) -> Self {
        let trimmed = url.trim();
        let plain = trimmed.chars().all(|char| char.is_ascii_graphic());
        let shown = plain && trimmed.len() <= MAX_URL_CHARS && !is_secret(trimmed);
        let source = source.trim().to_ascii_lowercase();
        let named = (1..=MAX_SOURCE_CHARS).contains(&source.len())
            && source.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
            && !is_secret(&source);
        Self {
            id: KeyDigest::of(url),
            source: if named { source } else { UNKNOWN_SOURCE.to_string() },
            url: if shown { trimmed.to_string() } else { String::new() },
        }
    }

    /// The facts of the audit entry and of the event.
    #[must_use]
    pub fn facts(&self, reporter: Reporter) -> Map<String, Value> {
        let to = |text: &str| json!({ "from": null, "to": text });
        let mut facts =
            Map::from_iter([("reporter".to_string(), to(reporter.as_str())), ("source".to_string(), to(&self.source))]);
        if !self.url.is_empty() {
            facts.insert("url".into(), to(&self.url));
        }
        facts
    }
}

/// The latest exposure of a key, as its row keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The time of the report.
    pub at: Timestamp,
    /// The kind of place.
    pub source: String,
    /// The URL; empty if there is none to show.
    pub url: String,
}

/// What became of a key that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExposureStatus {
    /// It had been revoked before, so nothing was recorded.
    AlreadyRevoked,
    /// It is disabled now.
    Disabled,
    /// No key of this deployment that the caller may know of.
    NotFound,
    /// It was recorded, and the key stays as it is.
    Recorded,
    /// The same was reported before, so nothing was done.
    Repeat,
    /// It is revoked now.
    Revoked,
}

impl ExposureStatus {
    /// Whether the text is a key of this deployment.
    #[must_use]
    pub const fn is_found(self) -> bool {
        !matches!(self, Self::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn github_and_operators_revoke_and_anybody_is_only_heard_unless_configured() {
        let policies = Policies::default();
        assert_eq!(policies.of(Reporter::Github), Policy::Revoke);
        assert_eq!(policies.of(Reporter::Operator), Policy::Revoke);
        assert_eq!(policies.of(Reporter::Anonymous), Policy::Notify);
    }

    #[test]
    fn a_place_is_shown_unless_it_holds_a_key_or_hides_something() {
        let place = |source: &str, url: &str| Place::new(source, url, |text| text.contains("knq_live_"));
        let shown = place("Pull_Request_Title", " https://github.com/o/r/pull/1 ");
        assert_eq!(
            (shown.source.as_str(), shown.url.as_str()),
            ("pull_request_title", "https://github.com/o/r/pull/1")
        );
        assert_ne!(shown.id, place("", "https://github.com/o/r/pull/1").id, "a URL counts as it was sent");
        let long = "x".repeat(MAX_URL_CHARS + 1);
        for hidden in ["", "https://a.example/?k=knq_live_x", "https://a\u{202e}.example", "a b", long.as_str()] {
            assert_eq!(place("commit", hidden).url, "", "{hidden}");
        }
        for odd in ["", "a b", "knq_live_x", "<b>", "x".repeat(41).as_str()] {
            assert_eq!(place(odd, "").source, UNKNOWN_SOURCE, "{odd}");
        }
    }
}
