//! A refusal as a problem (RFC 9457) with the challenge of RFC 6750.

use alloc::{
    format,
    string::{String, ToString},
};

use serde_json::json;

use super::{
    scope::ScopeSet,
    verdict::{Excess, Refusal},
};
use crate::base::{problem::Problem, timestamp::whole_seconds};

impl Refusal {
    /// The problem for the caller, with its challenge for `realm`.
    #[must_use]
    pub fn problem(&self, realm: &str) -> Problem {
        let mut problem = Problem::new(self.code(), self.detail());
        match self {
            Self::InsufficientScope { needed, any_of } => {
                problem = problem.with("required_scopes", json!(needed));
                if *any_of {
                    problem = problem.with("any_of", json!(true));
                }
            }
            Self::RateLimited(excess) | Self::QuotaExceeded(excess) => problem = over(problem, excess),
            _ => {}
        }
        if problem.status() == 401 || self.bearer_error().is_some() {
            problem.headers.push(("WWW-Authenticate", challenge(self, realm)));
        }
        problem
    }
}

/// The problem type of the limits' draft, draft-ietf-httpapi-ratelimit-headers.
const QUOTA_EXCEEDED_TYPE: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

fn over(problem: Problem, excess: &Excess) -> Problem {
    let problem = problem.with("type", json!(QUOTA_EXCEEDED_TYPE)).with("violated-policies", json!(excess.limits));
    match excess.retry_after_ms {
        Some(millis) => problem.with_header("Retry-After", whole_seconds(millis).to_string()),
        None => problem,
    }
}

/// The challenge: `Bearer realm="…"`, with error, description and scopes if they apply.
fn challenge(refusal: &Refusal, realm: &str) -> String {
    let mut challenge = format!("Bearer realm=\"{realm}\"");
    if let Some(error) = refusal.bearer_error() {
        challenge.push_str(&format!(", error=\"{error}\", error_description=\"{}\"", header_safe(&refusal.detail())));
    }
    if let Refusal::InsufficientScope { needed, any_of } = refusal {
        // All that stand in a challenge are needed, so of several that are enough it names one.
        let named = if *any_of { 1 } else { needed.len() };
        let needed: ScopeSet = needed.iter().take(named).cloned().collect();
        challenge.push_str(&format!(", scope=\"{}\"", needed.joined()));
    }
    challenge
}

/// The text in the characters that RFC 6750 allows in a description: %x20-21 / %x23-5B / %x5D-7E.
fn header_safe(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '`') { c } else { '\'' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::scope::Scope, key::ParseKeyError};
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn challenge_of(refusal: &Refusal) -> Option<String> {
        refusal.problem("Konvoq").headers.pop().map(|(_, value)| value)
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
        let lacking = |needed, any_of| challenge_of(&Refusal::InsufficientScope { needed, any_of }).unwrap();
        assert!(lacking(needed.clone(), false).ends_with(r#", scope="write:leads""#));
        let several = [needed, vec![Scope::parse("admin").unwrap()]].concat();
        assert!(lacking(several.clone(), false).ends_with(r#", scope="admin write:leads""#));
        assert!(lacking(several, true).ends_with(r#", scope="write:leads""#), "one that is enough");
        let malformed = challenge_of(&Refusal::Malformed(ParseKeyError::UnknownEnvironment)).unwrap();
        assert!(!malformed.contains('`'), "{malformed}");
        assert_eq!(challenge_of(&Refusal::IpNotAllowed), None);
    }

    #[test]
    fn a_refusal_by_limits_names_them_and_says_when_to_come_back() {
        let excess = |retry_after_ms| Excess { limits: vec!["per-second".into()], retry_after_ms };
        let problem = Refusal::RateLimited(excess(Some(1_001))).problem("Konvoq");
        assert_eq!(problem.headers, [("Retry-After", "2".into())]);
        let body: serde_json::Value = serde_json::from_str(&problem.body("req_1")).unwrap();
        assert_eq!(
            (&body["type"], &body["violated-policies"], &body["code"]),
            (&json!(QUOTA_EXCEEDED_TYPE), &json!(["per-second"]), &json!("RATE_LIMITED"))
        );
        let never = Refusal::QuotaExceeded(excess(None)).problem("Konvoq");
        assert!(never.headers.is_empty(), "a client that waits would never be admitted");
        assert_eq!(never.status(), 429);
    }
}
