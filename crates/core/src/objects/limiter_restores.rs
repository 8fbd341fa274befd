//! The restores of limiters: one object for each tenant, which remembers how often the tenant's limiter was ordered
//! back to an earlier point. The limiter can't remember that itself: its memory goes back with it.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::calls;
use crate::base::timestamp::Timestamp;

/// The binding.
pub const BINDING: &str = "LIMITER_RESTORES";

calls! { BINDING;
    // A limiter notes a restore before it goes back.
    NoteRestore, "/note" => Restores;
    // A limiter that has started asks whether it went back.
    CountRestores, "/count" => Restores;
}

/// A restore that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRestore {
    /// The point that the limiter goes back to.
    pub to: Timestamp,
    /// The additions to quotas that were made until now. They are made once, whatever the limiter forgets.
    pub additions: Vec<MadeAddition>,
}

/// The question how many restores were noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRestores {}

/// The restores so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restores {
    /// Their number.
    pub count: u64,
    /// The additions that were made before them, as long as their periods last.
    pub additions: Vec<MadeAddition>,
}

/// An addition to a quota that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeAddition {
    /// The addition's id.
    pub id: String,
    /// The end of the period that got it.
    pub ends_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_messages_are_golden() {
        let additions = alloc::vec![MadeAddition { id: "add_1".into(), ends_at: Timestamp::from_millis(2) }];
        let note = NoteRestore { to: Timestamp::from_millis(1), additions: additions.clone() };
        let restores = Restores { count: 3, additions };
        for (text, golden) in [
            (serde_json::to_string(&note), r#"{"to":1,"additions":[{"id":"add_1","ends_at":2}]}"#),
            (serde_json::to_string(&CountRestores {}), "{}"),
            (serde_json::to_string(&restores), r#"{"count":3,"additions":[{"id":"add_1","ends_at":2}]}"#),
        ] {
            assert_eq!(text.unwrap(), golden);
        }
        assert_eq!(serde_json::from_str::<NoteRestore>(&serde_json::to_string(&note).unwrap()).unwrap(), note);
        assert_eq!(serde_json::from_str::<Restores>(&serde_json::to_string(&restores).unwrap()).unwrap(), restores);
    }
}
