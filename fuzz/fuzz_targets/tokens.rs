//! Any JWT: nothing panics, and none is genuine.
//!
//! An input is a byte, and after an odd one the header's value, else the claims of a token that is made of them.
#![no_main]

use std::time::Duration;

use keystile_webhook::{Delivery, Options, Scheme, Secrets, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
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
    let made = format!("Bearer {}.{}.{}", part(b"{\"alg\":\"HS256\"}"), part(rest), part(&[0; 32]));
    let sent = if kind % 2 == 1 { String::from_utf8_lossy(rest).into_owned() } else { made };
    let headers = [("a", sent.as_str())];
    let delivery = Delivery { method: "POST", url: "https://h/", headers: &headers, body: b"{}" };
    let secrets = Secrets::parse(&scheme, &["secret"]);
    let options = Options::at(Duration::ZERO);
    assert!(verify(&scheme, &secrets, &delivery, &options).into_result().is_err());
});
