//! Any signature, key and secret by each algorithm: nothing panics.
#![no_main]

use std::time::Duration;

use keystile_webhook::{Delivery, Scheme, Secrets, Options, verify};
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

fuzz_target!(|data: (u8, String, Vec<u8>, Vec<u8>)| {
    let (method, secret, signature, body) = data;
    let (algorithm, key) = METHODS[usize::from(method) % METHODS.len()];
    let message = if algorithm == "sha256" { "{secret}{body}" } else { "{body}" };
    let scheme: Scheme = serde_json::from_value(serde_json::json!({
        "signature": "header:s", "encoding": "hex", "algorithm": algorithm, "key": key, "message": message,
    }))
    .unwrap();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = [("s", hex.as_str())];
    let delivery = Delivery { method: "POST", url: "https://h/", headers: &headers, body: &body };
    let secrets = Secrets::parse(&scheme, &[&secret]);
    let options = Options::at(Duration::ZERO);
    let _ = verify(&scheme, &secrets, &delivery, &options).into_result();
});
