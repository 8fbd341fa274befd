//! The APIs: requests are parsed, answers are shown.

#[cfg(feature = "events")]
pub mod event_endpoints;
pub mod exposed;
pub mod exposures;
pub mod if_match;
pub mod import;
pub mod listing;
pub mod management;
pub mod portal;
pub mod shown;
mod texts;
pub mod verify;
#[cfg(feature = "webhooks")]
pub mod verify_webhook;
