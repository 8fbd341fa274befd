//! The keys that senders of webhooks publish, and those of GitHub's reports of leaked keys: an object for each address (`jwks_url`), whose name is the address.

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
    /// The form in which they are published.
    #[serde(default, skip_serializing_if = "KeySetForm::is_jwks")]
    pub form: KeySetForm,
}

/// The form in which keys are published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySetForm {
    /// A JWKS (RFC 7517).
    #[default]
    Jwks,
    /// GitHub's list of the keys that it signs reports of leaked keys with.
    Github,
}

impl KeySetForm {
    /// The name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwks => "jwks",
            Self::Github => "github",
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    const fn is_jwks(&self) -> bool {
        matches!(self, Self::Jwks)
    }
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
        let call = GetKeys { url: "https://a.example/keys".into(), anew: true, form: KeySetForm::Jwks };
        assert_eq!(serde_json::to_string(&call).unwrap(), r#"{"url":"https://a.example/keys","anew":true}"#);
        let call = GetKeys { form: KeySetForm::Github, ..call };
        let text = r#"{"url":"https://a.example/keys","anew":true,"form":"github"}"#;
        assert_eq!(serde_json::to_string(&call).unwrap(), text);
        let known = KnownKeys { keys: Some("{}".into()), anew: false, wait_ms: 59_000 };
        assert_eq!(serde_json::to_string(&known).unwrap(), r#"{"keys":"{}","anew":false,"wait_ms":59000}"#);
        assert!(serde_json::from_str::<KnownKeys>(r#"{"keys":null}"#).is_ok());
    }
}
