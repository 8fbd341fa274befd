//! Each cause of the documentation, by a delivery that was signed and then changed.

use core::time::Duration;
use std::{string::String, vec, vec::Vec};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{Case, CauseCode, Ending, Explanation, Limits, explain};
use crate::{
    Delivery, Options, Scheme, Secrets,
    tests::rig::{self, NOW},
    verify,
};

mod bodies;
mod other_parts;
mod pasted;
mod properties;
mod samples;
mod secrets;
mod steps;

/// A delivery that was signed, and may be changed.
#[derive(Clone, Debug)]
struct Given {
    scheme: Scheme,
    secrets: Vec<String>,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    now: i64,
}

impl Given {
    /// A delivery that is signed now.
    fn signed(scheme: &str, secret: &str, body: &[u8]) -> Self {
        Self::signed_at(scheme, secret, body, "https://example.com/hooks/a")
    }

    fn signed_at(scheme: &str, secret: &str, body: &[u8], url: &str) -> Self {
        let scheme = rig::scheme(scheme);
        let delivery = Delivery { method: "POST", url, headers: &[], body };
        let signed = crate::sign(&scheme, secret, &delivery, Some("msg_1"), &rig::options(NOW)).unwrap();
        Self {
            scheme,
            secrets: vec![secret.into()],
            method: "POST".into(),
            url: url.into(),
            headers: signed.headers,
            body: body.into(),
            now: NOW,
        }
    }

    fn with_body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    fn with_secret(mut self, secret: &str) -> Self {
        self.secrets = vec![secret.into()];
        self
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    fn header(&self, name: &str) -> &str {
        rig::value(&self.headers, name)
    }

    fn with<T>(&self, see: impl FnOnce(&Case<'_>) -> T) -> T {
        let headers = rig::borrowed(&self.headers);
        let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        let delivery = Delivery { method: &self.method, url: &self.url, headers: &headers, body: &self.body };
        let options = Options::at(Duration::from_secs(self.now.try_into().unwrap()));
        see(&Case { scheme: &self.scheme, secrets: &secrets, delivery: &delivery, options: &options })
    }

    fn explained(&self) -> Explanation {
        self.with(|case| explain(case, &Limits::usual()))
    }

    /// The verifier's own code.
    fn code(&self) -> &'static str {
        self.with(|case| {
            let secrets = Secrets::parse(case.scheme, case.secrets);
            verify(case.scheme, &secrets, case.delivery, case.options)
                .into_result()
                .map_or_else(|it| it.code(), |_| "OK")
        })
    }
}

/// Checks that a delivery is refused, and that this cause is the first that is named.
#[track_caller]
fn proves(given: &Given, number: u8) -> Explanation {
    let explanation = given.explained();
    assert_ne!(explanation.verdict.code, "OK");
    assert_eq!(explanation.verdict.code, given.code());
    let numbers: Vec<u8> = explanation.causes.iter().map(|cause| cause.number).collect();
    assert_eq!(
        numbers.first(),
        Some(&number),
        "{numbers:?} {:?} {:#?} {:?} body {:?}",
        explanation.search,
        explanation.causes,
        explanation.hints,
        String::from_utf8_lossy(&given.body)
    );
    assert!(explanation.hints.is_empty());
    explanation
}

/// Checks that a delivery is refused without a proved cause, and that there is a hint of this cause.
#[track_caller]
fn hints(given: &Given, code: CauseCode) {
    let explanation = given.explained();
    assert_eq!(explanation.verdict.code, given.code());
    assert_eq!(explanation.causes, vec![], "nothing is proved");
    let codes: Vec<CauseCode> = explanation.hints.iter().map(|hint| hint.code).collect();
    assert!(codes.contains(&code), "{codes:?}");
}

/// Checks that nothing is said against a good delivery.
#[track_caller]
fn is_good(given: &Given) {
    let explanation = given.explained();
    assert_eq!((explanation.verdict.code, given.code()), ("OK", "OK"));
    assert!(explanation.causes.is_empty() && explanation.hints.is_empty());
    assert_eq!((explanation.search.tries, explanation.search.ending), (0, Ending::NotNeeded));
}

#[test]
fn a_search_keeps_to_its_limits() {
    let given = Given::signed(rig::GITHUB, "secret", b"{\"a\": 1}").with_secret("another");
    let tries = given.with(|case| explain(case, &Limits { tries: 20, expired: &|| false }));
    assert_eq!((tries.search.tries, tries.search.ending), (20, Ending::Tries));
    let time = given.with(|case| explain(case, &Limits { tries: 3_000, expired: &|| true }));
    assert_eq!((time.search.tries, time.search.ending), (0, Ending::Time));
    let all = given.explained().search;
    assert_eq!(all.ending, Ending::Exhausted);
    assert!(all.tries <= 3_000, "{}", all.tries);
}

#[test]
fn a_token_that_is_compared_is_not_searched_for() {
    let scheme = "signature = \"header:x-token\"\nalgorithm = \"equality\"";
    let given = Given::signed(scheme, "token-1", b"{}").with_secret(" token-1");
    let explanation = given.explained();
    assert_eq!((explanation.search.ending, explanation.causes.len()), (Ending::NotPossible, 0));
}

#[test]
fn every_cause_has_a_number_from_1_to_30_and_each_number_a_cause() {
    let mut numbers: Vec<u8> = CauseCode::ALL.iter().map(|code| code.number()).collect();
    numbers.dedup();
    assert_eq!(numbers, (1..=30).collect::<Vec<u8>>());
    let mut names: Vec<&str> = CauseCode::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CauseCode::ALL.len());
}

#[test]
fn an_explanation_has_no_secret_in_it() {
    let secret = "a-secret-that-nobody-sees";
    for given in [
        Given::signed(rig::GITHUB, secret, b"{\"a\": 1}").with_body("{\"a\":1}"),
        Given::signed(rig::GITHUB, secret, b"{\"a\": 1}").with_secret(&std::format!("{secret}\n")),
        Given::signed(rig::GITHUB, "other", b"{\"a\": 1}").with_secret(secret),
        Given::signed(
            "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"sha256\"\nmessage = \"{secret}{body}\"",
            secret,
            b"x",
        ),
    ] {
        let text = serde_json::to_string(&given.explained()).unwrap();
        let hex = crate::encoding::to_hex(secret.as_bytes());
        assert!(!text.contains(secret) && !text.contains(&hex), "{text}");
    }
}
