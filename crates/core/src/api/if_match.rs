//! `If-Match` (RFC 9110, 13.1.1): a change is made only to a version that the caller names. The version of a key, an
//! operator or a tenant is its ETag.

use alloc::{format, string::ToString, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::{code::Code, problem::Problem};

/// The versions that the header names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IfMatch(Vec<u64>);

/// A kind of thing that has an ETag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Versioned {
    Key,
    Operator,
    Tenant,
    Endpoint,
}

impl Versioned {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Operator => "operator",
            Self::Tenant => "tenant",
            Self::Endpoint => "endpoint",
        }
    }
}

impl IfMatch {
    /// Reads the header; `None` for `*`, which any version matches. A tag that isn't one of our ETags matches none. A weak
    /// tag is read as a strong one: what compresses answers on their way weakens ETags, and a version is exact.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        if header.trim() == "*" {
            return None;
        }
        let version = |tag: &str| {
            let tag = tag.trim();
            let text = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
            text.parse().ok().filter(|version: &u64| version.to_string() == text)
        };
        Some(Self(header.split(',').filter_map(version).collect()))
    }

    /// Checks that the present version is among those named.
    ///
    /// # Errors
    /// The 412 with the present version.
    pub fn check(&self, thing: Versioned, version: u64) -> Result<(), Problem> {
        if self.0.contains(&version) {
            return Ok(());
        }
        let thing = thing.as_str();
        let detail =
            format!("The {thing} has changed meanwhile: its ETag is now \"{version}\". Read it again, then decide.");
        Err(Problem::new(Code::VersionMismatch, detail).with("version", json!(version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn it_names_versions_and_what_is_none_matches_nothing() {
        let matches = |header, version| {
            IfMatch::parse(header).is_none_or(|if_match| if_match.check(Versioned::Key, version).is_ok())
        };
        assert!(matches("\"3\"", 3) && !matches("\"3\"", 4));
        assert!(matches("\"3\", \"4\"", 4) && matches(" * ", 7));
        assert!(matches("W/\"3\"", 3));
        for none in ["", "3", "\"+3\"", "\"03\"", "w/\"3\"", "\"x\"", "\"-1\"", "\"a,*,b\""] {
            assert!(!matches(none, 3), "{none}");
        }
    }

    #[test]
    fn a_mismatch_says_what_has_changed_and_its_present_version() {
        let problem = IfMatch::parse("\"1\"").unwrap().check(Versioned::Tenant, 2).unwrap_err();
        assert_eq!((problem.code, &problem.extensions["version"]), (Code::VersionMismatch, &json!(2)));
        assert!(problem.detail.starts_with("The tenant has changed meanwhile: its ETag is now \"2\"."));
    }
}
