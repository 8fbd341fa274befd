//! The types of a [`Scheme`], as it is after reading.

use alloc::{string::String, vec::Vec};

use crate::{
    algorithm::{Algorithm, Encoding, KeyForm, ResponseAlgorithm, TimeUnit},
    place::{JsonPath, Place},
    template::Template,
};

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
