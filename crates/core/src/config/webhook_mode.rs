//! The two delivery modes of webhooks.

use serde::{Deserialize, Serialize};

/// The delivery mode: the sender or a queue waits for the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookMode {
    /// The sender waits: it gets the upstream's status.
    #[default]
    Direct,
    /// The queue waits: the sender gets its answer as soon as the event is in the queue.
    Queue,
}

impl WebhookMode {
    /// The name in `keystile.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Queue => "queue",
        }
    }
}
