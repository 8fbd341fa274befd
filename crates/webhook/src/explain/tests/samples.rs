//! Samples of every provider that signs with a shared secret.

use core::time::Duration;
use std::vec::Vec;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{
    Delivery, Options, Secrets,
    explain::{Case, Limits, can_sign, explain, sample, sample_secret},
    registry, verify,
};

const PARAMS: [(&str, &str); 4] =
    [("public_key", "public"), ("webhook_id", "1"), ("api_key", "key"), ("verify_token", "token")];

#[test]
fn every_sample_is_genuine_and_nothing_is_said_against_it() {
    let options = Options { params: &PARAMS, ..Options::at(Duration::from_secs(1_800_000_000)) };
    let mut signed = 0;
    for provider in registry::all().iter().filter(|provider| can_sign(&provider.scheme)) {
        let scheme = &provider.scheme;
        let secret = sample_secret(scheme, &[7; 32]).unwrap();
        for body in [None, Some("{\"own\": \"body\"}")] {
            let made = sample(scheme, &secret, "https://example.com/hooks", body, &options);
            let Ok(made) = made else {
                // A body of one's own may lack a text that the scheme reads in it.
                assert!(body.is_some(), "{}", provider.id);
                continue;
            };
            let headers: Vec<(&str, &str)> =
                made.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let delivery =
                Delivery { method: &made.method, url: &made.url, headers: &headers, body: made.body.as_bytes() };
            let secrets = Secrets::parse(scheme, &[&secret]);
            let code =
                verify(scheme, &secrets, &delivery, &options).into_result().map_or_else(|it| it.code(), |_| "OK");
            assert_eq!(code, "OK", "{}: {}", provider.id, made.body);
            let case = Case { scheme, secrets: &[&secret], delivery: &delivery, options: &options };
            let explanation = explain(&case, &Limits::usual());
            assert!(explanation.verdict.valid && explanation.causes.is_empty(), "{}", provider.id);
            let compared = explanation.steps.readings.iter().flat_map(|reading| &reading.comparisons);
            assert!(compared.filter(|comparison| comparison.entry.is_some()).count() > 0, "{}", provider.id);
            signed += 1;
        }
    }
    assert!(signed > 250, "{signed}");
}
