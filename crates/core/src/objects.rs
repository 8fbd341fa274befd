//! The Durable Objects: a file for each class, with its binding, the names of its objects, and the path, request and
//! answer of each call. Callers and objects use the same file.
//!
//! A call is a POST with JSON as request and answer (those of [`bodies`] are bytes). Callers and objects may run in two
//! versions at once, so paths and JSON only ever gain members. The calls of the management API to a ledger are with
//! that API's operations, since both are deployed together.

pub mod bodies;
pub mod dead_letters;
pub mod deliveries;
#[cfg(feature = "events")]
pub mod event_endpoint;
#[cfg(feature = "events")]
pub mod event_router;
pub mod feed;
pub mod handshakes;
pub mod keys;
pub mod ledger;
pub mod limiter;
pub mod limiter_restores;
pub mod overview;
pub mod relay;

use serde::{Deserialize, Serialize};

/// A call to an object: its request and its address.
pub trait Call: Serialize {
    /// The binding of the object's class, the same in all workers.
    const BINDING: &'static str;
    /// The path of the call at the object.
    const PATH: &'static str;
    /// The answer. Its status is 2xx.
    type Answer;
}

/// The answer to a call that returns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// Defines the calls of one class: request, path, answer.
macro_rules! calls {
    ($binding:expr; $($request:ty, $path:literal => $answer:ty;)+) => {
        $(impl $crate::objects::Call for $request {
            const BINDING: &'static str = $binding;
            const PATH: &'static str = $path;
            type Answer = $answer;
        })+

        #[cfg(test)]
        pub(super) const PATHS: &[&str] = &[$($path),+];
    };
}
use calls;

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// An edge of another version than its feed would take an unknown path for a feed that it can't reach.
    #[test]
    fn paths_stay_as_deployed_versions_know_them() {
        let of_feed = [
            "/poll",
            "/current",
            "/follow",
            "/record",
            "/publish",
            "/claim",
            "/acknowledge",
            "/keys",
            "/owners",
            "/tenants",
            "/note-erased",
            "/erased",
            "/state",
        ];
        assert_eq!(feed::PATHS, of_feed);
        assert_eq!(ledger::PATHS, ["/self-revoke", "/usage", "/tell-limits", "/publish-again", "/erase-operators"]);
        assert_eq!(limiter::PATHS, ["/ask", "/tell", "/look", "/restore", "/forget"]);
        assert_eq!(limiter_restores::PATHS, ["/note", "/count"]);
        assert_eq!(overview::PATHS, ["/report", "/overview", "/usage", "/state"]);
        assert_eq!(deliveries::PATHS, ["/claim", "/done", "/release", "/settle", "/list", "/replay"]);
        let of_dead_letters = ["/failed", "/delivered", "/bury", "/list", "/redrive", "/discard", "/body", "/state"];
        assert_eq!(dead_letters::PATHS, of_dead_letters);
        assert_eq!(handshakes::PATHS, ["/note-handshake", "/handshakes", "/reveal-handshake"]);
        assert_eq!(keys::PATHS, ["/get"]);
        #[cfg(feature = "events")]
        {
            let of_router =
                ["/record", "/tell", "/relay", "/disabled", "/report", "/state", "/erase", "/forget-tenant"];
            assert_eq!(event_router::PATHS, of_router);
            let of_endpoint = [
                "/configure",
                "/remove",
                "/deliver",
                "/forget-tenant",
                "/state",
                "/test",
                "/attempts",
                "/dead-letters",
                "/redrive",
                "/discard",
            ];
            assert_eq!(event_endpoint::PATHS, of_endpoint);
            assert_eq!([event_router::BINDING, event_endpoint::BINDING], ["EVENT_ROUTER", "EVENT_ENDPOINT"]);
        }
        let bindings = [
            feed::BINDING,
            ledger::BINDING,
            limiter::BINDING,
            limiter_restores::BINDING,
            overview::BINDING,
            relay::BINDING,
            deliveries::BINDING,
            dead_letters::BINDING,
            handshakes::BINDING,
            bodies::BINDING,
            keys::BINDING,
        ];
        let golden = [
            "FEED",
            "LEDGER",
            "LIMITER",
            "LIMITER_RESTORES",
            "OVERVIEW",
            "RELAY",
            "DELIVERIES",
            "DEAD_LETTERS",
            "DEAD_LETTERS",
            "BODIES",
            "WEBHOOK_KEYS",
        ];
        assert_eq!(bindings, golden);
    }

    #[test]
    fn done_is_an_empty_object_and_may_get_members() {
        assert_eq!(serde_json::to_string(&Done {}).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Done>(r#"{"later": 1}"#).unwrap(), Done {});
    }
}
