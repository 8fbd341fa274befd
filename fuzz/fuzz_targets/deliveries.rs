//! Any delivery to a provider of the registry: nothing panics, a verdict is the same when it is asked for again, and
//! its explanation says the same.
//!
//! An input is a text in eight parts with NUL between them, so that a seed is written as easily as it is mutated:
//! provider, seconds since 1970, method, URL, parameters, secrets, headers, body. Parameters (`name=value`) and headers
//! (`name:value`) are lines; secrets have U+0001 between them. An unknown provider's bytes choose one.
#![no_main]

use std::time::Duration;

use keystile_webhook::{
    Delivery, Failure, Options, Secrets, Verification, Verified,
    explain::{Case, Limits, explain},
    registry, sign, verify,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(8, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let mut text = || String::from_utf8_lossy(part()).into_owned();
    let (provider, now, method, url) = (text(), text(), text(), text());
    let (params, secrets, headers, body) = (text(), text(), text(), part());

    let sum: usize = provider.bytes().map(usize::from).sum();
    let provider = registry::provider(&provider).unwrap_or(&registry::all()[sum % registry::all().len()]);
    let scheme = &provider.scheme;
    let params: Vec<(&str, &str)> = params.lines().filter_map(|line| line.split_once('=')).collect();
    let texts: Vec<&str> = secrets.split('\u{1}').collect();
    let headers: Vec<(&str, &str)> = headers.lines().filter_map(|line| line.split_once(':')).collect();
    let delivery = Delivery { method: &method, url: &url, headers: &headers, body };
    let now = Duration::from_secs(now.parse().unwrap_or_default());
    let options = Options { params: &params, body_limit: 65_536, ..Options::at(now) };
    let secrets = Secrets::parse(scheme, &texts);

    let verdict = |delivery: &Delivery<'_>| verify(scheme, &secrets, delivery, &options).into_result();
    let first = verdict(&delivery);
    assert_eq!(verdict(&delivery), first);
    // The names of headers are the same in any case.
    let upper: Vec<(String, &str)> = headers.iter().map(|(name, value)| (name.to_ascii_uppercase(), *value)).collect();
    let upper: Vec<(&str, &str)> = upper.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(verdict(&Delivery { headers: &upper, ..delivery }), first);
    // Less work than was allowed is refused for that alone.
    let frugal = Options { work_limit: 2_048, ..options };
    let less = verify(scheme, &secrets, &delivery, &frugal).into_result();
    assert!(less == first || matches!(less, Err(Failure::TooMuchWork)), "{less:?}, not {first:?}");
    // A check left to the platform makes nothing genuine before its answer. The module may have found it genuine itself.
    let asking = Options { delegate_hmac_from: 0, ..options };
    if let Verification::Pending(pending) = verify(scheme, &secrets, &delivery, &asking) {
        let noes = vec![false; pending.checks.len()];
        assert!(first.is_ok() || pending.detach().finish(&noes).is_err());
    }
    if let Some(request) = scheme.handshake(&delivery, &options) {
        let answer = |verified: Option<&Verified>| request.answer(&secrets, &delivery, &options, verified);
        assert_eq!(answer(first.as_ref().ok()), answer(first.as_ref().ok()));
        assert!(!request.needs_verification() || answer(None).is_err());
    }
    if let Some(secret) = texts.first() {
        let signed = || sign(scheme, secret, &delivery, Some("msg_1"), &options);
        assert_eq!(signed(), signed());
    }
    let case = Case { scheme, secrets: &texts, delivery: &delivery, options: &options };
    let explanation = explain(&case, &Limits { tries: 20, ..Limits::usual() });
    assert_eq!(explanation.verdict.code, first.as_ref().map_or_else(Failure::code, |_| "OK"));
});
