//! The key that a request presents.

use keystile_core::{
    Environment, PlainKey,
    access::verdict::{self, Refusal},
};

use crate::{incoming::Incoming, isolate::Isolate};

/// The one key that a request presents: with a valid tag, or of the form of imported keys.
pub(crate) fn presented_key(
    isolate: &Isolate,
    incoming: &Incoming,
    accepted: Option<Environment>,
) -> Result<PlainKey, Refusal> {
    let text = incoming.carriers().credential(&isolate.config.headers, isolate.config.key_forms())?;
    parsed_key(isolate, text, accepted)
}

/// The key that a text is: all that can be judged before storage is read.
pub(crate) fn parsed_key(isolate: &Isolate, text: &str, accepted: Option<Environment>) -> Result<PlainKey, Refusal> {
    let key = isolate.keyring.parse_api_key(text, isolate.config.key_forms())?;
    if let Some(of_key) = key.environment() {
        verdict::check_environment(of_key, accepted)?;
    }
    Ok(key)
}
