//! A refusal as a problem (RFC 9457) with the challenge of RFC 6750.

use alloc::{format, string::String};

use serde_json::json;

use super::{scope::ScopeSet, verdict::Refusal};
use crate::base::problem::Problem;

impl Refusal {
    /// The problem for the caller, with its challenge for `realm`.
    #[must_use]
    pub fn problem(&self, realm: &str) -> Problem {
        let mut problem = Problem::new(self.code(), self.detail());
        if let Self::InsufficientScope { needed } = self {
            problem = problem.with("required_scopes", json!(needed));
        }
        if problem.status() == 401 || self.bearer_error().is_some() {
            problem.headers.push(("WWW-Authenticate", challenge(self, realm)));
        }
        problem
    }
}

/// The challenge: `Bearer realm="…"`, with error, description and scopes if they apply.
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
        assert!(challenge_of(&Refusal::InsufficientScope { needed }).unwrap().ends_with(r#", scope="write:leads""#));
        let malformed = challenge_of(&Refusal::Malformed(ParseKeyError::UnknownEnvironment)).unwrap();
        assert!(!malformed.contains('`'), "{malformed}");
        assert_eq!(challenge_of(&Refusal::IpNotAllowed), None);
    }
}
