//! Ids and names: of keys, operators, audit entries, deliveries and tenants.

use alloc::{boxed::Box, string::String};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::base::base62;

/// The number of random bytes that `from_random` needs.
pub const ID_RANDOM_BYTES: usize = 2 * ID_LEN;
const ID_LEN: usize = 20;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $($prefix:literal)|+, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// Parses an id.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let random = [$($prefix),+].iter().find_map(|prefix| text.strip_prefix(prefix))?;
                (random.len() == ID_LEN && random.bytes().all(base62::is_base62)).then(|| Self(text.into()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("an id such as ", $example, " expected")))
            }
        }
    };
}

id!(
    /// A key's permanent id: `key_…` for tenants' keys, `op_…` for operators' keys.
    KeyId, "key_" | "op_", "key_4bTzV9cXk07Hq2mN1pRs"
);
id!(
    /// An audit entry's id.
    AuditId, "aud_", "aud_4bTzV9cXk07Hq2mN1pRs"
);

id!(
    /// The id of an event that waits in the queue of webhooks.
    DeliveryId, "dlv_", "dlv_4bTzV9cXk07Hq2mN1pRs"
);

id!(
    /// The id of a handshake in which a sender of webhooks told its secret.
    HandshakeId, "hsk_", "hsk_4bTzV9cXk07Hq2mN1pRs"
);

id!(
    /// The id of a portal session.
    SessionId, "ps_", "ps_4bTzV9cXk07Hq2mN1pRs"
);

id!(
    /// The id of an event that is sent to endpoints. Its repeats have the same id.
    EventId, "evt_", "evt_4bTzV9cXk07Hq2mN1pRs"
);

id!(
    /// The id of an endpoint that events are sent to.
    EndpointId, "ep_", "ep_4bTzV9cXk07Hq2mN1pRs"
);

impl EventId {
    /// A new id, from [`ID_RANDOM_BYTES`] random bytes.
    #[must_use]
    pub fn from_random(random: &[u8]) -> Option<Self> {
        from_random("evt_", random).map(Self)
    }
}

impl EndpointId {
    /// A new id, from [`ID_RANDOM_BYTES`] random bytes.
    #[must_use]
    pub fn from_random(random: &[u8]) -> Option<Self> {
        from_random("ep_", random).map(Self)
    }
}

impl SessionId {
    /// A new id, from [`ID_RANDOM_BYTES`] random bytes.
    #[must_use]
    pub fn from_random(random: &[u8]) -> Option<Self> {
        from_random("ps_", random).map(Self)
    }
}

impl DeliveryId {
    /// A new id, from [`ID_RANDOM_BYTES`] random bytes.
    #[must_use]
    pub fn from_random(random: &[u8]) -> Option<Self> {
        from_random("dlv_", random).map(Self)
    }
}

impl HandshakeId {
    /// A new id, from [`ID_RANDOM_BYTES`] random bytes.
    #[must_use]
    pub fn from_random(random: &[u8]) -> Option<Self> {
        from_random("hsk_", random).map(Self)
    }
}

impl KeyId {
    /// A new id of a tenant's key, from [`ID_RANDOM_BYTES`] random bytes.
    #[must_use]
    pub fn key_from_random(random: &[u8]) -> Option<Self> {
        from_random("key_", random).map(Self)
    }

    /// A new id of an operator's key, from [`ID_RANDOM_BYTES`] random bytes.
    #[must_use]
    pub fn operator_from_random(random: &[u8]) -> Option<Self> {
        from_random("op_", random).map(Self)
    }

    /// Whether it is the id of an operator's key.
    #[must_use]
    pub fn is_operators(&self) -> bool {
        self.as_str().starts_with("op_")
    }
}

impl AuditId {
    /// A new id, from [`ID_RANDOM_BYTES`] random bytes.
    #[must_use]
    pub fn from_random(random: &[u8]) -> Option<Self> {
        from_random("aud_", random).map(Self)
    }
}

fn from_random(prefix: &str, random: &[u8]) -> Option<Box<str>> {
    let mut id = String::from(prefix);
    id.extend(base62::draw::<ID_LEN>(random)?.map(char::from));
    Some(id.into())
}

/// A tenant's name: 1 to 64 characters of `[A-Za-z0-9_-]`, of which the first is no `_`. Case counts. It is the
/// deployment's own name for its customer, such as `org_2abC` or `cus_Nff`. Keystile's own objects begin with `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TenantId(Box<str>);

/// The form of a tenant's name, for error messages.
pub const TENANT_FORM: &str = "a tenant is 1 to 64 letters, digits, `-` and `_`, and doesn't begin with `_`";

impl TenantId {
    /// Parses a tenant's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=64).contains(&text.len()) && !text.starts_with('_');
        (fits && text.bytes().all(allowed)).then(|| Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(TENANT_FORM))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn ids_read_back_and_keep_their_kind() {
        let id = KeyId::key_from_random(&[1; ID_RANDOM_BYTES]).unwrap();
        assert_eq!(KeyId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(AuditId::parse(id.as_str()), None);
        assert_eq!(KeyId::parse("key_short"), None);
        assert_eq!(KeyId::parse("key_4bTzV9cXk07Hq2mN1p/s"), None);
    }

    #[test]
    fn tenants_are_short_and_plain() {
        for good in ["a", "acme", "org-42", "org_2abC", "cus_Nff", "01EHWNCE74X7", "-", "A", &"x".repeat(64)] {
            assert!(TenantId::parse(good).is_some(), "{good}");
        }
        for bad in ["", "_", "_a", "a/b", "a.b", "a b", "é", "_operators", &"x".repeat(65)] {
            assert!(TenantId::parse(bad).is_none(), "{bad}");
        }
    }
}
