//! The bodies that are too long for a queue's message, each in an object whose name is the delivery's id; and the events
//! that are kept so that they can be replayed, each in an object of its [`kept_name`]. Requests and answers are bytes,
//! not JSON.
//!
//! | path | effect |
//! |---|---|
//! | `/store/{n}` | keeps the request's body as part `n` |
//! | `/keep/{n}/{until}` | keeps it, and all parts until that time, in milliseconds |
//! | `/load/{n}` | answers with part `n`, or 204 if there is none |
//! | `/forget` | deletes all parts |

use alloc::{
    format,
    string::{String, ToString},
};

use crate::base::{id::DeliveryId, timestamp::Timestamp};

/// The binding.
pub const BINDING: &str = "BODIES";

/// The name of the object of an event that can be replayed. Part 0 is its message without the body, the other parts are
/// those of the body.
#[must_use]
pub fn kept_name(id: &DeliveryId) -> String {
    format!("{id}/kept")
}

/// A call to such an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyCall {
    /// Keep this part.
    Store(u32),
    /// Keep this part until a time.
    Keep(u32, Timestamp),
    /// Return this part.
    Load(u32),
    /// Delete all parts.
    Forget,
}

impl BodyCall {
    /// The path.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Store(part) => format!("/store/{part}"),
            Self::Keep(part, until) => format!("/keep/{part}/{}", until.as_millis()),
            Self::Load(part) => format!("/load/{part}"),
            Self::Forget => "/forget".to_string(),
        }
    }

    /// Parses [`path`](Self::path).
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        match path.strip_prefix('/')?.split_once('/') {
            Some(("store", part)) => part.parse().ok().map(Self::Store),
            Some(("keep", rest)) => {
                let (part, until) = rest.split_once('/')?;
                Some(Self::Keep(part.parse().ok()?, Timestamp::from_millis(until.parse().ok()?)))
            }
            Some(("load", part)) => part.parse().ok().map(Self::Load),
            Some(_) => None,
            None => (path == "/forget").then_some(Self::Forget),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn paths_are_golden_and_read_back() {
        for (call, path) in [
            (BodyCall::Store(0), "/store/0"),
            (BodyCall::Keep(2, Timestamp::from_millis(5)), "/keep/2/5"),
            (BodyCall::Load(7), "/load/7"),
            (BodyCall::Forget, "/forget"),
        ] {
            assert_eq!(call.path(), path);
            assert_eq!(BodyCall::parse(path), Some(call));
        }
        for none in ["", "/", "/store", "/load/x", "/keep/1", "/keep/x/1", "/forget/1"] {
            assert_eq!(BodyCall::parse(none), None, "{none}");
        }
    }
}
