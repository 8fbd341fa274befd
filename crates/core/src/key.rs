//! A key's text: its form, its minting, its parsing, and its place in a request.

pub mod credential;
pub mod credential_header;
mod digest;
mod display;
mod environment;
mod forms;
pub mod imported;
pub mod keyring;
pub mod pattern;
mod plain_key;
mod prefix;
pub mod root_key;
mod shape;

pub use digest::KeyDigest;
pub use display::KeyDisplay;
pub use environment::Environment;
pub use forms::KeyForms;
pub use plain_key::PlainKey;
pub use prefix::KeyPrefix;
pub use shape::{KeyKind, MAX_KEY_LEN, OPERATOR_PREFIX, ParseKeyError, RANDOM_LEN, TAG_LEN};
