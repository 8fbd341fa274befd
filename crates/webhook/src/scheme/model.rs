//! The types of a [`Scheme`], as it is after reading.

use alloc::{string::String, vec::Vec};

use crate::{
    algorithm::{Algorithm, Encoding, KeyForm, ResponseAlgorithm, TimeUnit},
    place::{JsonPath, Place},
    template::Template,
};

/// How one sender signs its webhooks. The module [`scheme`](crate::scheme) describes each axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    /// The places of the signature: any of these; never empty.
    pub signature: Vec<Place>,
    /// The text that the whole value begins with.
    pub begins: String,
    /// The character between groups.
    pub groups: Option<char>,
    /// The character between entries.
    pub split: Option<char>,
    /// The character that the signature follows in its entry.
    pub after: Option<char>,
    /// The methods that are good. The first is the one to sign with; never empty.
    pub methods: Vec<SigningMethod>,
    /// The signed text: any of these; empty for JWTs and equality.
    pub messages: Vec<Template>,
    /// The time of signing.
    pub timestamp: Option<TimestampRule>,
    /// The id that a repeated delivery repeats.
    pub event_id: Option<Place>,
    /// The place of the JSON document, if it is not the body.
    pub document: Option<Place>,
    /// The items that are signed one by one.
    pub each: Option<JsonPath>,
    /// Further hashes to check.
    pub hashes: Vec<HashRule>,
    /// Claims of the JWT.
    pub claims: Vec<(JsonPath, Template)>,
    /// Names of the texts that the receiver configures beside its secrets.
    pub params: Vec<String>,
    /// The requests by which the sender makes sure of the receiver.
    pub handshakes: Vec<Handshake>,
}

/// How a signature is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningMethod {
    /// The text that its entry begins with.
    pub prefix: String,
    /// How the signature is written.
    pub encoding: Encoding,
    /// How the signature is computed.
    pub algorithm: Algorithm,
    /// How the key is made of the secret.
    pub key: KeyForm,
}

/// The time of signing, and how far it may be from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampRule {
    /// The place of the timestamp.
    pub at: Place,
    /// How the timestamp is written.
    pub unit: TimeUnit,
    /// How old a delivery may be, in whole seconds, inclusive.
    pub past: u32,
    /// How far ahead of the clock its time may be, in whole seconds, inclusive.
    pub future: u32,
    /// Whether the limits are enforced; otherwise the timestamp is only read.
    pub enforce: bool,
}

/// A SHA-256 (FIPS 180-4) that is sent along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashRule {
    /// The place of the hash.
    pub at: Place,
    /// How the hash is written.
    pub encoding: Encoding,
    /// The text that is hashed.
    pub of: Template,
}

/// A request by which a sender makes sure of its receiver, and the answer to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Handshake {
    /// The requests that are this handshake.
    pub when: HandshakeCondition,
    /// Whether the request must first pass the scheme itself.
    pub signed: bool,
    /// The token that the sender must know.
    pub token: Option<TokenRule>,
    /// The response that is computed for the answer.
    pub response: Option<ResponseRule>,
    /// The answer.
    pub answer: AnswerRule,
}

/// The requests that are a handshake. All conditions that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeCondition {
    /// The HTTP method.
    pub method: Option<String>,
    /// A place that must have a text.
    pub at: Option<Place>,
    /// The text that it must have.
    pub is: Option<String>,
}

/// A text of the request that must equal a configured one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRule {
    /// The place of the text.
    pub at: Place,
    /// The text that it must equal.
    pub is: Template,
}

/// A response that is computed for the answer of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseRule {
    /// The text that it is computed from.
    pub of: Template,
    /// How it is computed.
    pub algorithm: ResponseAlgorithm,
    /// How the response is written.
    pub encoding: Encoding,
}

/// A handshake's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRule {
    /// The HTTP status, from 200 to 299.
    pub status: u16,
    /// The media type.
    pub content_type: String,
    /// The body.
    pub body: AnswerBody,
    /// Further headers.
    pub headers: Vec<(String, Template)>,
}

/// The body of a handshake's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerBody {
    /// A text.
    Text(Template),
    /// A JSON object of strings.
    Json(Vec<(String, Template)>),
}
