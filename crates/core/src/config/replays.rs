//! The two ways to tell a repeated delivery from a new event.

use serde::{Deserialize, Serialize};

/// The deliveries of a source that are refused as repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replays {
    /// Those that have the sender's id and the bytes of a delivery that was handed on. The same bytes under another id,
    /// or without any, are handed on and marked: two genuine events may have the same bytes.
    #[default]
    RefuseSameId,
    /// Also those that have the signed bytes of a delivery that was handed on, under whatever id. A genuine event with
    /// the same signed bytes as another is lost.
    RefuseSameBytes,
}
