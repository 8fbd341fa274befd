//! The signature by Standard Webhooks with which every event is forwarded. The engine signs short bodies, and the
//! platform long ones, where they lie.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use js_sys::Uint8Array;
use keystile_core::Timestamp;
use keystile_webhook::{Delivery, Options, Scheme, Secrets};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{body::Buffer, glue};

/// The length of a body from which the platform's HMAC is faster than the module's (`docs/design/benchmarks.md`), bytes.
const BY_PLATFORM_FROM: u32 = 8 * 1024;

/// A `whsec_…` to sign with.
pub(crate) struct SigningSecret {
    text: String,
    key: Vec<u8>,
}

impl SigningSecret {
    /// Parses the secret.
    ///
    /// # Errors
    /// The mistake in it.
    pub(crate) fn parse(text: String, standard: &Scheme) -> Result<Self, String> {
        let secrets = Secrets::parse(standard, &[&text]);
        match (secrets.faults().first(), secrets.shared_keys().next()) {
            (None, Some(key)) => Ok(Self { key: key.to_vec(), text }),
            (fault, _) => Err(fault.map(ToString::to_string).unwrap_or_default()),
        }
    }
}

/// The headers of the signature. With two secrets it is one signature by each, with a space between them.
///
/// # Errors
/// The reason, for the log.
pub(crate) async fn sign(
    standard: &Scheme,
    webhook_id: &str,
    body: &Buffer,
    secrets: &[SigningSecret],
    now: Timestamp,
) -> Result<Vec<(String, String)>, String> {
    let seconds = now.since_unix().as_secs().to_string();
    let mut signatures: Vec<String> = Vec::new();
    if body.len() < BY_PLATFORM_FROM {
        let (id, body) = ([("webhook-id", webhook_id)], body.to_vec());
        let delivery = Delivery { method: "POST", url: "", headers: &id, body: &body };
        let options = Options::at(now.since_unix());
        for secret in secrets {
            let signed = keystile_webhook::sign(standard, &secret.text, &delivery, Some(webhook_id), &options)
                .map_err(|failure| format!("{}: {}", failure.code(), failure.detail()))?;
            signatures.push(signed.value);
        }
    } else {
        let before = format!("{webhook_id}.{seconds}.");
        for secret in secrets {
            let signature = hmac(&secret.key, &before, body.bytes()).await?;
            signatures.push(format!("v1,{}", STANDARD.encode(signature)));
        }
    }
    Ok(vec![("webhook-timestamp".to_owned(), seconds), ("webhook-signature".to_owned(), signatures.join(" "))])
}

/// The HMAC-SHA256 of a text and the body after it, by the platform.
async fn hmac(key: &[u8], before: &str, body: &Uint8Array) -> Result<Vec<u8>, String> {
    let said = |error: JsValue| js_sys::Error::from(error).message().as_string().unwrap_or_default();
    let signed = JsFuture::from(glue::hmac(key, before, body).map_err(said)?).await.map_err(said)?;
    Ok(signed.dyn_into::<Uint8Array>().map_err(said)?.to_vec())
}
