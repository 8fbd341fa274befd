//! Problems: error answers in the form of RFC 9457, `application/problem+json`.
//!
//! A problem holds only what the caller may read. The internal cause is logged under the same `request_id` and is never
//! sent.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};

use super::code::Code;

/// The media type of every error body.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// One error answer: status, code, and the facts that the caller may know.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The stable code. The status follows from it.
    pub code: Code,
    /// A sentence that says what is wrong and what to do.
    pub detail: Cow<'static, str>,
    /// Further members of the body.
    pub extensions: Map<String, Value>,
    /// The answer's headers, such as `WWW-Authenticate` and `Allow`.
    pub headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem without extensions or headers.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), extensions: Map::new(), headers: Vec::new() }
    }

    /// The 503: a service that the answer depends on is out of reach.
    #[must_use]
    pub fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new(Code::DependencyUnavailable, detail);
        problem.headers.push(("Retry-After", "1".to_string()));
        problem
    }

    /// The 500: a fault of Keystile. The cause is in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(Code::Internal, "Something went wrong here; the request id finds it in the log.")
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.code.status()
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.extensions.insert(member.into(), value);
        self
    }

    /// Adds a header.
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
        body.insert("title".into(), title(self.status()).into());
        body.insert("status".into(), self.status().into());
        body.insert("code".into(), self.code.as_str().into());
        body.insert("detail".into(), self.detail.clone().into());
        body.insert("request_id".into(), request_id.into());
        body.extend(self.extensions.clone());
        Value::Object(body).to_string()
    }
}

const INTERNAL: &str = "Internal Server Error";

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => INTERNAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_status_of_a_code_has_its_title() {
        for code in Code::ALL {
            assert_eq!(title(code.status()) == INTERNAL, code.status() == 500, "{code:?}");
        }
    }

    #[test]
    fn the_body_has_code_and_request_id() {
        let body: Value = serde_json::from_str(&Problem::new(Code::Expired, "x").body("req_1")).unwrap();
        assert_eq!(body["code"], "EXPIRED");
        assert_eq!(body["request_id"], "req_1");
        assert_eq!(body["status"], 401);
        assert_eq!(body["title"], "Unauthorized");
    }
}
