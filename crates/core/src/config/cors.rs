//! The settings in `[edge.cors]`.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

/// The cross-origin access from browsers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// The origins that browsers may call from.
    pub origins: Vec<AllowedOrigin>,
    /// The headers that browsers may send beside the credential.
    pub headers: Vec<String>,
    /// The headers of answers that pages may read, joined by `, `.
    pub exposed: String,
    /// The time for which browsers may remember a preflight, seconds.
    pub max_age_seconds: u32,
}

/// The origins that an entry of the list allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AllowedOrigin {
    /// Any origin: `*`.
    Any,
    /// This origin, as browsers write it.
    This(String),
    /// The origins with one label in place of the `*`: what stands before it, and what stands after it.
    Subdomains(String, String),
}

impl AllowedOrigin {
    fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::This(allowed) => allowed == origin,
            Self::Subdomains(scheme, domain) => {
                origin.strip_prefix(scheme.as_str()).and_then(|host| host.strip_suffix(domain.as_str())).is_some_and(
                    |label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
                )
            }
        }
    }
}

impl Cors {
    /// The value of `Access-Control-Allow-Origin` for a request of this origin; `None` if its pages may read nothing.
    #[must_use]
    pub fn allowed<'a>(&self, origin: Option<&'a str>) -> Option<&'a str> {
        if self.is_open() {
            return Some("*");
        }
        origin.filter(|origin| self.origins.iter().any(|allowed| allowed.allows(origin)))
    }

    /// Whether every origin gets the same answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.origins.contains(&AllowedOrigin::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_origin_is_allowed_as_it_is_listed() {
        let subdomains = AllowedOrigin::Subdomains("https://".into(), ".example.com".into());
        let cors = |origins| Cors { origins, headers: vec![], exposed: String::new(), max_age_seconds: 0 };
        let some = cors(vec![AllowedOrigin::This("https://app.example.org".into()), subdomains]);
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
        let open = cors(vec![AllowedOrigin::This("https://a.example".into()), AllowedOrigin::Any]);
        assert_eq!((open.allowed(Some("null")), open.allowed(None)), (Some("*"), Some("*")));
    }
}
