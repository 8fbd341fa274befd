//! The receiver of webhooks: events on their way to whom they are for.

pub mod queue;
