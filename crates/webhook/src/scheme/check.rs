//! Finds the mistakes of a [`Scheme`], as sentences for its author.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    error::SchemeError,
    model::{AnswerBody, Handshake, ResponseRule, Scheme, SigningMethod},
};
use crate::{
    algorithm::{Algorithm, Encoding, KeyForm, ResponseAlgorithm},
    place::{JsonPath, Place, Step},
    template::{Part, Template},
};

/// The maximum number of messages: each is tried with each secret.
const MAX_MESSAGES: usize = 4;
/// The maximum number of methods: each secret may be a key for each.
const MAX_METHODS: usize = 4;
const NO_CLAIMS: &str = "only JWTs have claims, and only those whose payload isn't the `message`";

pub(super) fn scheme(scheme: &Scheme) -> Vec<SchemeError> {
    let mut check = Check { scheme, errors: Vec::new() };
    check.signature();
    check.methods();
    check.messages();
    check.rest();
    for (index, handshake) in scheme.handshakes.iter().enumerate() {
        check.handshake(&format!("handshake.{index}"), handshake);
    }
    check.errors
}

struct Check<'a> {
    scheme: &'a Scheme,
    errors: Vec<SchemeError>,
}

/// The use of a template, which decides which parts it may have.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Message,
    Hash,
    Claim,
    Token,
    Response,
    Answer,
}

impl Check<'_> {
    fn mistake(&mut self, at: &str, message: impl Into<String>) {
        self.errors.push(SchemeError { at: at.into(), message: message.into() });
    }

    fn signature(&mut self) {
        let scheme = self.scheme;
        if scheme.signature.is_empty() {
            self.mistake("signature", "say where the signature stands, such as `header:x-signature`");
        }
        for place in &scheme.signature {
            let fits = match place {
                Place::Field(_) | Place::Position(_) | Place::Claim(_) => false,
                Place::Body => scheme.is_jws() && !scheme.is_detached(),
                Place::Head(_) => scheme.head.is_some(),
                Place::Json(_) => true,
                _ => scheme.each.is_none(),
            };
            if !fits {
                self.mistake("signature", format!("`{place}` can't hold the signature here"));
            }
        }
        if scheme.groups.is_some() && (scheme.split.is_none() || scheme.groups == scheme.split) {
            self.mistake("groups", "groups are split into entries, by another character: say `split`");
        }
    }

    fn methods(&mut self) {
        let scheme = self.scheme;
        if scheme.methods.is_empty() {
            self.mistake("algorithm", "this is required");
        }
        for (index, method) in scheme.methods.iter().enumerate() {
            let at = |axis: &str| if index == 0 { axis.to_string() } else { format!("or.{}.{axis}", index - 1) };
            if let Some(message) = key_misfit(method) {
                self.mistake(&at("key"), message);
            }
            let fits = match method.algorithm {
                Algorithm::Equality => true,
                algorithm if algorithm.is_jws() => method.encoding == Encoding::Base64Url,
                _ => method.encoding != Encoding::Utf8,
            };
            if !fits {
                self.mistake(&at("encoding"), format!("{} can't be written as {}", method.algorithm, method.encoding));
            }
        }
        let same_kind = |a: &SigningMethod, b: &SigningMethod| kind(a.algorithm) == kind(b.algorithm);
        if scheme.methods.iter().zip(scheme.methods.iter().skip(1)).any(|(a, b)| !same_kind(a, b)) {
            self.mistake("or", "signatures, JWTs and equality can't stand side by side; write a scheme for each");
        }
        let secret = scheme.methods.iter().any(|method| !method.key.is_public_key());
        let tells_itself = |key: KeyForm| !key.is_public_key() || matches!(key, KeyForm::Whpk | KeyForm::Pem);
        if secret && !scheme.methods.iter().all(|method| tells_itself(method.key)) {
            self.mistake("or", "a public key could be taken for a secret here; beside secrets write it as whpk or pem");
        }
    }

    fn messages(&mut self) {
        let scheme = self.scheme;
        let signs = scheme.methods.first().is_none_or(|method| kind(method.algorithm) == 0);
        if signs && scheme.messages.is_empty() {
            self.mistake("message", "say what is signed");
        }
        if !signs && !scheme.is_jws() && !scheme.messages.is_empty() {
            self.mistake("message", "equality signs nothing");
        }
        if scheme.messages.len() > MAX_MESSAGES {
            self.mistake("message", format!("{MAX_MESSAGES} at most: each is tried with each secret"));
        }
        if scheme.methods.len() > MAX_METHODS {
            self.mistake("or", format!("{MAX_METHODS} ways to sign at most, the first included"));
        }
        let hashes_secret = scheme.methods.iter().any(|method| method.algorithm.is_plain_hash());
        for message in &scheme.messages {
            self.template("message", message, Use::Message);
            if message.has(&Part::Secret) != hashes_secret {
                let sentence = if hashes_secret {
                    "a plain hash proves nothing without the `{secret}` in what is hashed"
                } else {
                    "the `{secret}` is part of the message with `sha1` and `sha256` only"
                };
                self.mistake("message", sentence);
            }
            if message.0.iter().all(|part| matches!(part, Part::Literal(_) | Part::Secret | Part::Param(_))) {
                self.mistake("message", "this is the same for every delivery, so one signature would fit all");
            }
            let whole = |part: &Part| {
                matches!(
                    part,
                    Part::Body
                        | Part::EscapedBody
                        | Part::JsonEscapedBody
                        | Part::UnpackedBody
                        | Part::Sha256Hex
                        | Part::Crc32
                        | Part::SortedForm
                        | Part::SortedQueryAndForm
                )
            };
            if message.0.iter().filter(|part| whole(part)).count() > 1 {
                self.mistake("message", "the body, or what is made of it, stands once in a message at most");
            }
            if scheme.each.is_some() && message.0.iter().any(whole) {
                self.mistake("message", "with `each` an item's message is made of the item, not of the body");
            }
        }
    }

    fn rest(&mut self) {
        let scheme = self.scheme;
        if let Some(rule) = &scheme.timestamp {
            self.place("timestamp.at", &rule.at);
        }
        if let Some(place) = &scheme.kid {
            self.place("kid", place);
            if scheme.is_jws() || !scheme.methods.iter().all(|method| method.algorithm.is_public_key()) {
                self.mistake(
                    "kid",
                    "this names a public key; a JWT does so in its head, and a shared secret has no name",
                );
            }
        }
        if let Some(place) = &scheme.head {
            self.place("head", place);
            if !matches!(place, Place::Header(_) | Place::Query(_) | Place::Form(_)) {
                self.mistake("head", "the head stands in a header, query or form");
            }
            if scheme.is_jws() {
                self.mistake("head", "a JWT has a head of its own");
            }
        }
        if let Some(place) = &scheme.event_id {
            self.place("event_id", place);
        }
        if let Some(place) = &scheme.event_type {
            self.place("event_type", place);
            if *place == Place::Body {
                self.mistake("event_type", "a type is a part of the body, such as `json:type`, or a header");
            }
        }
        if let Some(place) = &scheme.document
            && !matches!(place, Place::Form(_) | Place::Query(_) | Place::Header(_))
        {
            self.mistake("document", "the document is the body, or stands in a form, query or header");
        }
        if let Some(JsonPath(steps)) = &scheme.each {
            if steps.iter().filter(|step| **step == Step::Each).count() != 1 {
                self.mistake("each", "the path has `[]` once, such as `json:items[]`");
            }
            if scheme.is_jws() {
                self.mistake("each", "a JWT is about the whole delivery");
            }
        }
        for (index, hash) in scheme.hashes.iter().enumerate() {
            let at = format!("hashes.{index}");
            self.place(&format!("{at}.at"), &hash.at);
            self.template(&format!("{at}.of"), &hash.of, Use::Hash);
            if hash.encoding == Encoding::Utf8 {
                self.mistake(&format!("{at}.encoding"), "a hash is written as hex, base64 or base64url");
            }
            if hash.unless_empty && !hash.of.covers_body() {
                self.mistake(&format!("{at}.unless_empty"), "a hash that isn't of the body is there for every body");
            }
            if !scheme.hash_is_signed(hash) {
                self.mistake(&format!("{at}.at"), "this hash isn't part of what is signed, so it proves nothing");
            }
        }
        if !scheme.claims.is_empty() && !self.has_claims() {
            self.mistake("claims", NO_CLAIMS);
        }
        for (path, template) in &scheme.claims {
            self.template(&format!("claims.{path}"), template, Use::Claim);
        }
        for (index, rule) in scheme.requires.iter().enumerate() {
            self.place(&format!("requires.{index}.at"), &rule.at);
            if let Some(is) = &rule.is {
                self.template(&format!("requires.{index}.is"), is, Use::Token);
            }
            if rule.is.as_ref().is_some_and(|is| is.0.is_empty()) {
                self.mistake(&format!("requires.{index}.is"), "say which text must be there, or leave `is` out");
            }
        }
        for (index, param) in scheme.params.iter().enumerate() {
            if param.is_empty() || scheme.params.iter().skip(index + 1).any(|other| other == param) {
                self.mistake("params", "each has a name of its own");
            }
        }
    }

    /// Whether the signature is a JWT with claims in it.
    fn has_claims(&self) -> bool {
        self.scheme.is_jws() && !self.scheme.is_detached()
    }

    fn place(&mut self, at: &str, place: &Place) {
        let scheme = self.scheme;
        if place.is_of_signature() && scheme.split.is_none() {
            self.mistake(at, format!("`{place}` is an entry of the signature's value: say `split`"));
        }
        if matches!(place, Place::Claim(_)) && !self.has_claims() {
            self.mistake(at, format!("`{place}`: {NO_CLAIMS}"));
        }
        if matches!(place, Place::Head(_)) && !scheme.is_jws() && scheme.head.is_none() {
            self.mistake(at, format!("`{place}`: a JWT has a head; for other signatures `head` says where it stands"));
        }
        let many = match place {
            Place::NumberedHeader(_) => true,
            Place::Json(path) | Place::Claim(path) | Place::Head(path) => path.has_each(),
            _ => false,
        };
        if many {
            self.mistake(at, format!("`{place}` may be several texts; one is needed here"));
        }
    }

    fn template(&mut self, at: &str, template: &Template, used: Use) {
        for part in &template.0 {
            let fits = match part {
                Part::Literal(_) | Part::Param(_) => true,
                Part::Value(_) | Part::ValueOrEmpty(_) | Part::Optional(_) => match used {
                    Use::Message | Use::Hash => true,
                    _ => part.place().is_none_or(|place| !place.is_of_signature() && !place.is_of_token()),
                },
                Part::Secret => used == Use::Message,
                Part::Response => used == Use::Answer,
                Part::Timestamp | Part::SignedHeaders(_) | Part::HeaderLines(_) | Part::Present(_) => {
                    used == Use::Message
                }
                Part::Url | Part::UrlWithoutQuery | Part::UrlWithPort | Part::UrlWithoutPort | Part::UrlUnescaped => {
                    used != Use::Answer
                }
                _ => matches!(used, Use::Message | Use::Hash | Use::Claim),
            };
            if !fits {
                self.mistake(at, format!("`{part}` can't stand here"));
            }
            match part {
                Part::Param(name) if !self.scheme.params.contains(name) => {
                    self.mistake(at, format!("`{part}` is not among the `params`"));
                }
                Part::Timestamp if self.scheme.timestamp.is_none() => {
                    self.mistake(at, "`{timestamp}` is the text at `timestamp`, which is not said");
                }
                part if fits => {
                    if let Some(place) = part.place() {
                        self.place(at, place);
                    }
                }
                _ => {}
            }
        }
    }

    fn handshake(&mut self, at: &str, handshake: &Handshake) {
        let when = &handshake.when;
        if when.method.is_none() && when.at.is_none() {
            self.mistake(&format!("{at}.when"), "say which requests this is about: `method`, `at`, or both");
        }
        if when.is.is_some() && when.at.is_none() {
            self.mistake(&format!("{at}.when"), "`is` is the text of what stands `at`: say where");
        }
        if let Some(token) = &handshake.token {
            self.template(&format!("{at}.token.is"), &token.is, Use::Token);
            if !token.is.0.iter().any(|part| matches!(part, Part::Param(_))) {
                self.mistake(
                    &format!("{at}.token.is"),
                    "a token that anybody can read proves nothing: use a `{param:…}`",
                );
            }
        }
        if let Some(place) = &handshake.tells {
            self.place(&format!("{at}.tells"), place);
            if handshake.signed {
                let sentence = "nothing is signed before the secret is told: say `signed = false`";
                self.mistake(&format!("{at}.tells"), sentence);
            }
        }
        if let Some(response) = &handshake.response {
            self.response(&format!("{at}.response"), response);
        }
        self.answer(&format!("{at}.answer"), handshake);
    }

    fn response(&mut self, at: &str, response: &ResponseRule) {
        self.template(&format!("{at}.of"), &response.of, Use::Response);
        if response.encoding == Encoding::Utf8 {
            self.mistake(&format!("{at}.encoding"), "a response is written as hex, base64 or base64url");
        }
        if response.algorithm == ResponseAlgorithm::Hmac {
            if !self.scheme.methods.first().is_some_and(|method| method.algorithm.is_hmac()) {
                self.mistake(&format!("{at}.algorithm"), "the scheme has no HMAC to answer with");
            }
            let plain = |part: &Part| matches!(part, Part::Literal(_) | Part::Param(_) | Part::Value(_));
            if !response.of.0.iter().all(plain) {
                self.mistake(&format!("{at}.of"), "what is answered under the signing key is a token that was sent");
            }
        }
    }

    fn answer(&mut self, at: &str, handshake: &Handshake) {
        let answer = &handshake.answer;
        let mut templates: Vec<(String, &Template)> = Vec::new();
        match &answer.body {
            AnswerBody::Text(template) => {
                let repeats = template.places().next().is_some();
                if repeats && answer.content_type != "text/plain" {
                    self.mistake(
                        &format!("{at}.type"),
                        "an answer that repeats what was sent is text/plain, or `json`",
                    );
                }
                templates.push((format!("{at}.body"), template));
            }
            AnswerBody::Json(members) => {
                if answer.content_type != "application/json" {
                    self.mistake(&format!("{at}.type"), "`json` is application/json");
                }
                templates.extend(members.iter().map(|(name, template)| (format!("{at}.json.{name}"), template)));
            }
        }
        templates.extend(answer.headers.iter().map(|(name, template)| (format!("{at}.header.{name}"), template)));
        for (at, template) in templates {
            self.template(&at, template, Use::Answer);
            if template.has(&Part::Response) && handshake.response.is_none() {
                self.mistake(&at, "`{response}` is computed by `response`, which is not said");
            }
        }
        for (name, _) in &answer.headers {
            let token = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if name.is_empty() || !name.bytes().all(token) {
                self.mistake(&format!("{at}.header"), "a header's name is written in lower case");
            }
        }
    }
}

/// The kind of an algorithm: 0 signs a message, 1 signs a JWT, 2 is equality.
const fn kind(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Equality => 2,
        algorithm if algorithm.is_jws() => 1,
        _ => 0,
    }
}

fn key_misfit(method: &SigningMethod) -> Option<String> {
    let ed25519 = matches!(method.key, KeyForm::Ed25519Hex | KeyForm::Ed25519Base64 | KeyForm::Whpk);
    let fits = method.algorithm.is_public_key() == method.key.is_public_key()
        && (!ed25519 || method.algorithm.of_signature() == Algorithm::Ed25519);
    (!fits).then(|| format!("{} has no key that is written as {}", method.algorithm, method.key))
}
