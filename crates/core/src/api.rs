//! The APIs' requests and answers, parsed and shown.

pub mod import;
pub mod listing;
pub mod management;
pub mod verify;
#[cfg(feature = "webhooks")]
pub mod verify_webhook;
