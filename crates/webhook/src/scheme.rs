//! A scheme: the way in which one sender signs its webhooks, as data.
//!
//! [`Scheme::from_value`] reads a scheme and reports all mistakes at once, each with its place. Serde reads it from any
//! self-describing format, such as TOML and JSON; in other formats (postcard) it is written as JSON text.
//!
#![doc = include_str!("../schemes.md")]

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub use crate::algorithm::{Algorithm, Encoding, KeyForm, ResponseAlgorithm, TimeUnit};
use crate::failure::Failure;
pub use error::{SchemeError, SchemeErrors};
pub use model::{
    AnswerBody, AnswerRule, Handshake, HandshakeCondition, HashRule, Requirement, ResponseRule, Scheme, SigningMethod,
    TimestampRule, TokenRule,
};

mod boundaries;
mod check;
mod coverage;
mod error;
mod headers;
mod model;
mod read;
mod write;

impl Scheme {
    /// Reads a scheme that is written as a JSON or TOML table.
    ///
    /// # Errors
    /// All its mistakes, each with its place.
    pub fn from_value(value: Value) -> Result<Self, SchemeErrors> {
        let scheme = read::scheme(value).map_err(SchemeErrors)?;
        let mistakes = scheme.check();
        if mistakes.is_empty() { Ok(scheme) } else { Err(SchemeErrors(mistakes)) }
    }

    /// The table that [`from_value`](Self::from_value) reads, without defaults.
    #[must_use]
    pub fn to_value(&self) -> Value {
        write::scheme(self)
    }

    /// The mistakes of this scheme. A scheme that was read has none; one that was built in code may have some.
    #[must_use]
    pub fn check(&self) -> Vec<SchemeError> {
        check::scheme(self)
    }

    /// The HTTP status of the answer to a delivery that is refused: the one that the sender wants, or 401 for what isn't
    /// genuine and 400 for what can't be read.
    #[must_use]
    pub const fn status_of(&self, failure: &Failure) -> u16 {
        match (failure, self.refused) {
            (Failure::Configuration(_), _) => 500,
            (Failure::BodyTooLarge, _) => 413,
            (Failure::TooMuchWork, _) => 422,
            (_, Some(status)) => status,
            (
                Failure::UnknownKey
                | Failure::NoMatch
                | Failure::ClaimMismatch(_)
                | Failure::HashMismatch(_)
                | Failure::TimestampTooOld
                | Failure::TimestampTooNew
                | Failure::Replayed,
                None,
            ) => 401,
            (_, None) => 400,
        }
    }

    /// The names of the headers that the engine reads from a delivery, in lower case, each once; `None` if they depend
    /// on the delivery.
    #[must_use]
    pub fn headers_read(&self) -> Option<Vec<String>> {
        headers::read(self)
    }
}

impl Serialize for Scheme {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.to_value();
        if serializer.is_human_readable() {
            value.serialize(serializer)
        } else {
            serializer.serialize_str(&value.to_string())
        }
    }
}

impl<'de> Deserialize<'de> for Scheme {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let value = if deserializer.is_human_readable() {
            Value::deserialize(deserializer)?
        } else {
            serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)?
        };
        Self::from_value(value).map_err(D::Error::custom)
    }
}
