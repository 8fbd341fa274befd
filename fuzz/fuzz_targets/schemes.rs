//! Any scheme: one that is accepted says the same when it is written and read
//! again, and verifying by it panics at nothing.
//!
//! An input has three parts with NUL between them: the scheme as JSON, a header, and the body.
#![no_main]

use std::time::Duration;

use keystile_webhook::{Delivery, Options, Scheme, Secrets, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let Ok(text) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return };
    let header = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default();
    let Ok(scheme) = serde_json::from_str::<Scheme>(text) else { return };
    let again = serde_json::to_string(&scheme).unwrap();
    assert_eq!(serde_json::from_str::<Scheme>(&again).unwrap(), scheme);
    let secrets = Secrets::parse(&scheme, &["secret"]);
    let headers = [("a", &*header), ("b", &*header)];
    let delivery = Delivery { method: "GET", url: &header, headers: &headers, body };
    let options = Options::at(Duration::ZERO);
    let _ = verify(&scheme, &secrets, &delivery, &options).into_result();
    if let Some(request) = scheme.handshake(&delivery, &options) {
        let _ = request.answer(&secrets, &delivery, &options, None);
    }
});
