//! Randomness, from the platform's `crypto.getRandomValues`.

use keystile_core::base::base62;

/// `N` random bytes.
///
/// # Errors
/// An error if the platform has none, which is a fault.
pub fn bytes<const N: usize>() -> worker::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(format!("no randomness: {error}")))?;
    Ok(bytes)
}

/// A name of 16 characters that nobody draws twice.
///
/// # Errors
/// An error if the platform has no randomness, which is a fault.
pub fn name() -> worker::Result<String> {
    let drawn = base62::draw::<16>(&bytes::<32>()?);
    let drawn = drawn.ok_or_else(|| worker::Error::RustError("too few random bytes for a name".into()))?;
    Ok(drawn.map(char::from).iter().collect())
}
