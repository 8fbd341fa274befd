//! The receiver of webhooks: events on their way to the upstream, and the keys that senders publish, GitHub's for its reports of
//! leaked keys among them.

pub mod delivery;
#[cfg(feature = "webhooks")]
pub mod github_keys;
pub mod key_set;
pub mod queue;
