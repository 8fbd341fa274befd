//! Schemes of real senders, and the part of the caller that the engine asks.

use core::time::Duration;
use std::{string::String, vec::Vec};

use crate::{
    Delivery, Failure, Options, Scheme, Secrets, Verification, Verified, algorithm::Algorithm, mac::Keyed, sign,
    verify, verify::SignatureCheck,
};

pub(crate) const STANDARD: &str = r#"
    signature = "header:webhook-signature|svix-signature"
    split = " "
    prefix = "v1,"
    encoding = "base64"
    algorithm = "hmac-sha256"
    key = "whsec"
    or = [{ prefix = "v1a,", algorithm = "ed25519", key = "whpk" }]
    message = "{header:webhook-id|svix-id}.{timestamp}.{body}"
    timestamp = { at = "header:webhook-timestamp|svix-timestamp" }
    event_id = "header:webhook-id|svix-id"
"#;

pub(crate) const ADYEN: &str = r#"
    each = "json:notificationItems[].NotificationRequestItem"
    signature = "json:additionalData.hmacSignature"
    encoding = "base64"
    algorithm = "hmac-sha256"
    key = "hex"
    message = "{json_or_empty:pspReference}:{json_or_empty:originalReference}:{json_or_empty:amount.value}"
"#;

pub(crate) const GITHUB: &str = r#"
    signature = "header:x-hub-signature-256"
    prefix = "sha256="
    encoding = "hex"
    algorithm = "hmac-sha256"
"#;

pub(crate) const STRIPE: &str = r#"
    signature = "header:stripe-signature"
    split = ","
    prefix = "v1="
    encoding = "hex"
    algorithm = "hmac-sha256"
    message = "{field:t}.{body}"
    timestamp = { at = "field:t" }
"#;

pub(crate) const SLACK: &str = r#"
    signature = "header:x-slack-signature"
    prefix = "v0="
    encoding = "hex"
    algorithm = "hmac-sha256"
    message = "v0:{timestamp}:{body}"
    timestamp = { at = "header:x-slack-request-timestamp" }
"#;

pub(crate) const PLAIN_BASE64: &str = r#"
    signature = "header:x-signature"
    encoding = "base64"
    algorithm = "hmac-sha256"
"#;

pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn scheme(text: &str) -> Scheme {
    toml::from_str(text).unwrap()
}

pub(crate) fn options(seconds: i64) -> Options<'static> {
    Options::at(Duration::from_secs(seconds.try_into().unwrap()))
}

pub(crate) fn post<'a>(headers: &'a [(&'a str, &'a str)], body: &'a [u8]) -> Delivery<'a> {
    Delivery { method: "POST", url: "https://example.com/hooks/a", headers, body }
}

/// Verifies a delivery, and does the checks that the engine leaves to the caller.
pub(crate) fn check(
    scheme: &Scheme,
    secrets: &[&str],
    delivery: &Delivery<'_>,
    options: &Options<'_>,
) -> Result<Verified, Failure> {
    let secrets = Secrets::parse(scheme, secrets);
    settle(verify(scheme, &secrets, delivery, options))
}

/// The code of the failure, or `VALID`.
pub(crate) fn code(scheme: &Scheme, secrets: &[&str], headers: &[(&str, &str)], body: &[u8]) -> &'static str {
    check(scheme, secrets, &post(headers, body), &options(NOW)).map_or_else(|failure| failure.code(), |_| "VALID")
}

pub(crate) fn settle(verification: Verification<'_>) -> Result<Verified, Failure> {
    match verification {
        Verification::Pending(pending) => {
            let answers: Vec<bool> = pending.checks.iter().map(|check| arithmetic(check).is_some()).collect();
            pending.finish(&answers)
        }
        verification => verification.into_result(),
    }
}

/// Does the arithmetic of WebCrypto with libraries that the engine itself need not have.
fn arithmetic(check: &SignatureCheck<'_>) -> Option<()> {
    use p256::ecdsa::signature::Verifier as _;
    use rsa::pkcs8::DecodePublicKey as _;
    use sha1::Sha1;
    use sha2::{Digest as _, Sha256};
    match check.algorithm {
        Algorithm::Ed25519 => {
            let key: [u8; 32] = check.key.get(12..)?.try_into().ok()?;
            let signature = ed25519_dalek::Signature::from_slice(&check.signature).ok()?;
            ed25519_dalek::VerifyingKey::from_bytes(&key).ok()?.verify_strict(&check.message, &signature).ok()
        }
        Algorithm::EcdsaP256P1363 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(check.key.get(26..)?).ok()?;
            key.verify(&check.message, &p256::ecdsa::Signature::from_slice(&check.signature).ok()?).ok()
        }
        Algorithm::EcdsaP256Sha1 => {
            use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(check.key.get(26..)?).ok()?;
            let signature = p256::ecdsa::Signature::from_slice(&check.signature).ok()?;
            key.verify_prehash(&Sha1::digest(&*check.message), &signature).ok()
        }
        Algorithm::EcdsaP521P1363 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(check.key.get(25..)?).ok()?;
            key.verify(&check.message, &p521::ecdsa::Signature::from_slice(&check.signature).ok()?).ok()
        }
        Algorithm::RsaSha256 => {
            let prefix = rsa_prefix(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], 32);
            let padding = rsa::Pkcs1v15Sign { hash_len: Some(32), prefix };
            let key = rsa::RsaPublicKey::from_public_key_der(&check.key).ok()?;
            key.verify(padding, &Sha256::digest(&*check.message), &check.signature).ok()
        }
        Algorithm::RsaSha1 => {
            let padding = rsa::Pkcs1v15Sign { hash_len: Some(20), prefix: rsa_prefix(&[0x2b, 0x0e, 3, 2, 0x1a], 20) };
            let key = rsa::RsaPublicKey::from_public_key_der(&check.key).ok()?;
            key.verify(padding, &Sha1::digest(&*check.message), &check.signature).ok()
        }
        algorithm => {
            let computed = Keyed::new(algorithm, &check.key)?.compute(core::slice::from_ref(&*check.message));
            (computed == check.signature).then_some(())
        }
    }
}

fn rsa_prefix(oid: &[u8], hash: u8) -> std::boxed::Box<[u8]> {
    let oid_len = u8::try_from(oid.len()).unwrap();
    let head = [0x30, 8 + oid_len + hash, 0x30, 4 + oid_len, 6, oid_len];
    [&head, oid, &[5, 0, 4, hash]].concat().into()
}

/// The headers of a delivery that is signed now by this scheme.
pub(crate) fn signed(scheme: &Scheme, secret: &str, body: &[u8]) -> Vec<(String, String)> {
    signed_at(scheme, secret, body, NOW)
}

pub(crate) fn signed_at(scheme: &Scheme, secret: &str, body: &[u8], seconds: i64) -> Vec<(String, String)> {
    sign(scheme, secret, &post(&[], body), Some("msg_1"), &options(seconds)).unwrap().headers
}

pub(crate) fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The value of a header that signing made.
pub(crate) fn value<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()).unwrap()
}

/// The code of a delivery with one header replaced.
pub(crate) fn with_header(
    scheme: &Scheme,
    secret: &str,
    headers: &[(String, String)],
    body: &[u8],
    name: &str,
    value: &str,
) -> &'static str {
    let mut headers = borrowed(headers);
    headers.retain(|(other, _)| *other != name);
    headers.push((name, value));
    code(scheme, &[secret], &headers, body)
}

/// A key pair of Standard Webhooks, and a shared secret.
pub(crate) const WHSK: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
pub(crate) const WHPK: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
pub(crate) const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
