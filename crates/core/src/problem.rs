//! Refusals and faults as RFC 9457 `application/problem+json`, with the
//! challenges of RFC 6750.
//!
//! A problem is what the caller may read. What went wrong inside is logged
//! under the same `request_id` and never leaves.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value, json};

use crate::{scope::ScopeSet, verdict::Refusal};

/// The media type of every error body.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// One error answer: status, code, and what else the caller may know.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code, `UPPER_SNAKE`.
    pub code: &'static str,
    /// A sentence that says what is wrong and what to do.
    pub detail: Cow<'static, str>,
    /// Further members of the body.
    pub extensions: Map<String, Value>,
    /// Headers that belong to it, `WWW-Authenticate` and `Allow` among them.
    pub headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem without extensions or headers.
    #[must_use]
    pub fn new(status: u16, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), extensions: Map::new(), headers: Vec::new() }
    }

    /// A refusal, with its challenge for `realm`.
    #[must_use]
    pub fn refusal(refusal: &Refusal, realm: &str) -> Self {
        let mut problem = Self::new(refusal.status(), refusal.code(), refusal.detail());
        if let Refusal::InsufficientScope { needed } = refusal {
            problem = problem.with("required_scopes", json!(needed));
        }
        if refusal.status() == 401 || refusal.bearer_error().is_some() {
            problem.headers.push(("WWW-Authenticate", challenge(refusal, realm)));
        }
        problem
    }

    /// Something that this answer depends on is out of reach.
    #[must_use]
    pub fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new(503, "DEPENDENCY_UNAVAILABLE", detail);
        problem.headers.push(("Retry-After", "1".to_string()));
        problem
    }

    /// A fault of ours. The cause is in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(500, "INTERNAL", "Something went wrong here; the request id finds it in the log.")
    }

    /// With one more member.
    #[must_use]
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.extensions.insert(member.into(), value);
        self
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The body.
    #[must_use]
    pub fn body(&self, request_id: &str) -> String {
        let mut body = Map::new();
        body.insert("type".into(), "about:blank".into());
        body.insert("title".into(), title(self.status).into());
        body.insert("status".into(), self.status.into());
        body.insert("code".into(), self.code.into());
        body.insert("detail".into(), self.detail.clone().into());
        body.insert("request_id".into(), request_id.into());
        body.extend(self.extensions.clone());
        Value::Object(body).to_string()
    }
}

/// `Bearer realm="…"`, with error, description and scopes where they apply.
fn challenge(refusal: &Refusal, realm: &str) -> String {
    let mut challenge = format!("Bearer realm=\"{realm}\"");
    if let Some(error) = refusal.bearer_error() {
        challenge.push_str(&format!(", error=\"{error}\", error_description=\"{}\"", header_safe(&refusal.detail())));
    }
    if let Refusal::InsufficientScope { needed } = refusal {
        let needed: ScopeSet = needed.iter().cloned().collect();
        challenge.push_str(&format!(", scope=\"{}\"", needed.joined()));
    }
    challenge
}

/// RFC 6750 allows %x20-21 / %x23-5B / %x5D-7E in a description.
fn header_safe(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '`') { c } else { '\'' }).collect()
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::ParseKeyError, scope::Scope};
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn challenge_of(refusal: &Refusal) -> Option<String> {
        Problem::refusal(refusal, "Konvoq").headers.pop().map(|(_, value)| value)
    }

    #[test]
    fn the_challenge_without_a_credential_has_no_error() {
        assert_eq!(challenge_of(&Refusal::MissingCredential).unwrap(), r#"Bearer realm="Konvoq""#);
    }

    #[test]
    fn a_bad_token_and_a_missing_scope_are_said_as_rfc_6750_says_them() {
        assert_eq!(
            challenge_of(&Refusal::Revoked).unwrap(),
            r#"Bearer realm="Konvoq", error="invalid_token", error_description="This key was revoked.""#
        );
        let needed = vec![Scope::parse("write:leads").unwrap()];
        assert!(challenge_of(&Refusal::InsufficientScope { needed }).unwrap().ends_with(r#", scope="write:leads""#));
        let malformed = challenge_of(&Refusal::Malformed(ParseKeyError::UnknownEnvironment)).unwrap();
        assert!(!malformed.contains('`'), "{malformed}");
        assert_eq!(challenge_of(&Refusal::IpNotAllowed), None);
    }

    #[test]
    fn the_body_has_code_and_request_id() {
        let body: Value = serde_json::from_str(&Problem::refusal(&Refusal::Expired, "x").body("req_1")).unwrap();
        assert_eq!(body["code"], "EXPIRED");
        assert_eq!(body["request_id"], "req_1");
        assert_eq!(body["status"], 401);
        assert_eq!(body["title"], "Unauthorized");
    }
}
