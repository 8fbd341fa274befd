//! The handshakes in which a sender told the secret that it will sign with, while its source had none. They are kept in
//! the source's object of [`dead_letters`](super::dead_letters) until an operator has seen the secret.
//!
//! Anybody can send such a handshake, so little is kept, and not for long.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::calls;
use crate::base::{
    id::HandshakeId,
    timestamp::{DAY_MS, Timestamp, rfc3339},
};

/// The binding.
pub const BINDING: &str = super::dead_letters::BINDING;
/// The number of secrets that are kept for a source. Further ones are dropped and counted.
pub const MAX_KEPT: u32 = 10;
/// The number of handshakes that a list shows.
pub const MAX_SHOWN: u32 = 100;
/// The time for which a handshake is kept, milliseconds.
pub const KEPT_MS: i64 = DAY_MS;

calls! { BINDING;
    // The receiver calls this.
    NoteHandshake, "/note-handshake" => HandshakeNoted;
    // The management worker calls these. The answers are those of the API.
    HandshakeQuery, "/handshakes" => Handshakes;
    RevealHandshake, "/reveal-handshake" => RevealedHandshake;
}

/// Keeps the secret that a sender told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteHandshake {
    /// The secret.
    pub secret: String,
    /// The sender's address, if it is known.
    pub from: Option<String>,
}

/// The answer to a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandshakeNoted {
    /// Whether the secret is kept. If not, there are too many.
    pub kept: bool,
}

/// Asks for the handshakes of the last 24 hours, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandshakeQuery {}

/// Shows the secret of a handshake and deletes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealHandshake {
    /// The handshake's id.
    pub id: HandshakeId,
}

/// The handshakes of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshakes {
    /// The number of secrets that were dropped because too many were kept, within the last 24 hours.
    pub dropped: u32,
    /// The handshakes, newest first.
    pub handshakes: Vec<Handshake>,
}

/// A handshake without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// The sender's address, if it is known.
    pub from: Option<String>,
    /// The handshake's id.
    pub id: HandshakeId,
    /// The time of its receipt.
    #[serde(with = "rfc3339")]
    pub received_at: Option<Timestamp>,
    /// The time at which its secret was shown and deleted.
    #[serde(with = "rfc3339")]
    pub revealed_at: Option<Timestamp>,
}

/// A handshake with its secret, which nobody will see again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealedHandshake {
    /// The sender's address, if it is known.
    pub from: Option<String>,
    /// The handshake's id.
    pub id: HandshakeId,
    /// The warning that anybody may have sent this.
    pub note: String,
    /// The time of its receipt.
    #[serde(with = "rfc3339")]
    pub received_at: Option<Timestamp>,
    /// The secret, as it was told.
    pub secret: String,
}

/// The warning beside a secret that was told.
pub const UNAUTHENTICATED: &str = "Nobody vouches for this secret: anyone could have sent it. Before you set it, \
                                   compare it, or the time of its receipt, with what the sender shows.";

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_messages_are_golden() {
        let note = NoteHandshake { secret: "s".into(), from: Some("192.0.2.7".into()) };
        assert_eq!(serde_json::to_string(&note).unwrap(), r#"{"secret":"s","from":"192.0.2.7"}"#);
        assert_eq!(serde_json::to_string(&HandshakeNoted { kept: true }).unwrap(), r#"{"kept":true}"#);
        assert_eq!(serde_json::from_str::<HandshakeQuery>(r#"{"later":1}"#).unwrap(), HandshakeQuery {});
        let text = r#"{"id":"hsk_4bTzV9cXk07Hq2mN1pRs"}"#;
        let reveal = serde_json::from_str::<RevealHandshake>(text).unwrap();
        assert_eq!(serde_json::to_string(&reveal).unwrap(), text);
        let listed = Handshakes {
            dropped: 1,
            handshakes: [Handshake {
                from: None,
                id: reveal.id,
                received_at: Some(Timestamp::from_millis(0)),
                revealed_at: None,
            }]
            .into(),
        };
        let text = r#"{"dropped":1,"handshakes":[{"from":null,"id":"hsk_4bTzV9cXk07Hq2mN1pRs","#;
        let text = [text, r#""received_at":"1970-01-01T00:00:00.000Z","revealed_at":null}]}"#].concat();
        assert_eq!(serde_json::to_string(&listed).unwrap(), text);
        assert_eq!(serde_json::from_str::<Handshakes>(&text).unwrap(), listed);
    }
}
