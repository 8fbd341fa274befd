//! P9 to P15: secrets.

use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, GITHUB, STANDARD, STRIPE, WHPK, WHSEC, borrowed, code, scheme, signed};
use crate::{Scheme, SecretProblem, Secrets, algorithm::KeyForm};

fn with_key(key: &str) -> Scheme {
    scheme(&format!("{GITHUB}\nkey = \"{key}\""))
}

fn problem(scheme: &Scheme, secret: &str) -> Option<SecretProblem> {
    Secrets::parse(scheme, &[secret]).faults().first().map(|fault| fault.problem)
}

#[test]
fn p09_empty_secrets_are_faults_of_the_configuration() {
    for text in [STANDARD, GITHUB, STRIPE] {
        let scheme = scheme(text);
        for secret in ["", " ", "\n", "\t \r\n", "whsec_", "whsec_ "] {
            assert!(problem(&scheme, secret).is_some(), "{secret:?}");
            assert_eq!(code(&scheme, &[secret], &[("x-hub-signature-256", "sha256=00")], b""), "CONFIGURATION");
        }
        assert_eq!(code(&scheme, &[], &[], b""), "CONFIGURATION");
    }
}

#[test]
fn p10_keys_are_checked_after_they_are_derived() {
    for (form, secret) in [("hex", ""), ("base64", ""), ("base64", "    "), ("base64", "===="), ("whsec", "whsec_====")]
    {
        assert!(problem(&with_key(form), secret).is_some(), "{form} {secret:?}");
    }
    for (form, secret) in [("hex", "zz"), ("hex", "abc"), ("base64", "a b=")] {
        let expected = SecretProblem::Malformed(KeyForm::parse(form).unwrap());
        assert_eq!(problem(&with_key(form), secret), Some(expected), "{form}");
    }
}

#[test]
fn secrets_are_taken_as_a_vendors_page_shows_them() {
    let standard = scheme(STANDARD);
    // Supabase shows the version before the secret; keys are pasted without padding, and in either alphabet.
    let body = b"{}";
    let headers = signed(&standard, WHSEC, body);
    for secret in [format!("v1,{WHSEC}"), WHSEC.trim_end_matches('=').to_string()] {
        assert_eq!(code(&standard, &[&secret], &borrowed(&headers), body), "VALID", "{secret}");
    }
    assert_eq!(problem(&standard, &format!("v1a,{WHPK}")), None);
    assert_eq!(problem(&standard, "v1,"), Some(SecretProblem::Malformed(KeyForm::Whsec)));
    // A version before anything else is part of the secret.
    let github = scheme(GITHUB);
    let headers = signed(&github, "v1,secret", body);
    assert_eq!(code(&github, &["v1,secret"], &borrowed(&headers), body), "VALID");
    assert_eq!(code(&github, &["secret"], &borrowed(&headers), body), "NO_MATCH");
    // Quotation marks can't belong to a secret in an encoding; to a text they can.
    for quoted in [format!("\"{WHSEC}\""), format!("'{WHSEC}'")] {
        assert_eq!(problem(&standard, &quoted), Some(SecretProblem::Quoted));
        let secrets = Secrets::parse(&standard, &[&quoted]);
        assert!(secrets.faults()[0].to_string().contains("without them"));
        assert_eq!(problem(&github, &quoted), None);
    }
}

#[test]
fn a_secret_beyond_ascii_is_normalised_by_the_engine_or_by_its_caller() {
    let nfkd = with_key("nfkd");
    let headers = signed(&scheme(GITHUB), "se\u{301}cret", b"{}");
    let delivery = rig::post(&[], b"{}");
    let borrowed = borrowed(&headers);
    let delivery = crate::Delivery { headers: &borrowed, ..delivery };
    let by_caller = Secrets::parse_with(&nfkd, &["s\u{e9}cret"], |text| Some(text.replace('\u{e9}', "e\u{301}")));
    let options = rig::options(rig::NOW);
    assert!(crate::verify(&nfkd, &by_caller, &delivery, &options).into_result().is_ok());
    let fault = problem(&nfkd, "s\u{e9}cret");
    assert_eq!(fault, (!cfg!(feature = "nfkd")).then_some(SecretProblem::NotNormalised));
    if fault.is_none() {
        assert!(rig::check(&nfkd, &["s\u{e9}cret"], &delivery, &options).is_ok());
    }
    assert_eq!(problem(&nfkd, "secret"), None);
}

#[test]
fn p11_white_space_around_a_secret_is_named() {
    for secret in ["secret\n", " secret", "secret\r\n", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw "] {
        let scheme = scheme(GITHUB);
        let secrets = Secrets::parse(&scheme, &[secret]);
        assert_eq!(secrets.faults()[0].problem, SecretProblem::Surrounded);
        assert!(secrets.faults()[0].to_string().contains("a space or a line end"));
    }
}

#[test]
fn p12_what_whsec_means_is_the_schemes_own() {
    let bare = WHSEC.strip_prefix("whsec_").unwrap();
    let valid = |form: &str, signer: &str, secret: &str| {
        let headers = signed(&with_key(signer), secret, b"{}");
        code(&with_key(form), &[WHSEC], &borrowed(&headers), b"{}")
    };
    // Stripe and Outpost use the text verbatim, Standard Webhooks decodes base64.
    assert_eq!(valid("utf8", "utf8", WHSEC), "VALID");
    assert_eq!(valid("utf8", "base64", bare), "NO_MATCH");
    assert_eq!(valid("whsec", "base64", bare), "VALID");
    assert_eq!(valid("whsec", "utf8", WHSEC), "NO_MATCH");
    // OpenAI decides by the prefix, Polar tries both.
    assert_eq!(valid("whsec-or-utf8", "base64", bare), "VALID");
    assert_eq!(valid("whsec-or-utf8", "utf8", WHSEC), "NO_MATCH");
    assert_eq!(valid("whsec-and-utf8", "base64", bare), "VALID");
    assert_eq!(valid("whsec-and-utf8", "utf8", WHSEC), "VALID");
    let headers = signed(&with_key("utf8"), "not base64!", b"");
    assert_eq!(code(&with_key("whsec-or-utf8"), &["not base64!"], &borrowed(&headers), b""), "VALID");
}

#[test]
fn p13_secrets_may_lack_padding_and_signatures_may_not() {
    let scheme = scheme(STANDARD);
    for (padded, bare) in [("whsec_c2VjcmV0MQ==", "whsec_c2VjcmV0MQ"), ("whsec_c2VjcmV0MTI=", "c2VjcmV0MTI")] {
        let headers = signed(&scheme, padded, b"{}");
        assert_eq!(code(&scheme, &[bare], &borrowed(&headers), b"{}"), "VALID", "{bare}");
        let signature = rig::value(&headers, "webhook-signature");
        let with = |value: &str| rig::with_header(&scheme, padded, &headers, b"{}", "webhook-signature", value);
        assert_eq!(with(signature), "VALID");
        assert_eq!(with(signature.trim_end_matches('=')), "MALFORMED_SIGNATURE");
        let url = signature.replace('+', "-").replace('/', "_");
        assert!(url == signature || with(&url) == "MALFORMED_SIGNATURE");
        assert_eq!(with(&format!("{}9=", &signature[..signature.len() - 2])), "MALFORMED_SIGNATURE");
    }
}

#[test]
fn p14_any_of_several_secrets_and_a_bad_one_spoils_none() {
    let scheme = scheme(STANDARD);
    let secrets = ["", "whsec_!!!", WHSEC, WHPK, "whsec_b3RoZXI="];
    let parsed = Secrets::parse(&scheme, &secrets);
    assert_eq!(parsed.faults().iter().map(|fault| fault.index).collect::<Vec<_>>(), [0, 1]);
    let check = |secret: &str| {
        let headers = signed(&scheme, secret, b"{}");
        let headers = borrowed(&headers);
        rig::check(&scheme, &secrets, &rig::post(&headers, b"{}"), &rig::options(rig::NOW))
    };
    assert_eq!(check(WHSEC).unwrap().secret_index, 2);
    assert_eq!(check("whsec_b3RoZXI=").unwrap().secret_index, 4);
    assert_eq!(check("whsec_bm9uZQ==").unwrap_err().code(), "NO_MATCH");
}

#[test]
fn p15_nothing_secret_is_ever_printed() {
    let scheme = scheme(STANDARD);
    let secrets = Secrets::parse(&scheme, &[WHSEC, "whsec_!!!"]);
    let headers = signed(&scheme, WHSEC, b"the body");
    let good = rig::value(&headers, "webhook-signature").to_string();
    let headers = borrowed(&headers);
    let failure = rig::check(&scheme, &[WHSEC], &rig::post(&headers, b"other body"), &rig::options(rig::NOW));
    let failure = failure.unwrap_err();
    let mut printed: Vec<String> = Vec::new();
    printed.extend(secrets.faults().iter().map(|fault| format!("{fault} {fault:?}")));
    printed.push(format!("{secrets:?} {:?} {failure:?} {}", secrets.keys, failure.detail()));
    printed.push(format!("{:?}", crate::sign(&scheme, WHSEC, &rig::post(&[], b""), Some("m"), &rig::options(0))));
    for text in printed {
        for secret in [&WHSEC[6..], "!!!", &good[3..], "body\"", "other body"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

/// A classic attack: a public key, which everybody knows, is used as the key of an HMAC.
#[test]
fn a_public_key_is_never_taken_for_a_shared_secret() {
    for form in ["utf8", "whsec", "whsec-or-utf8", "whsec-and-utf8", "sha1"] {
        let pem = include_str!("rsa_public.pem").trim();
        // OpenSSL's option `-text` writes the certificate's content before the certificate.
        let with_text = format!("Certificate:\n    Data:\n{pem}");
        for secret in [WHPK, rig::WHSK, pem, &with_text] {
            assert_eq!(problem(&with_key(form), secret), Some(SecretProblem::NotShared), "{form}");
        }
    }
}
