//! The keys that senders of webhooks publish: an object for each address (`jwks_url`), whose name is the address.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::calls;

/// The binding.
pub const BINDING: &str = "WEBHOOK_KEYS";

calls! { BINDING;
    GetKeys, "/get" => KnownKeys;
}

/// Asks for the keys at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetKeys {
    /// The address.
    pub url: String,
    /// Whether a delivery names a key that the present ones lack. Then the address is asked, if that may be.
    #[serde(default)]
    pub anew: bool,
}

/// The keys at an address, as the object knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownKeys {
    /// The set of keys, JSON as it was fetched; `None` if there is none that may serve.
    pub keys: Option<String>,
    /// Whether they were fetched for this very call.
    #[serde(default)]
    pub anew: bool,
    /// The time until the object may know newer keys, milliseconds.
    #[serde(default)]
    pub wait_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_messages_are_golden() {
        let call = GetKeys { url: "https://a.example/keys".into(), anew: true };
        assert_eq!(serde_json::to_string(&call).unwrap(), r#"{"url":"https://a.example/keys","anew":true}"#);
        let known = KnownKeys { keys: Some("{}".into()), anew: false, wait_ms: 59_000 };
        assert_eq!(serde_json::to_string(&known).unwrap(), r#"{"keys":"{}","anew":false,"wait_ms":59000}"#);
        assert!(serde_json::from_str::<KnownKeys>(r#"{"keys":null}"#).is_ok());
    }
}
