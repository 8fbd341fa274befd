//! An event, from its record to the text that is sent.

use alloc::{boxed::Box, format, string::String};
use core::{error::Error, fmt};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::event_type::EventType;
use crate::base::{
    id::{EventId, KeyId, TenantId},
    timestamp::Timestamp,
};

/// The length of the body below which an event stays, bytes: what Standard Webhooks recommends.
pub const MAX_BODY_BYTES: usize = 20_000;
/// The maximum length of an event's own data, bytes: a body without the data has fewer than 300.
pub const MAX_DATA_BYTES: usize = MAX_BODY_BYTES - 300;

/// An event, as its ledger or limiter records it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Its id. It is drawn once, when the event is recorded.
    pub id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The time of the change.
    pub at: Timestamp,
    /// The key that changed, if the event is about one. Events of one key stay in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// The data: a JSON object without `tenant` and `sequence`, of [`MAX_DATA_BYTES`] at most.
    pub data: Box<RawValue>,
}

/// An event as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberedEvent {
    /// Its id, the header `webhook-id`.
    pub id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The key that it is about. Events of one key are delivered in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// The tenant; `None` if the event is about the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The exact text of the body.
    pub body: String,
}

impl NumberedEvent {
    /// The event as it is sent. `sequence` is its number among the events of its key.
    ///
    /// # Errors
    /// [`DataError`] if the data is no object.
    pub fn new(event: &Event, tenant: Option<&TenantId>, sequence: Option<u64>) -> Result<Self, DataError> {
        let own = event.data.get().trim();
        let own = own.strip_prefix('{').and_then(|own| own.strip_suffix('}')).ok_or(DataError)?.trim();
        // A tenant's name needs no escapes.
        let tenant_member = tenant.map(|tenant| format!("\"tenant\":\"{tenant}\""));
        let sequence = sequence.map(|sequence| format!("\"sequence\":{sequence}"));
        let own = (!own.is_empty()).then(|| own.into());
        let members: alloc::vec::Vec<String> = [tenant_member, sequence, own].into_iter().flatten().collect();
        let Event { id, event_type, at, key, .. } = event;
        let body =
            format!(r#"{{"type":"{event_type}","timestamp":"{}","data":{{{}}}}}"#, at.to_rfc3339(), members.join(","));
        Ok(Self { id: id.clone(), event_type: *event_type, key: key.clone(), tenant: tenant.cloned(), body })
    }
}

/// An error: the data of an event is no JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataError;

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data of an event is a JSON object")
    }
}

impl Error for DataError {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::string::ToString as _;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    pub(crate) const EVENT: &str = r#"{"id":"evt_4bTzV9cXk07Hq2mN1pRs","type":"key.revoked","at":1750000000123,"key":"key_4bTzV9cXk07Hq2mN1pRs","data":{"key":{"id":"key_4bTzV9cXk07Hq2mN1pRs"}}}"#;

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_event_reads_back() {
        assert_eq!(serde_json::to_string(&event(EVENT)).unwrap(), EVENT);
    }

    #[test]
    fn the_body_is_golden() {
        let tenant = TenantId::parse("acme");
        let numbered = NumberedEvent::new(&event(EVENT), tenant.as_ref(), Some(7)).unwrap();
        assert_eq!(
            numbered.body,
            r#"{"type":"key.revoked","timestamp":"2025-06-15T15:06:40.123Z","data":{"tenant":"acme","sequence":7,"key":{"id":"key_4bTzV9cXk07Hq2mN1pRs"}}}"#
        );
        let text = serde_json::to_string(&numbered).unwrap();
        assert_eq!(serde_json::from_str::<NumberedEvent>(&text).unwrap(), numbered);
    }

    #[test]
    fn the_body_is_json_whatever_the_data_lacks() {
        let bare = |data: &str| {
            event(&format!(r#"{{"id":"evt_4bTzV9cXk07Hq2mN1pRs","type":"tenant.resumed","at":0,"data":{data}}}"#))
        };
        let tenant = TenantId::parse("acme");
        for (data, tenant, expected) in [
            ("{}", None, "{}"),
            (" { } ", tenant.as_ref(), r#"{"tenant":"acme"}"#),
            (r#"{ "reason":"}" }"#, tenant.as_ref(), r#"{"reason":"}","tenant":"acme"}"#),
        ] {
            let body = NumberedEvent::new(&bare(data), tenant, None).unwrap().body;
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["data"].to_string().len(), expected.len(), "{data}");
            assert_eq!(body["data"], serde_json::from_str::<serde_json::Value>(expected).unwrap(), "{data}");
        }
        for none in ["[]", "7", "\"{}\"", "null"] {
            assert_eq!(NumberedEvent::new(&bare(none), None, None), Err(DataError), "{none}");
        }
    }

    #[test]
    fn data_of_the_greatest_length_makes_a_body_below_the_limit() {
        let longest = format!(r#"{{"x":"{}"}}"#, "x".repeat(MAX_DATA_BYTES - 8));
        assert_eq!(longest.len(), MAX_DATA_BYTES);
        let text = format!(r#"{{"id":"evt_4bTzV9cXk07Hq2mN1pRs","type":"endpoint.disabled","at":0,"data":{longest}}}"#);
        let tenant = TenantId::parse(&"t".repeat(64));
        let numbered = NumberedEvent::new(&event(&text), tenant.as_ref(), Some(u64::MAX)).unwrap();
        assert!(numbered.body.len() < MAX_BODY_BYTES, "{}", numbered.body.len());
    }
}
