//! Randomness, from the platform's `crypto.getRandomValues`.

/// `N` random bytes.
///
/// # Errors
/// An error if the platform has none, which is a fault.
pub fn bytes<const N: usize>() -> worker::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(format!("no randomness: {error}")))?;
    Ok(bytes)
}
