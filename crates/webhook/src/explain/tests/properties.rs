//! Properties of explanations.

use std::{string::String, vec::Vec};

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::Given;
use crate::{
    explain::{Limits, explain},
    registry,
    tests::rig::{GITHUB, SLACK, STANDARD, STRIPE, WHSEC},
};

const FEW: Limits<'_> = Limits { tries: 150, expired: &|| false };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(target_arch = "wasm32") { 16 } else { 128 }))]

    /// The explanation has the verifier's verdict after any change, and a good delivery has no cause.
    #[test]
    fn the_verdict_is_the_verifiers(
        scheme in prop::sample::select(&[GITHUB, SLACK, STANDARD, STRIPE][..]),
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..80), "[ -~]{0,60}".prop_map(String::into_bytes)],
        new_body in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)),
        new_value in prop::option::of("[ -~]{0,60}"),
        secret in prop::option::of("\\PC{0,20}"),
        ahead in prop::sample::select(&[0_i64, -301, 301, 300][..]),
    ) {
        let mut given = Given::signed(scheme, WHSEC, &body);
        given.now += ahead;
        if let Some(body) = new_body {
            given.body = body;
        }
        if let (Some(value), Some(header)) = (new_value, given.headers.last_mut()) {
            header.1 = value;
        }
        if let Some(secret) = secret {
            given.secrets.push(secret);
        }
        let explanation = given.with(|case| explain(case, &FEW));
        prop_assert_eq!(explanation.verdict.code, given.code());
        prop_assert_eq!(explanation.verdict.valid, given.code() == "OK");
        if explanation.verdict.valid {
            prop_assert!(explanation.causes.is_empty() && explanation.hints.is_empty());
        }
        // The steps contain a match exactly if the verifier found one.
        let mut compared = explanation.steps.readings.iter().flat_map(|reading| &reading.comparisons);
        let matched = compared.any(|it| it.entry.is_some());
        prop_assert_eq!(matched, matches!(given.code(), "OK" | "TIMESTAMP_TOO_OLD" | "TIMESTAMP_TOO_NEW"));
    }

    /// No delivery makes an explanation panic, whatever the scheme.
    #[test]
    fn junk_is_explained(
        index: prop::sample::Index,
        body in prop::collection::vec(any::<u8>(), 0..60),
        text in "\\PC{0,40}",
        secret in "\\PC{0,30}",
    ) {
        let provider = index.get(registry::all());
        let mut given = Given::signed(GITHUB, "secret", &body);
        given.scheme = provider.scheme.clone();
        given.secrets = [secret].into();
        given.url = text.clone();
        let names: Vec<String> = provider.scheme.headers_read().unwrap_or_default();
        given.headers = names.into_iter().map(|name| (name, text.clone())).collect();
        let explanation = given.with(|case| explain(case, &FEW));
        prop_assert_eq!(explanation.verdict.code, given.code());
    }
}
