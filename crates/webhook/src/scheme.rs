//! A scheme: how one sender signs its webhooks, as data.
//!
//! The axes, by their names in TOML and JSON. Those without a default must be
//! written.
//!
//! | axis | is | default |
//! |---|---|---|
//! | `signature` | a [`Place`], or a list of them: any may hold it | |
//! | `begins` | what the whole value begins with, before it is split; cut off | |
//! | `groups` | one character: the value is first cut into groups, each with fields of its own (Persona: `" "`) | |
//! | `split` | one character: the value is a list. Entries are trimmed; 100 at most | |
//! | `prefix` | what an entry (or the whole value) begins with; cut off. Other entries are passed over | `""` |
//! | `after` | one character: the signature is what follows the last of it in the entry (Braintree) | |
//! | `encoding` | `hex` (either case), `base64` (padded, canonical), `base64url`, `utf8` | `utf8` for `equality`; a JWT has none |
//! | `algorithm` | see [`Algorithm`] | |
//! | `key` | see [`KeyForm`] | `utf8`; none for public keys |
//! | `or` | a list of `{ prefix, encoding, algorithm, key }`: further methods that are as good. What isn't said is as above | `[]` |
//! | `message` | a [`Template`], or a list of them: any may match. JWTs and `equality` have none | `"{body}"` |
//! | `timestamp` | `{ at, unit, past, future, enforce }`: a place; `s`, `ms`, `rfc3339`, `http-date`; seconds; whether it is enforced | `unit = "s"`, `past = 300`, `future = 300`, `enforce = true` |
//! | `event_id` | the place of an id that a repeated delivery repeats | |
//! | `document` | the place of the JSON document that `json:` reads, if it is not the body | |
//! | `each` | a path with `[]`: each of these has a signature of its own, and all must be good. `json:` is relative to it (Adyen) | |
//! | `hashes` | a list of `{ at, encoding, of }`: the SHA-256 of the template `of` stands at `at` | `encoding = "hex"`, `of = "{body}"` |
//! | `claims` | claims of the JWT, each with the template it must equal | |
//! | `params` | what a source configures beside its secrets, for `{param:NAME}` | `[]` |
//! | `handshake` | a list: see [`Handshake`] | `[]` |
//!
//! `past` and `future` are whole seconds, both inclusive; 0 is the same second.
//! A JWT's `exp` and `nbf` are always obeyed.
//!
//! A handshake:
//!
//! | axis | is | default |
//! |---|---|---|
//! | `when` | `{ method, at, is }`: the method; the place that must be there; the text it must have | at least one |
//! | `signed` | whether the request must first pass the scheme itself | `true` |
//! | `token` | `{ at, is }`: the place whose text must equal a template, `{param:NAME}` (Meta's `hub.verify_token`) | |
//! | `response` | `{ of, algorithm, encoding }`: a response computed of a template, `hmac` or `sha256`; it is `{response}` below | `algorithm = "hmac"`, `encoding = "hex"` |
//! | `answer` | `{ status, type, body, json, header }`: `body` a template, or `json` a table of templates, which become JSON strings; `header` a table of templates | `status = 200`; `type` is `text/plain`, with `json` `application/json` |
//!
//! An answer whose `body` repeats what was sent is `text/plain`, and all have
//! `X-Content-Type-Options: nosniff`.
//!
//! A scheme is read by [`Scheme::from_value`] (all mistakes at once, each with
//! its place), and through serde from any format that describes itself, such as
//! TOML and JSON; in others (postcard) it stands as its JSON text.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub use super::algorithm::{Algorithm, Encoding, KeyForm, ResponseAlgorithm, TimeUnit};
use super::{
    place::{JsonPath, Place},
    template::{Part, Template},
};

mod borders;
mod check;
mod headers;
mod read;
mod write;

/// How one sender signs its webhooks. The module says what each axis means.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    /// Where the signature stands. Any of these; never empty.
    pub signature: Vec<Place>,
    /// What the whole value begins with.
    pub begins: String,
    /// What stands between groups.
    pub groups: Option<char>,
    /// What stands between entries.
    pub split: Option<char>,
    /// What the signature follows in its entry.
    pub after: Option<char>,
    /// How it is made. The first is the one to sign with; never empty.
    pub methods: Vec<Method>,
    /// What is signed. Any of these; empty for JWTs and equality.
    pub messages: Vec<Template>,
    /// When it was signed.
    pub timestamp: Option<TimestampRule>,
    /// The id that a repeated delivery repeats.
    pub event_id: Option<Place>,
    /// Where the JSON document stands, if it is not the body.
    pub document: Option<Place>,
    /// The items that are signed one by one.
    pub each: Option<JsonPath>,
    /// Further hashes to check.
    pub hashes: Vec<HashRule>,
    /// Claims of the JWT.
    pub claims: Vec<(JsonPath, Template)>,
    /// What a source configures beside its secrets.
    pub params: Vec<String>,
    /// How the sender makes sure of the receiver.
    pub handshakes: Vec<Handshake>,
}

/// How a signature is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// What its entry begins with.
    pub prefix: String,
    /// How it stands as text.
    pub encoding: Encoding,
    /// How it is computed.
    pub algorithm: Algorithm,
    /// How the key is made of the secret.
    pub key: KeyForm,
}

/// When a delivery was signed, and how far that may be from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampRule {
    /// Where it stands.
    pub at: Place,
    /// How it is written.
    pub unit: TimeUnit,
    /// How old it may be, seconds.
    pub past: u32,
    /// How far ahead it may be, seconds.
    pub future: u32,
    /// Whether that is enforced; otherwise it is only read.
    pub enforce: bool,
}

/// A SHA-256 that is sent along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashRule {
    /// Where it stands.
    pub at: Place,
    /// How it is written.
    pub encoding: Encoding,
    /// What it is the hash of.
    pub of: Template,
}

/// How a sender makes sure of its receiver, and what the receiver answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Handshake {
    /// Which requests it is about.
    pub when: When,
    /// Whether the request must first pass the scheme itself.
    pub signed: bool,
    /// What the sender must know.
    pub token: Option<TokenRule>,
    /// What is computed for the answer.
    pub response: Option<ResponseRule>,
    /// The answer.
    pub answer: AnswerRule,
}

/// Which requests a handshake is about. All that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The method.
    pub method: Option<String>,
    /// What must be there.
    pub at: Option<Place>,
    /// Its text.
    pub is: Option<String>,
}

/// A text of the request that must equal a configured one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRule {
    /// Where it stands.
    pub at: Place,
    /// What it must be.
    pub is: Template,
}

/// What is computed for a handshake's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseRule {
    /// Of what.
    pub of: Template,
    /// How.
    pub algorithm: ResponseAlgorithm,
    /// How it is written.
    pub encoding: Encoding,
}

/// A handshake's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRule {
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: String,
    /// What it says.
    pub body: AnswerBody,
    /// Further headers.
    pub headers: Vec<(String, Template)>,
}

/// What a handshake's answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerBody {
    /// This text.
    Text(Template),
    /// An object of strings.
    Json(Vec<(String, Template)>),
}

/// One mistake of a scheme: where it stands, such as `handshake.0.when`, and a
/// sentence that says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemeError {
    /// The axis; empty if it is about the whole.
    pub at: String,
    /// What is wrong and what to write.
    pub message: String,
}

impl core::fmt::Display for SchemeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.at.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.at, self.message) }
    }
}

impl Scheme {
    /// Reads a scheme that stands as a JSON (or TOML) table.
    ///
    /// # Errors
    /// All its mistakes.
    pub fn from_value(value: Value) -> Result<Self, Vec<SchemeError>> {
        let scheme = read::scheme(value)?;
        let mistakes = scheme.check();
        if mistakes.is_empty() { Ok(scheme) } else { Err(mistakes) }
    }

    /// The table that [`from_value`](Self::from_value) reads. Defaults are left out.
    #[must_use]
    pub fn to_value(&self) -> Value {
        write::scheme(self)
    }

    /// What can't work: sentences for who wrote it. A scheme that was read has none.
    #[must_use]
    pub fn check(&self) -> Vec<SchemeError> {
        check::scheme(self)
    }

    /// Whether a good signature means that the whole body is the sender's. Not
    /// where a form's names and values run into one another, and not where a hash
    /// over secret and message can be continued by whoever has seen one.
    #[must_use]
    pub fn body_authenticated(&self) -> bool {
        if self.methods.iter().any(|method| method.algorithm == Algorithm::Sha256) {
            return false;
        }
        let by_message = !self.messages.is_empty() && self.messages.iter().all(Template::covers_body);
        let by_hash = self.hashes.iter().any(|hash| self.is_signed(&hash.at) && hash.of.covers_body());
        by_message || by_hash || self.signature.iter().all(|place| *place == Place::Body)
    }

    /// Whether a good signature can't be used again later: its timestamp is
    /// signed and enforced. Until then, remembering ids has to do it.
    #[must_use]
    pub fn replay_protected(&self) -> bool {
        self.timestamp.as_ref().is_some_and(|rule| rule.enforce && self.is_signed(&rule.at))
    }

    /// Whether the event id is part of what is signed, and nothing beside it can
    /// be taken for a part of it; otherwise whoever repeats a delivery can give
    /// it another.
    #[must_use]
    pub fn event_id_signed(&self) -> bool {
        self.event_id.as_ref().is_some_and(|place| self.is_signed(place) && borders::hold(self, place))
    }

    /// The headers that deciding on a delivery reads, in lower case, each once;
    /// `None` if that depends on the delivery.
    #[must_use]
    pub fn headers_read(&self) -> Option<Vec<String>> {
        headers::read(self)
    }

    /// Whether what stands at a place is part of what is signed.
    fn is_signed(&self, place: &Place) -> bool {
        if matches!(place, Place::Claim(_)) {
            return true;
        }
        let is_timestamp = self.timestamp.as_ref().is_some_and(|rule| rule.at == *place);
        let in_part = |part: &Part| match part {
            Part::Value(signed) | Part::ValueOrEmpty(signed) => signed == place,
            Part::Timestamp => is_timestamp,
            // That this header lists the timestamp's is checked with each delivery.
            Part::SignedHeaders(_) => is_timestamp && matches!(place, Place::Header(_)),
            Part::Url => matches!(place, Place::Query(_)),
            Part::UrlWithPort
            | Part::UrlWithoutPort
            | Part::Query
            | Part::PathAndQuery
            | Part::EscapedPathAndQuery
            | Part::CanonicalQuery => {
                matches!(place, Place::Query(_))
            }
            Part::Present(names) => match place {
                Place::Json(path) => names.contains(&path.to_string()),
                _ => false,
            },
            _ => false,
        };
        let elsewhere = matches!(place, Place::Json(_)) && self.document.as_ref().is_some_and(|at| !at.is_of_body());
        let body = place.is_of_body() && self.each.is_none() && !elsewhere;
        let in_message = |message: &Template| body && message.covers_body() || message.0.iter().any(in_part);
        !self.messages.is_empty() && self.messages.iter().all(in_message)
            || body && self.hashes.iter().any(|hash| self.hash_is_signed(hash) && hash.of.covers_body())
    }

    fn hash_is_signed(&self, hash: &HashRule) -> bool {
        !hash.at.is_of_body() && self.is_signed(&hash.at)
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
        Self::from_value(value).map_err(|mistakes| {
            let sentences: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            D::Error::custom(sentences.join("; "))
        })
    }
}
