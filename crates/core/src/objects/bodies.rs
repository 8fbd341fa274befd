//! The bodies that are too long for a queue's message. Each has an object whose name is the delivery's id. Requests and
//! answers are bytes, not JSON.
//!
//! | path | effect |
//! |---|---|
//! | `/store/{n}` | keeps the request's body as part `n` |
//! | `/load/{n}` | answers with part `n`, or 204 if there is none |
//! | `/forget` | deletes all parts |

use alloc::{
    format,
    string::{String, ToString},
};

/// The binding.
pub const BINDING: &str = "BODIES";

/// A call to such an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyCall {
    /// Keep this part.
    Store(u32),
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
            Self::Load(part) => format!("/load/{part}"),
            Self::Forget => "/forget".to_string(),
        }
    }

    /// Parses [`path`](Self::path).
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        match path.strip_prefix('/')?.split_once('/') {
            Some(("store", part)) => part.parse().ok().map(Self::Store),
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
        for (call, path) in
            [(BodyCall::Store(0), "/store/0"), (BodyCall::Load(7), "/load/7"), (BodyCall::Forget, "/forget")]
        {
            assert_eq!(call.path(), path);
            assert_eq!(BodyCall::parse(path), Some(call));
        }
        for none in ["", "/", "/store", "/load/x", "/forget/1"] {
            assert_eq!(BodyCall::parse(none), None, "{none}");
        }
    }
}
