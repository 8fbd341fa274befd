//! The signature of an event, by Standard Webhooks.

use keystile_core::{
    Keyring, Timestamp,
    events::{
        sealing,
        terms::{EndpointTerms, SignatureKind},
    },
};
use keystile_webhook::{Delivery, Options, Scheme, sign};
use serde_json::json;

/// The header `webhook-signature` of an event: one signature for each secret that signs now, with spaces between them.
/// `None` if no secret can be opened, or none signs.
pub(crate) fn signature(
    keyring: &Keyring,
    terms: &EndpointTerms,
    webhook_id: &str,
    body: &str,
    now: Timestamp,
) -> Option<String> {
    let (prefix, algorithm, key) = match terms.signature {
        SignatureKind::V1 => ("v1,", "hmac-sha256", "whsec"),
        SignatureKind::V1a => ("v1a,", "ed25519", "whpk"),
    };
    let scheme = Scheme::from_value(json!({
        "signature": "header:webhook-signature",
        "split": " ",
        "prefix": prefix,
        "encoding": "base64",
        "algorithm": algorithm,
        "key": key,
        "message": "{header:webhook-id}.{timestamp}.{body}",
        "timestamp": { "at": "header:webhook-timestamp" },
        "event_id": "header:webhook-id",
    }))
    .ok()?;
    let headers = [("webhook-id", webhook_id)];
    let delivery = Delivery { method: "POST", url: "", headers: &headers, body: body.as_bytes() };
    let options = Options::at(now.since_unix());
    let opened = terms.signing_secrets(now).filter_map(|sealed| sealing::open(keyring, &terms.id, sealed));
    let signed = opened.filter_map(|secret| sign(&scheme, &secret, &delivery, Some(webhook_id), &options).ok());
    let signatures: Vec<String> = signed.map(|signed| signed.value).collect();
    (!signatures.is_empty()).then(|| signatures.join(" "))
}
