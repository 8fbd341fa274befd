//! Any scheme: one that is accepted says the same when it is written and read
//! again, and verifying by it panics at nothing.
#![no_main]

use std::time::Duration;

use keystile_webhook::{Delivery, Scheme, Secrets, Options, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (String, String, Vec<u8>)| {
    let (text, header, body) = data;
    let Ok(scheme) = serde_json::from_str::<Scheme>(&text) else { return };
    let again = serde_json::to_string(&scheme).unwrap();
    assert_eq!(serde_json::from_str::<Scheme>(&again).unwrap(), scheme);
    let secrets = Secrets::parse(&scheme, &["secret"]);
    let headers = [("a", header.as_str()), ("b", header.as_str())];
    let delivery = Delivery { method: "GET", url: &header, headers: &headers, body: &body };
    let options = Options::at(Duration::ZERO);
    let _ = verify(&scheme, &secrets, &delivery, &options).into_result();
    if let Some(request) = scheme.handshake(&delivery, &options) {
        let _ = request.answer(&secrets, &delivery, &options, None);
    }
});
