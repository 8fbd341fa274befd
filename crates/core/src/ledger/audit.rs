//! The audit log: the action and the difference of each change. Time, actor and source are added elsewhere.

use alloc::string::String;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    access::record::{KeyRecord, Reach, Subject},
    base::timestamp::Timestamp,
    ledger::lifecycle::Key,
};

/// The action of an audit entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Action {
    Created,
    Imported,
    /// The ledger, which was put back, took the key over as the feed has it.
    Adopted,
    Changed,
    Disabled,
    Enabled,
    Revoked,
    Rotated,
    /// The successor was used for the first time, so the overlap of the rotation began.
    OverlapBegun,
    /// The end that a rotation had set was cancelled.
    RotationCancelled,
    /// The key was reported as found where it doesn't belong.
    Exposed,
    /// The metadata was emptied, and its earlier values left the audit log.
    MetadataErased,
    /// The whole tenant was suspended.
    Suspended,
    /// The whole tenant was resumed.
    Resumed,
    /// The whole tenant was erased.
    Erased,
    /// The tenant's plan or its own limits changed.
    LimitsChanged,
    /// Units were added to a quota's present period.
    QuotaAdded,
    /// The tenant's limiter was ordered back to an earlier point.
    LimitsRestored,
    /// The ledger was restored from an export.
    Restored,
    /// An operator signed in at the dashboard.
    SessionBegun,
    /// An undelivered event was put back into its queue.
    DeadLetterRedriven,
    /// An undelivered event was deleted.
    DeadLetterDiscarded,
    /// The body of an undelivered event was read.
    DeadLetterRead,
    /// The secret that a sender of webhooks told was shown to an operator.
    HandshakeRevealed,
    /// A delivered event was put into the queue once more.
    DeliveryReplayed,
    /// An endpoint for events was made.
    EndpointCreated,
    /// The settings of an endpoint were changed, or it was made active after it had been disabled.
    EndpointChanged,
    /// An endpoint was deleted, and whatever waited for it.
    EndpointDeleted,
    /// An endpoint got a new secret.
    EndpointSecretRotated,
    /// Events that could not be sent to an endpoint are sent again.
    EventRedriven,
    /// An event that could not be sent to an endpoint was deleted.
    EventDiscarded,
}

impl Action {
    /// The name in rows and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Imported => "imported",
            Self::Adopted => "adopted",
            Self::Changed => "changed",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
            Self::OverlapBegun => "overlap_begun",
            Self::RotationCancelled => "rotation_cancelled",
            Self::Exposed => "exposed",
            Self::MetadataErased => "metadata_erased",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Erased => "erased",
            Self::LimitsChanged => "limits_changed",
            Self::QuotaAdded => "quota_added",
            Self::LimitsRestored => "limits_restored",
            Self::Restored => "restored",
            Self::SessionBegun => "session_begun",
            Self::DeadLetterRedriven => "dead_letter_redriven",
            Self::DeadLetterDiscarded => "dead_letter_discarded",
            Self::DeadLetterRead => "dead_letter_read",
            Self::HandshakeRevealed => "handshake_revealed",
            Self::DeliveryReplayed => "delivery_replayed",
            Self::EndpointCreated => "endpoint_created",
            Self::EndpointChanged => "endpoint_changed",
            Self::EndpointDeleted => "endpoint_deleted",
            Self::EndpointSecretRotated => "endpoint_secret_rotated",
            Self::EventRedriven => "event_redriven",
            Self::EventDiscarded => "event_discarded",
        }
    }
}

/// The difference that a change made, `{"name": {"from": "A", "to": "B"}}`. For a key that was just created, all its
/// fields.
#[must_use]
pub fn difference(before: Option<&Key>, after: &Key) -> Map<String, Value> {
    let was = before.map(facts).unwrap_or_default();
    let mut difference = Map::new();
    for (fact, to) in facts(after) {
        let from = was.get(&fact).cloned().unwrap_or_default();
        if from != to && !(before.is_none() && is_nothing(&to)) {
            difference.insert(fact, json!({ "from": from, "to": to }));
        }
    }
    difference
}

fn facts(key: &Key) -> Map<String, Value> {
    // Every field is named, so that the compiler asks about a new one.
    let Key {
        record,
        digest: _,
        secret_fingerprint: _,
        revocation,
        rotated_from,
        rotated_to,
        pending_end: _,
        last_used_at: _,
        own_limits,
        counts_as: _,
        created_by: _,
        disabled_by_customer: _,
        exposure: _,
    } = key;
    let KeyRecord {
        id: _,
        version: _,
        subject,
        state,
        name,
        display: _,
        scopes,
        expires_at,
        allowed_ips,
        metadata,
        created_at: _,
    } = record;
    let mut facts = Map::new();
    let mut fact = |name: &str, value: Value| facts.insert(name.into(), value);
    match subject {
        Subject::ApiKey { environment, .. } => fact("environment", json!(environment)),
        Subject::Operator { reach: Reach::All } => fact("tenant", json!("*")),
        Subject::Operator { reach: Reach::Tenant(tenant) } => fact("tenant", json!(tenant)),
    };
    fact("name", json!(name));
    fact("state", json!(state));
    fact("scopes", json!(scopes));
    fact("expires_at", json!(expires_at.map(Timestamp::to_rfc3339)));
    fact("allowed_ips", json!(allowed_ips));
    fact("metadata", json!(metadata));
    fact("limits", own_limits.facts());
    fact("rotated_from", json!(rotated_from));
    fact("rotated_to", json!(rotated_to));
    fact("reason", json!(revocation.as_ref().and_then(|revocation| revocation.reason.as_ref())));
    facts
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::lifecycle::{KeyPatch, tests::key},
        limits::definition::tests::own,
    };
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    #[test]
    fn only_what_changed_is_said_from_what_to_what() {
        let patch = KeyPatch { name: Some("n8n".into()), expires_at: Some(None), ..KeyPatch::default() };
        let patched = key().patch(patch, true, NOW).unwrap();
        let expected = json!({
            "name": {"from": "Zapier", "to": "n8n"},
            "expires_at": {"from": "2027-01-15T08:00:00.000Z", "to": null},
        });
        assert_eq!(json!(difference(Some(&key()), &patched)), expected);
        assert!(difference(Some(&key()), &key()).is_empty());
    }

    #[test]
    fn a_revocation_is_said_with_its_reason() {
        let revoked = key().revoke(Some("leaked".into()), NOW);
        let expected = json!({"state": {"from": "active", "to": "revoked"}, "reason": {"from": null, "to": "leaked"}});
        assert_eq!(json!(difference(Some(&key()), &revoked)), expected);
    }

    #[test]
    fn own_limits_are_said_by_their_names() {
        let limited = Key { own_limits: own(&[("per-second", Some(5)), ("monthly", None)]), ..key() };
        let expected = json!({"limits": {"from": {}, "to": {"monthly": null, "per-second": 5}}});
        assert_eq!(json!(difference(Some(&key()), &limited)), expected);
    }

    #[test]
    fn an_action_is_read_back_by_the_name_that_it_is_written_by() {
        let actions = [
            Action::Erased,
            Action::LimitsChanged,
            Action::QuotaAdded,
            Action::LimitsRestored,
            Action::Restored,
            Action::MetadataErased,
            Action::DeadLetterRedriven,
            Action::DeadLetterDiscarded,
            Action::HandshakeRevealed,
            Action::DeliveryReplayed,
        ];
        for action in actions {
            assert_eq!(json!(action), action.as_str());
        }
    }

    #[test]
    fn of_a_new_key_everything_it_has_is_said() {
        let created = difference(None, &key());
        assert_eq!(created["environment"], json!({"from": null, "to": "live"}));
        assert_eq!(created["scopes"]["to"], json!(["read:leads", "webhooks"]));
        assert!(!created.contains_key("rotated_from") && !created.contains_key("limits"));
    }
}
