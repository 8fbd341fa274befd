//! The patch of a key, a merge patch of RFC 7396.

use alloc::{string::String, vec::Vec};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Key, TransitionError};
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

impl Key {
    /// Applies a patch. `may_raise` says whether an operator of all tenants makes it. Others only lower limits, which
    /// [`lowering`](crate::ledger::lowering) checks.
    ///
    /// # Errors
    /// [`TransitionError`] if the key was revoked or has expired, or if the patch would move the end that a rotation
    /// set.
    pub fn patch(&self, patch: KeyPatch, may_raise: bool, now: Timestamp) -> Result<Self, TransitionError> {
        self.alive(now)?;
        if patch.expires_at.is_some() && self.pending_end.is_some() {
            return Err(TransitionError::RotationPending);
        }
        let mut key = self.clone();
        let record = &mut key.record;
        record.name = patch.name.unwrap_or_else(|| record.name.clone());
        record.scopes = patch.scopes.unwrap_or_else(|| record.scopes.clone());
        record.expires_at = patch.expires_at.unwrap_or(record.expires_at);
        record.allowed_ips = patch.allowed_ips.unwrap_or_else(|| record.allowed_ips.clone());
        match patch.metadata {
            None => {}
            Some(None) => record.metadata = Metadata::new(),
            Some(Some(changes)) => merge_patch(&mut record.metadata, changes),
        }
        key.own_limits = self.own_limits.patched(&patch.own_limits, may_raise);
        Ok(self.succeeded_by(key))
    }
}

/// Merges as in RFC 7396, section 2: null removes, objects merge, any other value replaces.
fn merge_patch(target: &mut Metadata, patch: Metadata) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::lifecycle::tests::key;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    #[test]
    fn a_patch_leaves_what_it_does_not_name() {
        let mut first = key();
        let object = |value: Value| value.as_object().unwrap().clone();
        first.record.metadata = object(json!({"plan": "pro", "seats": 3, "limits": {"a": 1, "b": 2}, "tags": [1]}));
        let changes =
            object(json!({"plan": null, "region": "eu", "limits": {"a": null, "c": {"d": null}}, "tags": [2]}));
        let patched =
            first.patch(KeyPatch { metadata: Some(Some(changes)), ..KeyPatch::default() }, true, NOW).unwrap();
        let expected = json!({"region": "eu", "seats": 3, "limits": {"b": 2, "c": {}}, "tags": [2]});
        assert_eq!(json!(patched.record.metadata), expected);
        assert_eq!(patched.record.name, first.record.name);
        let cleared = first.patch(KeyPatch { metadata: Some(None), ..KeyPatch::default() }, true, NOW).unwrap();
        assert!(cleared.record.metadata.is_empty());
        let text = r#"{"expires_at":null}"#;
        let patch: KeyPatch = serde_json::from_str(text).unwrap();
        assert_eq!(patch.expires_at, Some(None));
        assert_eq!(serde_json::from_str::<KeyPatch>("{}").unwrap(), KeyPatch::default());
    }
}
