//! Any signature, key and secret by each algorithm: nothing panics.
//!
//! An input is a byte that chooses the algorithm, and three parts with NUL between them: the secret, the signature in
//! hex, and the body.
#![no_main]

use std::time::Duration;

use keystile_webhook::{Delivery, Options, Scheme, Secrets, verify};
use libfuzzer_sys::fuzz_target;

const METHODS: [(&str, &str); 10] = [
    ("hmac-sha256", "whsec-and-utf8"),
    ("sha256", "nfkd"),
    ("hmac-sha1", "sha1"),
    ("ed25519", "ed25519-hex"),
    ("ed25519", "whpk"),
    ("ecdsa-p256", "spki-base64"),
    ("ecdsa-p256-p1363", "jwk"),
    ("rsa-sha256", "pem"),
    ("rsa-sha1", "spki-base64"),
    ("rsa-sha256", "jwk"),
];

fuzz_target!(|data: &[u8]| {
    let Some((method, rest)) = data.split_first() else { return };
    let (algorithm, key) = METHODS[usize::from(*method) % METHODS.len()];
    let mut parts = rest.splitn(3, |byte| *byte == 0);
    let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let (secret, signature) = (text(), text());
    let body = parts.next().unwrap_or_default();
    let message = if algorithm == "sha256" { "{secret}{body}" } else { "{body}" };
    let scheme: Scheme = serde_json::from_value(serde_json::json!({
        "signature": "header:s", "encoding": "hex", "algorithm": algorithm, "key": key, "message": message,
    }))
    .unwrap();
    let headers = [("s", signature.as_str())];
    let delivery = Delivery { method: "POST", url: "https://h/", headers: &headers, body };
    let secrets = Secrets::parse(&scheme, &[&secret]);
    let options = Options::at(Duration::ZERO);
    let _ = verify(&scheme, &secrets, &delivery, &options).into_result();
});
