//! The types of events.

use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident $text:literal;)+) => {
        /// The type of an event: full-stop delimited, as Standard Webhooks has it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl EventType {
            /// All types, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The type as JSON has it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Parses a type.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

event_types! {
    /// A key was created.
    KeyCreated "key.created";
    /// A key's name, scopes, expiry, addresses, metadata or limits were changed.
    KeyUpdated "key.updated";
    /// A key was revoked.
    KeyRevoked "key.revoked";
    /// A key was rotated: another one takes its place.
    KeyRotated "key.rotated";
    /// A key is older than keys should grow.
    KeyRotationDue "key.rotation_due";
    /// A key was disabled.
    KeyDisabled "key.disabled";
    /// A key was enabled again.
    KeyEnabled "key.enabled";
    /// A key will expire soon.
    KeyExpiring "key.expiring";
    /// A key has expired.
    KeyExpired "key.expired";
    /// A key has been unused for long, and will be disabled.
    KeyUnused "key.unused";
    /// A key was found where it doesn't belong.
    KeyExposed "key.exposed";
    /// A limit was reached.
    LimitReached "limit.reached";
    /// A tenant was suspended.
    TenantSuspended "tenant.suspended";
    /// A tenant's suspension ended.
    TenantResumed "tenant.resumed";
    /// An endpoint was disabled, because it failed for too long.
    EndpointDisabled "endpoint.disabled";
    /// A test of an endpoint. It is sent on request alone, to the endpoint that it tests.
    EndpointTest "endpoint.test";
}

impl EventType {
    /// Whether an endpoint can ask for it. A test is sent only on request.
    #[must_use]
    pub const fn can_be_asked_for(self) -> bool {
        !matches!(self, Self::EndpointTest)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_type_is_written_in_one_way_and_reads_back() {
        for event_type in EventType::ALL {
            assert_eq!(EventType::parse(event_type.as_str()), Some(*event_type));
            assert_eq!(serde_json::to_string(event_type).unwrap(), format!("\"{event_type}\""));
            let allowed = |c: char| c.is_ascii_lowercase() || c == '_' || c == '.';
            assert!(event_type.as_str().chars().all(allowed), "{event_type}");
        }
        assert_eq!(EventType::parse("key.stolen"), None);
    }

    #[test]
    fn all_types_but_the_test_can_be_asked_for() {
        let never: alloc::vec::Vec<_> = EventType::ALL.iter().filter(|each| !each.can_be_asked_for()).collect();
        assert_eq!(never, [&EventType::EndpointTest]);
    }
}
