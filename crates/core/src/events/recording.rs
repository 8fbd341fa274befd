//! Recording: which change makes which event, and the event's data.

use alloc::{
    boxed::Box,
    string::{String, ToString as _},
};

use serde_json::{Map, Value, json, value::RawValue};

use super::{event::MAX_DATA_BYTES, event_type::EventType};
use crate::{access::session::Actor, ledger::audit::Action};

/// The type of the event that an action makes; `None` if it makes none.
///
/// Every action is named, so that the compiler asks about a new one.
#[must_use]
pub const fn of_action(action: Action) -> Option<EventType> {
    match action {
        Action::Created | Action::Imported | Action::Adopted => Some(EventType::KeyCreated),
        Action::Changed | Action::OverlapBegun | Action::RotationCancelled | Action::MetadataErased => {
            Some(EventType::KeyUpdated)
        }
        Action::Disabled => Some(EventType::KeyDisabled),
        Action::Enabled => Some(EventType::KeyEnabled),
        Action::Revoked => Some(EventType::KeyRevoked),
        Action::Rotated => Some(EventType::KeyRotated),
        Action::Exposed => Some(EventType::KeyExposed),
        Action::Suspended => Some(EventType::TenantSuspended),
        Action::Resumed => Some(EventType::TenantResumed),
        Action::LimitsChanged
        | Action::QuotaAdded
        | Action::LimitsRestored
        | Action::SessionBegun
        | Action::DeadLetterRedriven
        | Action::DeadLetterDiscarded
        | Action::DeadLetterRead
        | Action::HandshakeRevealed
        | Action::DeliveryReplayed
        | Action::Erased
        | Action::Restored
        | Action::EndpointCreated
        | Action::EndpointChanged
        | Action::EndpointDeleted
        | Action::EndpointSecretRotated
        | Action::EventRedriven
        | Action::EventDiscarded => None,
    }
}

/// The cause of an event: who acted, for whom, and by which request.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// The id of the actor, as the audit log has it.
    pub actor_id: &'a str,
    /// The actor's name.
    pub actor_name: &'a str,
    /// The customer on whose behalf the actor acted.
    pub on_behalf_of: Option<&'a Actor>,
    /// The id of the request; `None` if nobody asked.
    pub request_id: Option<&'a str>,
}

/// The data of an event: the key as it is shown, if the event is about one, the cause, and what else belongs to the type.
#[must_use]
pub fn data(key: Option<Value>, cause: Cause<'_>, more: Map<String, Value>) -> Box<RawValue> {
    let Cause { actor_id, actor_name, on_behalf_of, request_id } = cause;
    let mut data = Map::new();
    if let Some(key) = key {
        data.insert("key".into(), key);
    }
    data.insert("actor".into(), json!({ "id": actor_id, "name": actor_name }));
    if let Some(actor) = on_behalf_of {
        data.insert("on_behalf_of".into(), json!(actor));
    }
    if let Some(request_id) = request_id {
        data.insert("request_id".into(), json!(request_id));
    }
    data.extend(more);
    fitting(data)
}

/// The data as JSON. If it is too long for an event, the key's metadata is left out, and then all of the key but its id.
#[must_use]
pub fn fitting(mut data: Map<String, Value>) -> Box<RawValue> {
    let mut text = Value::Object(data.clone()).to_string();
    if text.len() > MAX_DATA_BYTES
        && let Some(Value::Object(key)) = data.get_mut("key")
    {
        key.remove("metadata");
        text = Value::Object(data.clone()).to_string();
    }
    if text.len() > MAX_DATA_BYTES
        && let Some(Value::Object(key)) = data.get_mut("key")
    {
        key.retain(|name, _| name == "id" || name == "version" || name == "status");
        text = Value::Object(data).to_string();
    }
    RawValue::from_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOBODY: Cause<'_> =
        Cause { actor_id: "keystile", actor_name: "Keystile", on_behalf_of: None, request_id: None };

    fn read(data: &RawValue) -> Value {
        serde_json::from_str(data.get()).unwrap()
    }

    #[test]
    fn every_change_of_a_key_makes_an_event_of_its_type() {
        for (action, expected) in [
            (Action::Created, Some("key.created")),
            (Action::Imported, Some("key.created")),
            (Action::Adopted, Some("key.created")),
            (Action::Changed, Some("key.updated")),
            (Action::OverlapBegun, Some("key.updated")),
            (Action::RotationCancelled, Some("key.updated")),
            (Action::MetadataErased, Some("key.updated")),
            (Action::Disabled, Some("key.disabled")),
            (Action::Enabled, Some("key.enabled")),
            (Action::Revoked, Some("key.revoked")),
            (Action::Rotated, Some("key.rotated")),
            (Action::Suspended, Some("tenant.suspended")),
            (Action::Resumed, Some("tenant.resumed")),
            (Action::LimitsChanged, None),
            (Action::QuotaAdded, None),
            (Action::LimitsRestored, None),
            (Action::SessionBegun, None),
            (Action::DeadLetterRedriven, None),
            (Action::DeadLetterDiscarded, None),
            (Action::DeadLetterRead, None),
            (Action::HandshakeRevealed, None),
            (Action::DeliveryReplayed, None),
        ] {
            assert_eq!(of_action(action).map(EventType::as_str), expected, "{action:?}");
        }
    }

    #[test]
    fn the_data_says_who_acted_for_whom_and_by_which_request() {
        let actor = Actor { id: "u_1".into(), name: "Ada".into() };
        let cause =
            Cause { actor_id: "root", actor_name: "root key", on_behalf_of: Some(&actor), request_id: Some("req_1") };
        let more = Map::from_iter([("imported".into(), json!(true))]);
        let expected = json!({
            "key": {"id": "key_1"},
            "actor": {"id": "root", "name": "root key"},
            "on_behalf_of": {"id": "u_1", "name": "Ada"},
            "request_id": "req_1",
            "imported": true,
        });
        assert_eq!(read(&data(Some(json!({"id": "key_1"})), cause, more)), expected);
        let none = json!({"actor": {"id": "keystile", "name": "Keystile"}});
        assert_eq!(read(&data(None, NOBODY, Map::new())), none);
    }

    #[test]
    fn data_that_is_too_long_goes_without_metadata_and_then_without_what_a_key_is() {
        let with = |metadata: usize, scopes: usize| {
            let text = |length| "x".repeat(length);
            let key = json!({"id": "key_1", "metadata": text(metadata), "scopes": text(scopes), "version": 2});
            data(Some(key), NOBODY, Map::new())
        };
        let fits = with(4_096, 4_096);
        assert!(read(&fits)["key"]["metadata"].is_string());
        let without_metadata = with(MAX_DATA_BYTES, 4_096);
        assert!(without_metadata.get().len() <= MAX_DATA_BYTES);
        assert_eq!(read(&without_metadata)["key"].as_object().unwrap().len(), 3);
        let bare = with(4_096, MAX_DATA_BYTES);
        assert!(bare.get().len() <= MAX_DATA_BYTES);
        assert_eq!(read(&bare)["key"], json!({"id": "key_1", "version": 2}));
    }
}
