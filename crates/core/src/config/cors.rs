//! The settings in `[edge.cors]`.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

/// The cross-origin access from browsers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// The origins that browsers may call from. A `*` stands for one label, or alone for any origin.
    pub origins: Vec<String>,
    /// The headers that browsers may send beside the credential.
    pub headers: Vec<String>,
    /// The headers of answers that pages may read, joined by `, `.
    pub exposed: String,
    /// The time for which browsers may remember a preflight, seconds.
    pub max_age_seconds: u32,
}

impl Cors {
    /// The value of `Access-Control-Allow-Origin` for a request of this origin; `None` if its pages may read nothing.
    #[must_use]
    pub fn allowed<'a>(&self, origin: Option<&'a str>) -> Option<&'a str> {
        if self.is_open() {
            return Some("*");
        }
        origin.filter(|origin| self.origins.iter().any(|allowed| allows(allowed, origin)))
    }

    /// Whether every origin gets the same answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.origins.iter().any(|allowed| allowed == "*")
    }
}

fn allows(allowed: &str, origin: &str) -> bool {
    let Some((scheme, domain)) = allowed.split_once('*') else { return allowed == origin };
    let label = origin.strip_prefix(scheme).and_then(|host| host.strip_suffix(domain)).unwrap_or_default();
    !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::ToString, vec};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_origin_is_allowed_as_it_is_listed() {
        let cors = |origins: &[&str]| Cors {
            origins: origins.iter().map(ToString::to_string).collect(),
            headers: vec![],
            exposed: String::new(),
            max_age_seconds: 0,
        };
        let some = cors(&["https://app.example.org", "https://*.example.com"]);
        for origin in ["https://app.example.org", "https://a.example.com", "https://pr-7.example.com"] {
            assert_eq!(some.allowed(Some(origin)), Some(origin));
        }
        for origin in [
            "http://app.example.org",
            "https://app.example.org:8443",
            "https://example.com",
            "https://.example.com",
            "https://a.b.example.com",
            "https://a.example.com.evil.example",
            "https://evil.example/.example.com",
            "https://evil.example:1.example.com",
            "https://a.example.com:8443",
            "http://a.example.com",
            "null",
        ] {
            assert_eq!(some.allowed(Some(origin)), None, "{origin}");
        }
        assert_eq!((some.allowed(None), some.is_open()), (None, false));
        let open = cors(&["https://a.example", "*"]);
        assert_eq!((open.allowed(Some("null")), open.allowed(None)), (Some("*"), Some("*")));
    }
}
