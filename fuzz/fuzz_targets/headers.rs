//! Any headers, URL and body against schemes on many axes: nothing panics, and
//! nothing is genuine.
#![no_main]

use std::time::Duration;

use keystile_webhook::{Delivery, Options, Scheme, Secrets, Verification, verify};
use libfuzzer_sys::fuzz_target;

const SCHEMES: [&str; 5] = [
    r#"{"signature":"header:a|b","split":" ","prefix":"v1,","encoding":"base64","algorithm":"hmac-sha256","key":"whsec",
        "or":[{"prefix":"v1a,","algorithm":"ed25519","key":"whpk"}],
        "message":"{header:c}.{timestamp}.{body}","timestamp":{"at":"header:d"},"event_id":"header:c"}"#,
    r#"{"signature":"header:a","groups":" ","split":",","prefix":"v1=","encoding":"hex","algorithm":"hmac-sha1",
        "message":"{field:t}.{url_with_port}{canonical_query}{sorted_form}{signed_headers:b}","timestamp":{"at":"field:t"}}"#,
    r#"{"signature":"json:s","each":"json:a[].b","encoding":"base64url","algorithm":"hmac-sha512",
        "message":"{json_or_empty:c.d[0]}:{present:e,f}"}"#,
    r#"{"signature":["header:a-#","form:s"],"document":"form:json","encoding":"base64","algorithm":"sha256",
        "message":"{secret}{json:a}{escaped_body}"}"#,
    r#"{"signature":"header:a","encoding":"base64","algorithm":"hmac-sha256",
        "message":"{header:c}|{header:d}|{crc32:body}"}"#,
];

fuzz_target!(|data: (Vec<(u8, String)>, String, Vec<u8>)| {
    let (headers, url, body) = data;
    let names = ["a", "b", "c", "d", "a-1", "a-2", "content-type"];
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (names[usize::from(*name) % names.len()], value.as_str())).collect();
    let delivery = Delivery { method: "POST", url: &url, headers: &headers, body: &body };
    let options = Options::at(Duration::from_secs(1_700_000_000));
    for text in SCHEMES {
        let scheme: Scheme = serde_json::from_str(text).unwrap();
        let secrets = Secrets::parse(
            &scheme,
            &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="],
        );
        assert!(verify(&scheme, &secrets, &delivery, &options).into_result().is_err());
        // What is left to the platform is no more genuine before its answer.
        let asking = Options { delegate_hmac_from: 0, ..options };
        if let Verification::Pending(pending) = verify(&scheme, &secrets, &delivery, &asking) {
            let noes = vec![false; pending.checks.len()];
            assert!(pending.detach().finish(&noes).is_err());
        }
    }
});
