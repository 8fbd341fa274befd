//! A key's text: what it looks like, how it is made and parsed, where a request has it.

pub mod credential;
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
