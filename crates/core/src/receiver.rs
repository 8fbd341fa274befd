//! The receiver of webhooks: events on their way to the upstream.

pub mod delivery;
pub mod queue;
