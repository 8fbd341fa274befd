//! The patch of a key, a merge patch of RFC 7396.

use alloc::{string::String, vec::Vec};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    access::{record::Metadata, scope::ScopeSet},
    base::timestamp::Timestamp,
    limits::own_patch::OwnLimitsPatch,
};

/// The changes of a merge patch (RFC 7396). `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeyPatch {
    /// The new name.
    pub name: Option<String>,
    /// The new scopes, which replace the old ones.
    pub scopes: Option<ScopeSet>,
    /// The new expiry; `Some(None)` removes it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    pub expires_at: Option<Option<Timestamp>>,
    /// The new networks, which replace the old ones.
    pub allowed_ips: Option<Vec<IpNet>>,
    /// The members to merge, where null removes one; `Some(None)` removes all.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    pub metadata: Option<Option<Metadata>>,
    /// The changes of its own rate limits and quotas.
    #[serde(default)]
    pub own_limits: OwnLimitsPatch,
}

/// Merges as in RFC 7396, section 2: null removes, objects merge, any other value replaces.
pub(super) fn merge_patch(target: &mut Metadata, patch: Metadata) {
    for (member, change) in patch {
        match change {
            Value::Null => {
                target.remove(&member);
            }
            Value::Object(changes) => {
                let mut merged = match target.remove(&member) {
                    Some(Value::Object(present)) => present,
                    _ => Metadata::new(),
                };
                merge_patch(&mut merged, changes);
                target.insert(member, Value::Object(merged));
            }
            value => {
                target.insert(member, value);
            }
        }
    }
}

/// Keeps `null` (remove the field) apart from absence (leave it).
mod double_option {
    use super::{Deserialize, Serialize};
    use serde::{Deserializer, Serializer};

    #[allow(clippy::option_option)]
    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    #[allow(clippy::option_option)]
    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}
