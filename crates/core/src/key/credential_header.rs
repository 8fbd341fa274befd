//! The places of a request that may carry the key, as `[keys] headers` of `keystile.toml` lists them.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
};
use core::fmt;

/// A place of a request that may carry the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialHeader {
    /// `Authorization: {scheme} {key}`, the scheme in any case.
    Scheme(Box<str>),
    /// The user name of `Authorization: Basic …`. Callers leave the password empty, or send any.
    BasicUsername,
    /// The password of `Authorization: Basic …`, with any user name.
    BasicPassword,
    /// The header of this name, in small letters. The key is its whole value.
    Named(Box<str>),
}

/// The headers that mean something else, so that a key in them would be taken for that, or changed on its way.
const TAKEN: [&str; 17] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "host",
    "idempotency-key",
    "origin",
    "prefer",
    "proxy-authorization",
    "referer",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
/// Families of the same.
const TAKEN_FAMILIES: [&str; 4] = ["cf-", "keystile", "sec-", "x-forwarded-"];

impl CredentialHeader {
    /// `Authorization: Bearer …`, the only place for operators' keys.
    #[must_use]
    pub fn bearer() -> Self {
        Self::Scheme("Bearer".into())
    }

    /// Parses an item of `[keys] headers`. Case doesn't count, except in how a scheme is shown.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let is_word = |word: &str| {
            (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        match lower.as_str() {
            "bearer" | "scheme:bearer" => return Ok(Self::bearer()),
            "basic:username" => return Ok(Self::BasicUsername),
            "basic:password" => return Ok(Self::BasicPassword),
            "basic" | "scheme:basic" => return Err("write \"basic:username\" or \"basic:password\"".into()),
            "authorization" => {
                return Err("write the scheme that stands before the key: \"bearer\", or \"scheme:token\" for \
                            `Authorization: Token …`"
                    .into());
            }
            name if TAKEN.contains(&name) || TAKEN_FAMILIES.iter().any(|family| name.starts_with(family)) => {
                return Err(format!(
                    "the header {} means something else; name one that is for keys alone",
                    shown(name)
                ));
            }
            _ => {}
        }
        match text.split_once(':') {
            Some((kind, word)) if kind.eq_ignore_ascii_case("scheme") && is_word(word) => Ok(Self::Scheme(word.into())),
            None if is_word(text) => Ok(Self::Named(lower.into())),
            _ => Err("write \"bearer\", \"scheme:token\", \"basic:username\", \"basic:password\" or a header's name, \
                      such as \"x-api-key\", of letters, digits and `-`"
                .into()),
        }
    }

    /// The name of the header, if it is not `Authorization`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            _ => None,
        }
    }

    /// The header with a key in it, for a person: `Authorization: Bearer KEY`.
    pub(crate) fn with_key(&self) -> String {
        match self {
            Self::Scheme(scheme) => format!("Authorization: {} KEY", shown(scheme)),
            Self::BasicUsername => "Authorization: Basic base64(KEY:)".to_string(),
            Self::BasicPassword => "Authorization: Basic base64(api:KEY)".to_string(),
            Self::Named(name) => format!("{}: KEY", shown(name)),
        }
    }

    /// The challenge (RFC 9110, 11.6.1) that a key in this place meets. There is no registered scheme for a header of a
    /// key's own; `ApiKey` says where the key goes in the words of OpenAPI's security schemes.
    pub(crate) fn challenge(&self, realm: &str) -> String {
        match self {
            Self::Scheme(scheme) => format!("{} realm=\"{realm}\"", shown(scheme)),
            Self::BasicUsername | Self::BasicPassword => format!("Basic realm=\"{realm}\", charset=\"UTF-8\""),
            Self::Named(name) => format!("ApiKey realm=\"{realm}\", in=\"header\", name=\"{}\"", shown(name)),
        }
    }
}

/// As `keystile.toml` writes it.
impl fmt::Display for CredentialHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) if scheme.eq_ignore_ascii_case("bearer") => f.write_str("bearer"),
            Self::Scheme(scheme) => write!(f, "scheme:{scheme}"),
            Self::BasicUsername => f.write_str("basic:username"),
            Self::BasicPassword => f.write_str("basic:password"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// A scheme or a header's name in its usual spelling: each word in small letters gets a capital, `X-Api-Key`.
#[must_use]
pub fn shown(name: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => String::new(),
    };
    name.split('-').map(word).collect::<alloc::vec::Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn places_are_read_and_shown_as_they_are_written() {
        for (text, with_key, challenge) in [
            ("bearer", "Authorization: Bearer KEY", "Bearer realm=\"Demo\""),
            ("scheme:token", "Authorization: Token KEY", "Token realm=\"Demo\""),
            ("scheme:ApiKey", "Authorization: ApiKey KEY", "ApiKey realm=\"Demo\""),
            ("basic:username", "Authorization: Basic base64(KEY:)", "Basic realm=\"Demo\", charset=\"UTF-8\""),
            ("basic:password", "Authorization: Basic base64(api:KEY)", "Basic realm=\"Demo\", charset=\"UTF-8\""),
            ("x-api-key", "X-Api-Key: KEY", "ApiKey realm=\"Demo\", in=\"header\", name=\"X-Api-Key\""),
            ("api-key", "Api-Key: KEY", "ApiKey realm=\"Demo\", in=\"header\", name=\"Api-Key\""),
        ] {
            let header = CredentialHeader::parse(text).unwrap();
            assert_eq!(
                (header.to_string().as_str(), header.with_key().as_str(), header.challenge("Demo").as_str()),
                (text, with_key, challenge)
            );
        }
        for (text, other) in [("Bearer", "bearer"), ("scheme:BEARER", "bearer"), ("X-API-Key", "x-api-key")] {
            assert_eq!(CredentialHeader::parse(text), CredentialHeader::parse(other));
        }
    }

    #[test]
    fn what_is_no_place_for_a_key_says_what_to_write() {
        for (text, said) in [
            ("", "write \"bearer\""),
            ("scheme:", "write \"bearer\""),
            ("scheme:to ken", "write \"bearer\""),
            ("x_api_key", "write \"bearer\""),
            ("basic:user", "write \"bearer\""),
            ("basic", "write \"basic:username\""),
            ("scheme:Basic", "write \"basic:username\""),
            ("Authorization", "write the scheme"),
            ("Cookie", "the header Cookie means something else"),
            ("cf-connecting-ip", "the header Cf-Connecting-Ip means something else"),
        ] {
            let refused = CredentialHeader::parse(text).unwrap_err();
            assert!(refused.starts_with(said), "{text}: {refused}");
        }
    }
}
