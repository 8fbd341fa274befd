//! Webhooks: every sender's way of signing as data, and one interpreter for it.
//!
//! A [`Scheme`](scheme::Scheme) says where a signature stands, how it is
//! written and made, what it covers, and how old it may be. It verifies and
//! signs; no sender has code of its own. [`place`] says where a text stands,
//! [`template`] how a message is put together.

pub mod algorithm;
mod delivery;
mod der;
mod failure;
pub mod handshake;
mod json;
mod jws;
mod mac;
mod message;
pub mod place;
mod public_key;
#[cfg(feature = "registry")]
pub mod registry;
pub mod scheme;
mod secret;
pub mod sign;
mod signature;
pub mod template;
mod text;
mod timestamp;
pub mod verify;

pub use delivery::{Delivery, Setting};
pub use failure::Failure;
pub use scheme::Scheme;
pub use secret::{SecretFault, SecretProblem, Secrets};
pub use sign::{Signed, sign};
pub use verify::{Verification, Verified, verify};

#[cfg(test)]
mod tests;
