//! Any JWT: nothing panics, and none is genuine.
#![no_main]

use std::time::Duration;

use keystile_webhook::{Delivery, Scheme, Secrets, Options, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (bool, String, Vec<u8>)| {
    let (as_is, token, claims) = data;
    let scheme: Scheme = serde_json::from_str(
        r#"{"signature":"header:a","prefix":"Bearer ","algorithm":"jws-hs256","claims":{"aud":"{url}"},
            "hashes":[{"at":"claim:h","of":"{body}"}],"timestamp":{"at":"claim:iat"},"event_id":"claim:a.b[0]"}"#,
    )
    .unwrap();
    let part = |bytes: &[u8]| {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let digit = |six: &[u8]| six.iter().chain([0; 6].iter()).take(6).fold(0, |digit, bit| digit << 1 | bit);
        bits.chunks(6).map(|six| char::from(alphabet[usize::from(digit(six))])).collect::<String>()
    };
    let made = format!("Bearer {}.{}.{}", part(b"{\"alg\":\"HS256\"}"), part(&claims), part(&[0; 32]));
    let headers = [("a", if as_is { token.as_str() } else { made.as_str() })];
    let delivery = Delivery { method: "POST", url: "https://h/", headers: &headers, body: b"{}" };
    let secrets = Secrets::parse(&scheme, &["secret"]);
    let options = Options::at(Duration::ZERO);
    assert!(verify(&scheme, &secrets, &delivery, &options).into_result().is_err());
});
