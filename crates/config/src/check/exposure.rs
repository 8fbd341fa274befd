//! Checks of `[exposure]`.

use keystile_core::{ledger::exposure::Policies, receiver::github_keys::KEYS_URL};

use super::{Check, webhooks::is_public_url};
use crate::raw::RawExposure;

impl Check {
    /// The policies, and the address of GitHub's keys.
    pub(crate) fn exposure(&mut self, raw: &RawExposure) -> (Policies, String) {
        self.that(is_public_url(&raw.github_keys_url), &["exposure", "github_keys_url"], || {
            format!("leave it out for \"{KEYS_URL}\"; tests write an https:// URL, or one of http://127.0.0.1")
        });
        let RawExposure { github, operator, anonymous, github_keys_url } = raw.clone();
        (Policies { github, operator, anonymous }, github_keys_url)
    }
}
