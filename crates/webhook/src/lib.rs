#![cfg_attr(feature = "registry", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "registry"),
    doc = "Verifies and signs webhooks. The scheme of each sender is data, and one engine works by it."
)]
//!
//! # How a delivery is judged
//!
//! 1. A [`Scheme`] is read and checked, once. The module [`scheme`] is the reference of how schemes are written.
//!    [`Secrets`] are made into keys, once.
//! 2. [`Scheme::handshake`] tells a sender's handshake from a delivery.
//! 3. [`verify()`] finds the signatures, fills in the message, and compares. If it leaves arithmetic to the caller it
//!    returns [`Verification::Pending`], and [`PendingChecks::finish`](verify::PendingChecks::finish) turns the results
//!    into a verdict.
//! 4. [`Verified`] says what is known about the delivery. A [`Failure`] says why a delivery is refused, with a stable
//!    code.
//!
//! The body is bytes throughout. An HMAC is computed over the bytes in place, without a copy of them.
//!
//! Times are [`Duration`](core::time::Duration)s since 1970-01-01T00:00:00Z. Limits of length are in bytes.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "registry"))]
extern crate std;

pub mod algorithm;
mod budget;
mod delivery;
mod der;
mod encoding;
mod event_type;
#[cfg(feature = "explain")]
pub mod explain;
mod failure;
mod form;
pub mod handshake;
#[cfg(feature = "gzip")]
mod inflate;
mod json;
mod jwk;
mod jws;
mod lookup;
mod mac;
mod message;
mod name;
mod options;
mod parse_error;
pub mod place;
mod public_key;
#[cfg(feature = "registry")]
pub mod registry;
mod requirement;
pub mod scheme;
mod secret;
pub mod sign;
mod signature;
pub mod signed_bytes;
pub mod template;
mod timestamp;
mod url;
mod verified;
pub mod verify;

pub use delivery::Delivery;
pub use failure::Failure;
pub use jwk::{KeySetFault, MAX_KEY_SET_BYTES, MAX_KEYS, check_key_set};
pub use options::Options;
pub use parse_error::ParseError;
pub use scheme::{Scheme, SchemeError, SchemeErrors};
pub use secret::{Nfkd, SecretFault, SecretProblem, Secrets};
pub use sign::{Signed, sign};
pub use verified::{ReplayKey, Verified};
pub use verify::{Verification, verify};

#[cfg(test)]
mod tests;
