//! The types of a [`Scheme`] that was read.

use alloc::{string::String, vec::Vec};

use crate::{
    algorithm::{Algorithm, Encoding, KeyForm, ResponseAlgorithm, TimeUnit},
    place::{JsonPath, Place},
    template::{Part, Template},
};

/// The way in which one sender signs its webhooks. The module [`scheme`](crate::scheme) describes each axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    /// The places of the signature, of which any may hold it; never empty.
    pub signature: Vec<Place>,
    /// The text that the whole value begins with.
    pub begins: String,
    /// The character between groups.
    pub groups: Option<char>,
    /// The character between entries.
    pub split: Option<char>,
    /// The character before the signature in its entry.
    pub after: Option<char>,
    /// The methods that are accepted, of which the first is used for signing; never empty.
    pub methods: Vec<SigningMethod>,
    /// The signed texts, of which any may match; empty for equality, and for JWTs that have their payload.
    pub messages: Vec<Template>,
    /// The time of signing.
    pub timestamp: Option<TimestampRule>,
    /// The place of the name (`kid`) of the public key that signed. A JWT names it in its head.
    pub kid: Option<Place>,
    /// The place of a JSON object in base64 that the signature and its key's name are members of. A JWT has a head of
    /// its own.
    pub head: Option<Place>,
    /// The id that is the same when a delivery is repeated.
    pub event_id: Option<Place>,
    /// The type of the event, by which receivers choose.
    pub event_type: Option<Place>,
    /// The place of the JSON document, if it is not the body.
    pub document: Option<Place>,
    /// The items that are signed one by one.
    pub each: Option<JsonPath>,
    /// Further hashes to check.
    pub hashes: Vec<HashRule>,
    /// The claims of the JWT that must have these texts.
    pub claims: Vec<(JsonPath, Template)>,
    /// The names of the texts that the receiver configures beside its secrets.
    pub params: Vec<String>,
    /// The texts by which a delivery says that it is signed in this way.
    pub requires: Vec<Requirement>,
    /// The HTTP status that the sender wants for a delivery that is refused, if it wants a certain one.
    pub refused: Option<u16>,
    /// The requests by which the sender makes sure of the receiver.
    pub handshakes: Vec<Handshake>,
}

/// A text that a delivery must have, such as the version of its signature, or what tells an event from other texts that
/// the same key signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The place of the text.
    pub at: Place,
    /// The text that must be there; `None` for any text.
    pub is: Option<Template>,
}

impl Requirement {
    /// Whether it is about the thing that is signed, and is judged once the signature is good. Otherwise it is about the
    /// way of signing.
    pub(crate) fn is_about_content(&self) -> bool {
        let has_param = |is: &Template| is.0.iter().any(|part| matches!(part, Part::Param(_)));
        matches!(self.at, Place::Claim(_)) || self.is.as_ref().is_some_and(has_param)
    }
}

/// The way in which a signature is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningMethod {
    /// The text that the signature's entry begins with.
    pub prefix: String,
    /// The encoding of the signature.
    pub encoding: Encoding,
    /// The algorithm of the signature.
    pub algorithm: Algorithm,
    /// The way in which the key is made from the secret.
    pub key: KeyForm,
}

/// The time of signing, and the permitted distance from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampRule {
    /// The place of the timestamp.
    pub at: Place,
    /// The unit in which the timestamp is written.
    pub unit: TimeUnit,
    /// The maximum age of a delivery, in whole seconds, inclusive.
    pub past: u32,
    /// The maximum time by which it may be ahead of the clock, in whole seconds, inclusive.
    pub future: u32,
    /// Whether the limits are enforced; otherwise the timestamp is only read.
    pub enforce: bool,
}

/// A SHA-256 hash (FIPS 180-4) that is sent with the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashRule {
    /// The place of the hash.
    pub at: Place,
    /// The encoding of the hash.
    pub encoding: Encoding,
    /// The text that is hashed.
    pub of: Template,
    /// Whether the hash may be missing if the body is empty.
    pub unless_empty: bool,
}

/// A request by which a sender makes sure of its receiver, and the answer to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Handshake {
    /// The condition for a request to be this handshake.
    pub when: HandshakeCondition,
    /// Whether the request must first be verified by the scheme itself.
    pub signed: bool,
    /// The token that the sender must know.
    pub token: Option<TokenRule>,
    /// The place where the sender tells the secret that it will sign with.
    pub tells: Option<Place>,
    /// The response that is computed for the answer.
    pub response: Option<ResponseRule>,
    /// The answer.
    pub answer: AnswerRule,
}

impl Handshake {
    /// Whether the answer needs a secret, to verify the request or to sign the response.
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        let signs = |rule: &ResponseRule| rule.algorithm == ResponseAlgorithm::Hmac;
        self.signed || self.response.as_ref().is_some_and(signs)
    }
}

/// The condition for a request to be a handshake. All parts that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeCondition {
    /// The HTTP method.
    pub method: Option<String>,
    /// A place where there must be a text.
    pub at: Option<Place>,
    /// The text that must be there.
    pub is: Option<String>,
    /// A place where there must be no text.
    pub without: Option<Place>,
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
    /// The algorithm by which it is computed.
    pub algorithm: ResponseAlgorithm,
    /// The encoding of the response.
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
