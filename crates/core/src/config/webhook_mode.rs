//! The two ways in which a webhook's event is handed on.

use serde::{Deserialize, Serialize};

/// Who waits for the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookMode {
    /// The sender: it gets the upstream's status.
    #[default]
    Direct,
    /// Nobody: the sender is answered once the event lies in the queue.
    Queue,
}

impl WebhookMode {
    /// As the file has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Queue => "queue",
        }
    }
}
