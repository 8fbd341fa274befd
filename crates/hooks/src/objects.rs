//! The worker's Durable Objects. Their calls are in `keystile_core::objects`.

#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod bodies;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod dead_letters;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod deliveries;
#[allow(missing_docs, reason = "the macro durable_object makes methods without any")]
mod keys;

pub use bodies::Bodies;
pub use dead_letters::DeadLetters;
pub use deliveries::Deliveries;
pub use keys::Keys;
