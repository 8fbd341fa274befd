//! Why a delivery is refused.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};
use core::{error::Error, fmt};

use crate::place::Place;

/// Why a delivery is refused. None has a secret, the body or a computed
/// signature in it: names of places are the scheme's own, not the sender's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The source or its secrets are not set up right: not the sender's fault.
    Configuration(Cow<'static, str>),
    /// The body is longer than the source takes.
    BodyTooLarge,
    /// A header that is needed is not there, or empty.
    MissingHeader(String),
    /// Another text that is needed is not there.
    MissingField(String),
    /// A header that stands once came with different values.
    AmbiguousHeader(String),
    /// The body is not what the scheme reads: no JSON, no form, or a name twice.
    MalformedBody,
    /// No signature in the form that the scheme has.
    MalformedSignature,
    /// More signatures than anybody sends.
    TooManySignatures,
    /// More would have to be read and hashed than [`Options::work_limit`](crate::Options::work_limit).
    TooMuchWork,
    /// A text has characters that would make what is signed ambiguous.
    MalformedField(String),
    /// The timestamp is not there.
    MissingTimestamp,
    /// The timestamp is not in its unit's form.
    MalformedTimestamp,
    /// The JWT is none, or not of this kind.
    MalformedToken(&'static str),
    /// No signature matches any secret.
    NoMatch,
    /// A claim of the JWT is not what it must be.
    ClaimMismatch(String),
    /// A hash that is signed is not the hash of what came.
    HashMismatch(String),
    /// Genuine, but older than the source takes.
    TimestampTooOld,
    /// Genuine, but further ahead than the source takes.
    TimestampTooNew,
    /// It was here before.
    Replayed,
}

impl Failure {
    /// A place's text is not there.
    pub(crate) fn missing(place: &Place) -> Self {
        match place {
            Place::Header(names) => Self::MissingHeader(names.first().cloned().unwrap_or_default()),
            Place::NumberedHeader(name) => Self::MissingHeader(format!("{name}1")),
            place => Self::MissingField(place.to_string()),
        }
    }

    /// The stable code, as JSON and logs have it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Configuration(_) => "CONFIGURATION",
            Self::BodyTooLarge => "BODY_TOO_LARGE",
            Self::MissingHeader(_) => "MISSING_HEADER",
            Self::MissingField(_) => "MISSING_FIELD",
            Self::AmbiguousHeader(_) => "AMBIGUOUS_HEADER",
            Self::MalformedBody => "MALFORMED_BODY",
            Self::MalformedSignature => "MALFORMED_SIGNATURE",
            Self::TooManySignatures => "TOO_MANY_SIGNATURES",
            Self::TooMuchWork => "TOO_MUCH_WORK",
            Self::MalformedField(_) => "MALFORMED_FIELD",
            Self::MissingTimestamp => "MISSING_TIMESTAMP",
            Self::MalformedTimestamp => "MALFORMED_TIMESTAMP",
            Self::MalformedToken(_) => "MALFORMED_TOKEN",
            Self::NoMatch => "NO_MATCH",
            Self::ClaimMismatch(_) => "CLAIM_MISMATCH",
            Self::HashMismatch(_) => "HASH_MISMATCH",
            Self::TimestampTooOld => "TIMESTAMP_TOO_OLD",
            Self::TimestampTooNew => "TIMESTAMP_TOO_NEW",
            Self::Replayed => "REPLAYED",
        }
    }

    /// A sentence for the person who reads it.
    #[must_use]
    pub fn detail(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Configuration(sentence) => return sentence.clone(),
            Self::BodyTooLarge => "The body is longer than this source takes.",
            Self::MissingHeader(name) => return format!("The header `{name}` is missing or empty.").into(),
            Self::MissingField(place) => return format!("There is no text at `{place}`.").into(),
            Self::AmbiguousHeader(name) => {
                return format!("The header `{name}` came several times, with different values.").into();
            }
            Self::MalformedBody => "The body can't be read as this scheme needs it, or has a name twice.",
            Self::MalformedSignature => "There is no signature in the form that this scheme has.",
            Self::TooManySignatures => "There are more signatures than this scheme can have.",
            Self::TooMuchWork => "To try every secret on every message would take too long.",
            Self::MalformedField(place) => {
                return format!("The text at `{place}` has characters that would make the signed message ambiguous.")
                    .into();
            }
            Self::MissingTimestamp => "The timestamp is missing.",
            Self::MalformedTimestamp => "The timestamp is not written as this scheme writes it.",
            Self::MalformedToken(what) => return format!("The token can't be used: {what}.").into(),
            Self::NoMatch => "The signature doesn't match: another secret, or something was changed on the way.",
            Self::ClaimMismatch(claim) => {
                return format!("The token's claim `{claim}` is not what this source expects.").into();
            }
            Self::HashMismatch(place) => return format!("The hash at `{place}` is not that of what came.").into(),
            Self::TimestampTooOld => "The signature is good, but older than this source takes.",
            Self::TimestampTooNew => {
                "The signature is good, but its time is further ahead than this source takes; is it in another unit?"
            }
            Self::Replayed => "This delivery was here before.",
        })
    }
}

/// The sentence of [`Failure::detail`].
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail())
    }
}

impl Error for Failure {}
