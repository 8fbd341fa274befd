//! The receiver of webhooks: events on their way to the upstream, and the keys that senders publish.

pub mod delivery;
pub mod key_set;
pub mod queue;
