//! The key in a request.

use keystile_core::{
    Environment, PlainKey,
    access::verdict::{self, Refusal},
    key::{KeyKind, ParseKeyError},
};

use crate::{incoming::Incoming, isolate::Isolate};

/// The one key that a request presents. It has a valid tag, or the form of an imported key.
pub(crate) fn presented_key(
    isolate: &Isolate,
    incoming: &Incoming,
    accepted: Option<Environment>,
) -> Result<PlainKey, Refusal> {
    let text = incoming.carriers().credential(&isolate.config.places, isolate.config.key_forms())?;
    parsed_key(isolate, text, accepted)
}

/// Parses a key's text, as far as it can be judged before storage is read.
pub(crate) fn parsed_key(isolate: &Isolate, text: &str, accepted: Option<Environment>) -> Result<PlainKey, Refusal> {
    let parsed = isolate.keyring.parse_api_key(text, isolate.config.key_forms());
    // A root key may have any form, that of imported keys too.
    let has_tag = match &parsed {
        Ok(key) => key.kind() != KeyKind::Imported,
        Err(error) => *error == ParseKeyError::BadTag,
    };
    if !has_tag && isolate.root_keys.include(text) {
        return Err(ParseKeyError::NotForOperators.into());
    }
    let key = parsed?;
    if let Some(of_key) = key.environment() {
        verdict::check_environment(of_key, accepted)?;
    }
    Ok(key)
}
