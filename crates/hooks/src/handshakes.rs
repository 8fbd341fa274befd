//! Notes of the secrets that senders tell in their handshakes, for sources that have none yet.

use keystile_core::{base::problem::Problem, objects::handshakes::NoteHandshake};
use keystile_runtime::{log, object};

use crate::{incoming::Incoming, source::Source};

const TIMEOUT_MS: u64 = 5_000;
/// The header with the sender's address. Cloudflare sets it.
const ADDRESS: &str = "cf-connecting-ip";

/// Has the secret kept for an operator to see.
///
/// # Errors
/// 503: the secret is not kept. The sender must not hear that the handshake is done, since nobody would know its secret.
pub(crate) async fn note(source: &Source, incoming: &Incoming, secret: String) -> Result<(), Problem> {
    let address = incoming.headers.iter().find(|(name, _)| name == ADDRESS);
    let call = NoteHandshake { secret, from: address.map(|(_, value)| value.clone()) };
    let noted = object::call(&incoming.env, &source.config.source, &call, TIMEOUT_MS).await;
    let (event, reason, detail) = match noted {
        Ok(noted) if noted.kept => {
            let fields = [("source", source.config.source.as_str()), ("request_id", incoming.request_id.as_str())];
            log::info("webhook_secret_told", &fields.map(|(name, value)| (name, value.into())));
            return Ok(());
        }
        Ok(_) => (
            "webhook_handshake_dropped",
            "too many secrets were told before this one".to_owned(),
            "Too many handshakes wait for this source's operator; send it again later.",
        ),
        Err(error) => {
            ("webhook_handshake_not_noted", error.0, "The secret could not be noted; send the handshake again.")
        }
    };
    let fields = [
        ("source", source.config.source.as_str()),
        ("request_id", incoming.request_id.as_str()),
        ("reason", reason.as_str()),
    ];
    log::warn(event, &fields.map(|(name, value)| (name, value.into())));
    Err(Problem::unavailable(detail))
}
