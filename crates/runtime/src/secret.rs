//! The Worker secrets that several workers need.

use js_sys::Reflect;
use keystile_core::{Keyring, RootKeys};
use worker::Env;

/// The keyring of `KEYSTILE_SECRET`. Call it once per isolate: reading a secret crosses into JavaScript, and deriving
/// subkeys costs hashing.
///
/// # Errors
/// An error if the secret is missing or wrong; the message says what to write.
pub fn keyring(env: &Env) -> worker::Result<Keyring> {
    let value = text(env, "KEYSTILE_SECRET")
        .ok_or_else(|| worker::Error::RustError("the secret KEYSTILE_SECRET is not set".into()))?;
    Keyring::parse(&value).map_err(|error| worker::Error::RustError(error.to_string()))
}

/// The root keys of `KEYSTILE_ROOT_KEY`; none if it is not set or too short.
#[must_use]
pub fn root_keys(env: &Env) -> RootKeys {
    text(env, "KEYSTILE_ROOT_KEY").map(|value| RootKeys::parse(&value)).unwrap_or_default()
}

/// The secret or variable of this name.
#[must_use]
pub fn text(env: &Env, name: &str) -> Option<String> {
    Reflect::get(env, &name.into()).ok()?.as_string().filter(|value| !value.is_empty())
}
