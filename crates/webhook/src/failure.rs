//! The reasons for refusing a delivery.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};
use core::{error::Error, fmt};

use crate::place::Place;

/// The reason for refusing a delivery. No reason contains a secret, the body or a computed signature. It names places
/// as the scheme does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The receiver is not set up correctly: no secret is usable, or a parameter is not set. The sender can't change
    /// that.
    Configuration(Cow<'static, str>),
    /// The body is longer than [`Options::body_limit`](crate::Options::body_limit).
    BodyTooLarge,
    /// A header that the scheme needs is missing or empty.
    MissingHeader(String),
    /// Another text that the scheme needs is missing.
    MissingField(String),
    /// A header was sent several times, with different values.
    AmbiguousHeader(String),
    /// The body isn't JSON or a form although the scheme needs one, or it contains a name twice.
    MalformedBody,
    /// No signature has the form that the scheme demands.
    MalformedSignature,
    /// There are more than 100 entries, 8 groups, or 64 computations with public keys.
    TooManySignatures,
    /// More bytes than [`Options::work_limit`](crate::Options::work_limit) would have to be read and hashed.
    TooMuchWork,
    /// A text contains characters that would make the signed message ambiguous.
    MalformedField(String),
    /// The timestamp is missing.
    MissingTimestamp,
    /// The timestamp is not written in the scheme's unit.
    MalformedTimestamp,
    /// The token isn't a JWT (RFC 7519), or it has another algorithm or critical extensions.
    MalformedToken(&'static str),
    /// None of the sender's keys that are known made the signature, and the delivery names none of them (`kid`). It may
    /// be a newer key of the sender.
    UnknownKey,
    /// No signature matches any secret.
    NoMatch,
    /// The delivery is genuine, but about something else: a claim of the JWT, or another text that the scheme demands, is
    /// missing or isn't what is expected.
    ClaimMismatch(String),
    /// A hash is genuine, but it is the hash of another text.
    HashMismatch(String),
    /// The delivery is genuine, but older than the scheme allows.
    TimestampTooOld,
    /// The delivery is genuine, but its time is further ahead than the scheme allows.
    TimestampTooNew,
    /// The delivery was received before. The engine never returns this; it is for callers that remember deliveries.
    Replayed,
}

impl Failure {
    /// The failure for a missing text at a place.
    pub(crate) fn missing(place: &Place) -> Self {
        match place {
            Place::Header(names) => Self::MissingHeader(names.first().cloned().unwrap_or_default()),
            Place::NumberedHeader(name) => Self::MissingHeader(format!("{name}1")),
            place => Self::MissingField(place.to_string()),
        }
    }

    /// The stable code, for JSON and logs, such as `NO_MATCH`.
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
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::NoMatch => "NO_MATCH",
            Self::ClaimMismatch(_) => "CLAIM_MISMATCH",
            Self::HashMismatch(_) => "HASH_MISMATCH",
            Self::TimestampTooOld => "TIMESTAMP_TOO_OLD",
            Self::TimestampTooNew => "TIMESTAMP_TOO_NEW",
            Self::Replayed => "REPLAYED",
        }
    }

    /// A sentence for people.
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
            Self::UnknownKey => {
                "None of the sender's keys that are known here made the signature; it may be a newer one, or a forgery."
            }
            Self::NoMatch => "The signature doesn't match: another secret, or something was changed on the way.",
            Self::ClaimMismatch(place) => {
                return format!("The signature is good, but `{place}` is not what this source expects.").into();
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

/// Writes the sentence of [`Failure::detail`].
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail())
    }
}

impl Error for Failure {}
