//! The checked configuration of each worker.
//!
//! `keystile-config` reads and checks `keystile.toml` when a deployment is built. The result ships to the workers as
//! data, to each worker its own part. So another configuration needs no other compilation, and no worker carries the
//! checks.

mod cors;
mod edge;
mod event_addresses;
#[cfg(feature = "webhooks")]
mod hooks;
pub(crate) mod manage;
mod replays;
#[cfg(feature = "webhooks")]
mod type_pattern;
mod upstream;
mod verification_mode;
mod webhook_mode;

use alloc::{
    format,
    string::{String, ToString},
};

use base64ct::{Base64, Encoding as _};
use serde::{Serialize, de::DeserializeOwned};

pub use cors::Cors;
pub use edge::EdgeConfig;
pub use event_addresses::AddressRules;
#[cfg(feature = "webhooks")]
pub use hooks::{HooksConfig, WebhookSource, WebhookUpstream};
pub use manage::{DefaultScopes, ManageConfig, OWN_SCHEME, ToldApartBy, WebhookSummary, WebhookUpstreamSummary};
pub use replays::Replays;
#[cfg(feature = "webhooks")]
pub use type_pattern::TypePattern;
pub use upstream::{Target, Upstream};
pub use verification_mode::VerificationMode;
pub use webhook_mode::WebhookMode;

/// The version of the shipped form. Workers read no other version.
const BLOB_VERSION: u32 = 10;

/// Writes a configuration in the shipped form: its version and the value in postcard, together in base64.
#[must_use]
pub fn to_blob<T: Serialize>(config: &T) -> String {
    // Every part serialises, since the types are plain data.
    Base64::encode_string(&postcard::to_allocvec(&(BLOB_VERSION, config)).unwrap_or_default())
}

/// Reads the result of [`to_blob`] back.
///
/// # Errors
/// A sentence that says why the text is not a blob of this version.
pub fn from_blob<T: DeserializeOwned>(blob: &str) -> Result<T, String> {
    let bytes = Base64::decode_vec(blob).map_err(|error| error.to_string())?;
    let (version, rest) = postcard::take_from_bytes::<u32>(&bytes).map_err(|error| error.to_string())?;
    if version != BLOB_VERSION {
        return Err(format!("configuration of version {version}, where {BLOB_VERSION} is read; build it again"));
    }
    postcard::from_bytes(rest).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_was_built_for_another_version_is_refused() {
        let other = Base64::encode_string(&postcard::to_allocvec(&(BLOB_VERSION + 1, 0_u32)).unwrap());
        let refused = from_blob::<ManageConfig>(&other).unwrap_err();
        assert!(refused.contains(&format!("version {}", BLOB_VERSION + 1)), "{refused}");
        for broken in ["", "{}", "AQ=="] {
            assert!(from_blob::<EdgeConfig>(broken).is_err(), "{broken}");
        }
    }
}
