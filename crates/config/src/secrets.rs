//! The check of the two secrets of every deployment, as the workers read them.

use keystile_core::key::{
    keyring::Keyring,
    root_key::{MIN_ROOT_KEY_LEN, RootKeys},
};

/// The mistakes in `KEYSTILE_SECRET` and `KEYSTILE_ROOT_KEY`, a sentence each.
#[must_use]
pub fn mistakes(secret: &str, root_key: &str) -> Vec<String> {
    let secret = Keyring::parse(secret).err().map(|error| error.to_string());
    let root_key = RootKeys::parse(root_key).is_empty().then(|| {
        format!("KEYSTILE_ROOT_KEY: write a key of {MIN_ROOT_KEY_LEN} characters or more, or several joined by commas")
    });
    secret.into_iter().chain(root_key).collect()
}
