//! Webhooks: every sender's way of signing as data, and one interpreter for it.
//!
//! A [`Scheme`] says where a signature stands, how it is written and made, what
//! it covers, and how old it may be. It verifies and signs; no sender has code
//! of its own. In the order in which a delivery goes through it:
//!
//! 1. [`Scheme`] is read and checked ([`scheme`]; [`place`] says where a text
//!    stands, [`template`] how a message is put together), and [`Secrets`] are
//!    made into keys, once;
//! 2. [`Scheme::handshake`] tells a sender's probe from a delivery ([`handshake`]);
//! 3. [`verify`](verify()) finds the signatures, fills the message in, and compares. Where
//!    arithmetic is left to the platform it answers [`Verification::Ask`], and
//!    [`verify::Questions::answered`] says what the platform's answers mean;
//! 4. [`Verified`] says what is known; a [`Failure`] says why not, with a code.
//!
//! The body is bytes throughout, and is never copied: it goes into the hash
//! where it lies. `docs/webhooks.md` is the same story for users.

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
mod failure;
mod form;
pub mod handshake;
mod json;
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
pub mod scheme;
mod secret;
pub mod sign;
mod signature;
pub mod template;
mod timestamp;
mod url;
mod verified;
pub mod verify;

pub use delivery::Delivery;
pub use failure::Failure;
pub use options::Options;
pub use parse_error::ParseError;
pub use scheme::{Scheme, SchemeError, SchemeErrors};
pub use secret::{SecretFault, SecretProblem, Secrets};
pub use sign::{Signed, sign};
pub use verified::Verified;
pub use verify::{Verification, verify};

#[cfg(test)]
mod tests;
