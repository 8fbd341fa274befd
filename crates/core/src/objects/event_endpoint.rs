//! The endpoints of events: an object for each endpoint, named by its id. It keeps the events that wait for it, sends
//! them, and remembers attempts and dead letters.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Done, calls};
use crate::{
    base::{
        id::{EventId, KeyId, TenantId},
        timestamp::Rfc3339,
    },
    events::{event::NumberedEvent, event_type::EventType, terms::EndpointTerms},
};

pub use crate::events::{attempt::AttemptOutcome, bounds::DeadLetterReason, health::EndpointStatus};

/// The binding.
pub const BINDING: &str = "EVENT_ENDPOINT";
/// The maximum number of entries of a page.
pub const MAX_PAGE: u32 = 100;

calls! { BINDING;
    // The router calls these. The answers come once what they change is durable.
    Configure, "/configure" => Done;
    Remove, "/remove" => Done;
    Deliver, "/deliver" => Done;
    ForgetTenant, "/forget-tenant" => Done;
    // The management worker calls these. The answers are those of the API.
    EndpointState, "/state" => State;
    Test, "/test" => ShownAttempt;
    Attempts, "/attempts" => AttemptPage;
    DeadLetters, "/dead-letters" => DeadLetterPage;
    Redrive, "/redrive" => Redriven;
    Discard, "/discard" => Discarded;
}

/// The terms of the endpoint. Those of a lower version are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Configure(pub EndpointTerms);

/// Forgets the endpoint, with all that waits for it, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remove {}

/// Events for the endpoint, in order. An event that it has had is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliver {
    /// The events.
    pub events: Vec<NumberedEvent>,
}

/// Forgets the events of a tenant, which was erased: those that wait, and dead letters. None of it is taken later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetTenant {
    /// The tenant.
    pub tenant: TenantId,
}

/// Asks for the state of the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointState {}

/// The state of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Whether events are sent.
    pub status: EndpointStatus,
    /// The events that wait, those between two attempts included.
    pub waiting: u64,
    /// The dead letters that are kept.
    pub dead_letters: u64,
    /// The last time at which an event was delivered.
    pub last_success_at: Option<Rfc3339>,
    /// The time of the first failure since then, if all attempts failed since.
    pub failing_since: Option<Rfc3339>,
    /// The time at which the endpoint was disabled.
    pub disabled_at: Option<Rfc3339>,
}

/// Sends an event of the type `endpoint.test` now, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// The id of the request that asks, which the event names.
    pub request_id: String,
}

/// Asks for attempts, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// The event; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// The [`next`](AttemptPage::next) of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// The maximum number, [`MAX_PAGE`] at most.
    pub limit: u32,
}

/// A page of attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptPage {
    /// The attempts.
    pub attempts: Vec<ShownAttempt>,
    /// The beginning of the next page, if there is one.
    pub next: Option<i64>,
}

/// An attempt to deliver an event. Nothing of the receiver's answer is kept but its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownAttempt {
    /// The event.
    pub event: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The time at which the attempt began.
    pub at: Rfc3339,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The time that the attempt took, milliseconds.
    pub duration_ms: u32,
    /// The outcome.
    pub outcome: AttemptOutcome,
    /// The time of the event's next attempt, as it was planned then.
    pub next_attempt_at: Option<Rfc3339>,
}

/// Asks for dead letters, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetters {
    /// The [`next`](DeadLetterPage::next) of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// The maximum number, [`MAX_PAGE`] at most.
    pub limit: u32,
}

/// A page of dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterPage {
    /// The dead letters.
    pub dead_letters: Vec<ShownDeadLetter>,
    /// The beginning of the next page, if there is one.
    pub next: Option<i64>,
}

/// An event that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownDeadLetter {
    /// The event.
    pub event: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The key that it is about.
    pub key: Option<KeyId>,
    /// The tenant.
    pub tenant: Option<TenantId>,
    /// The time at which the endpoint got the event.
    pub created_at: Rfc3339,
    /// The time of the last attempt, if there was one.
    pub last_attempt_at: Option<Rfc3339>,
    /// The number of attempts.
    pub attempts: u32,
    /// The status of the last answer, if there was one.
    pub last_status: Option<u16>,
    /// The reason why it is not tried any more.
    pub reason: DeadLetterReason,
}

/// Sends dead letters again, as if they were new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The event; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
}

/// The answer to a [`Redrive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redriven {
    /// The number of events that wait again.
    pub redriven: u64,
    /// Whether the endpoint is disabled, so that nothing was done.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub disabled: bool,
}

/// Deletes a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discard {
    /// The event.
    pub event: EventId,
}

/// The answer to a [`Discard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {
    /// Whether there was such a dead letter.
    pub discarded: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::terms::tests::TERMS;
    use alloc::format;
    use core::fmt::Debug;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn reads_back<T: Serialize + for<'de> Deserialize<'de> + Debug>(text: &str) {
        let message: T = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
    }

    #[test]
    fn the_messages_are_golden() {
        reads_back::<Configure>(TERMS);
        reads_back::<Remove>("{}");
        reads_back::<ForgetTenant>(r#"{"tenant":"acme"}"#);
        reads_back::<Deliver>(
            r#"{"events":[{"id":"evt_4bTzV9cXk07Hq2mN1pRs","type":"key.created","key":"key_4bTzV9cXk07Hq2mN1pRs","tenant":"acme","body":"{}"}]}"#,
        );
        reads_back::<State>(
            r#"{"status":"disabled","waiting":1,"dead_letters":2,"last_success_at":null,"failing_since":"2025-06-15T15:06:40.123Z","disabled_at":null}"#,
        );
        reads_back::<Test>(r#"{"request_id":"req_1"}"#);
        reads_back::<Attempts>(r#"{"event":"evt_4bTzV9cXk07Hq2mN1pRs","before":7,"limit":50}"#);
        reads_back::<Attempts>(r#"{"limit":50}"#);
        reads_back::<AttemptPage>(
            r#"{"attempts":[{"event":"evt_4bTzV9cXk07Hq2mN1pRs","type":"key.created","at":"2025-06-15T15:06:40.123Z","status":503,"duration_ms":12,"outcome":"refused","next_attempt_at":"2025-06-15T15:06:45.123Z"}],"next":6}"#,
        );
        reads_back::<DeadLetters>(r#"{"before":7,"limit":50}"#);
        reads_back::<DeadLetterPage>(
            r#"{"dead_letters":[{"event":"evt_4bTzV9cXk07Hq2mN1pRs","type":"key.created","key":null,"tenant":"acme","created_at":"2025-06-15T15:06:40.123Z","last_attempt_at":null,"attempts":10,"last_status":500,"reason":"attempts_failed"}],"next":null}"#,
        );
        reads_back::<Redrive>(r#"{"event":"evt_4bTzV9cXk07Hq2mN1pRs"}"#);
        reads_back::<Redrive>("{}");
        reads_back::<Redriven>(r#"{"redriven":2}"#);
        reads_back::<Redriven>(r#"{"redriven":0,"disabled":true}"#);
        reads_back::<Discard>(r#"{"event":"evt_4bTzV9cXk07Hq2mN1pRs"}"#);
        reads_back::<Discarded>(r#"{"discarded":true}"#);
    }

    #[test]
    fn names_are_those_of_json() {
        let json = |name: &str| format!("\"{name}\"");
        for outcome in AttemptOutcome::ALL {
            assert_eq!(serde_json::to_string(&outcome).unwrap(), json(outcome.as_str()));
        }
        for status in EndpointStatus::ALL {
            assert_eq!(serde_json::to_string(&status).unwrap(), json(status.as_str()));
        }
    }

    #[test]
    fn outcomes_and_reasons_are_golden() {
        assert_eq!(
            serde_json::to_string(&AttemptOutcome::ALL).unwrap(),
            r#"["delivered","refused","redirected","gone","timeout","unreachable","forbidden_address","no_secret"]"#
        );
        let reasons = [
            DeadLetterReason::AttemptsFailed,
            DeadLetterReason::EndpointDisabled,
            DeadLetterReason::TooManyWaiting,
            DeadLetterReason::PausedTooLong,
        ];
        assert_eq!(
            serde_json::to_string(&reasons).unwrap(),
            r#"["attempts_failed","endpoint_disabled","too_many_waiting","paused_too_long"]"#
        );
    }
}
