//! The Worker secrets that both workers need.

use keystile_core::{KeyDigest, Keyring};
use worker::Env;

/// The keyring of `KEYSTILE_SECRET`. Reading a secret crosses into JavaScript,
/// and deriving subkeys costs hashing: once per isolate.
///
/// # Errors
/// If the secret is missing or wrong; the message says what to write.
pub fn keyring(env: &Env) -> worker::Result<Keyring> {
    let value = text(env, "KEYSTILE_SECRET")
        .ok_or_else(|| worker::Error::RustError("the secret KEYSTILE_SECRET is not set".into()))?;
    Keyring::parse(&value).map_err(|error| worker::Error::RustError(error.to_string()))
}

/// The digest of `KEYSTILE_ROOT_KEY`, if it is set and long enough to be one.
#[must_use]
pub fn root_key(env: &Env) -> Option<KeyDigest> {
    let value = text(env, "KEYSTILE_ROOT_KEY")?;
    (value.len() >= 32).then(|| KeyDigest::of(&value))
}

/// Any secret or variable by its name.
#[must_use]
pub fn text(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty())
}
