//! A refusal as a problem (RFC 9457), with a challenge that the deployment's callers can meet.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    scope::ScopeSet,
    verdict::{Excess, Refusal},
};
use crate::{
    base::{problem::Problem, timestamp::whole_seconds},
    key::credential_header::CredentialHeader,
};

/// The way in which a refused caller is told to present a key. It is worked out when `keystile.toml` is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// `WWW-Authenticate`, without an error.
    header: String,
    /// The detail if there is no key.
    missing: String,
}

impl Challenge {
    /// For callers that may send a key in these places.
    #[must_use]
    pub fn new(realm: &str, places: &[CredentialHeader]) -> Self {
        let bearer = CredentialHeader::bearer();
        let first = if places.contains(&bearer) { Some(&bearer) } else { places.first() };
        let ways: Vec<_> = places.iter().map(|place| format!("`{}`", place.with_key())).collect();
        Self {
            header: first.unwrap_or(&bearer).challenge(realm),
            missing: format!("No key was found. Send it as {}.", ways.join(" or ")),
        }
    }

    /// For operators, who send theirs as Bearer.
    #[must_use]
    pub fn of_operators(realm: &str) -> Self {
        let missing = "No operator key was found. Send it as `Authorization: Bearer KEY`.".to_string();
        Self { missing, ..Self::new(realm, &[CredentialHeader::bearer()]) }
    }
}

impl Refusal {
    /// The problem for the caller, with its challenge.
    #[must_use]
    pub fn problem(&self, challenge: &Challenge) -> Problem {
        let mut problem = Problem::new(self.code(), self.detail());
        if *self == Self::MissingCredential {
            problem.detail = challenge.missing.clone().into();
        }
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
        // RFC 6750 defines errors for Bearer alone.
        let error = self.bearer_error().filter(|_| challenge.header.starts_with("Bearer "));
        if problem.status() == 401 || error.is_some() {
            problem.headers.push(("WWW-Authenticate", challenge_with(&challenge.header, error, self)));
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

/// The challenge, with error, description and scopes if they apply.
fn challenge_with(header: &str, error: Option<&str>, refusal: &Refusal) -> String {
    let mut challenge = header.to_string();
    let Some(error) = error else { return challenge };
    challenge.push_str(&format!(", error=\"{error}\", error_description=\"{}\"", header_safe(&refusal.detail())));
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

    fn challenge(places: &[&str]) -> Challenge {
        let places: Vec<_> = places.iter().map(|text| CredentialHeader::parse(text).unwrap()).collect();
        Challenge::new("Konvoq", &places)
    }

    fn challenge_of(refusal: &Refusal) -> Option<String> {
        refusal.problem(&challenge(&["x-api-key", "bearer"])).headers.pop().map(|(_, value)| value)
    }

    #[test]
    fn without_bearer_the_challenge_is_that_of_the_first_place_and_has_no_error() {
        for (places, header) in [
            (&["x-api-key"][..], r#"ApiKey realm="Konvoq", in="header", name="X-Api-Key""#),
            (&["scheme:token", "x-api-key"], r#"Token realm="Konvoq""#),
            (&["basic:username"], r#"Basic realm="Konvoq", charset="UTF-8""#),
        ] {
            for refusal in [Refusal::MissingCredential, Refusal::Revoked, Refusal::NotFound] {
                assert_eq!(refusal.problem(&challenge(places)).headers, [("WWW-Authenticate", header.into())]);
            }
            let needed = vec![Scope::parse("write:leads").unwrap()];
            assert!(
                Refusal::InsufficientScope { needed, any_of: false }.problem(&challenge(places)).headers.is_empty()
            );
        }
    }

    #[test]
    fn who_sends_no_key_is_told_how_to_send_it() {
        let detail = |challenge: &Challenge| Refusal::MissingCredential.problem(challenge).detail;
        assert_eq!(
            detail(&challenge(&["bearer", "x-api-key"])),
            "No key was found. Send it as `Authorization: Bearer KEY` or `X-Api-Key: KEY`."
        );
        let operators = Challenge::of_operators("Konvoq");
        assert_eq!(detail(&operators), "No operator key was found. Send it as `Authorization: Bearer KEY`.");
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
        let problem = Refusal::RateLimited(excess(Some(1_001))).problem(&challenge(&["bearer"]));
        assert_eq!(problem.headers, [("Retry-After", "2".into())]);
        let body: serde_json::Value = serde_json::from_str(&problem.body("req_1")).unwrap();
        assert_eq!(
            (&body["type"], &body["violated-policies"], &body["code"]),
            (&json!(QUOTA_EXCEEDED_TYPE), &json!(["per-second"]), &json!("RATE_LIMITED"))
        );
        let never = Refusal::QuotaExceeded(excess(None)).problem(&challenge(&["bearer"]));
        assert!(never.headers.is_empty(), "a client that waits would never be admitted");
        assert_eq!(never.status(), 429);
    }
}
