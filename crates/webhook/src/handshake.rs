//! Handshakes: the requests by which a sender makes sure of its receiver, and the answers to them, as data.
//!
//! Some senders want a text of theirs signed with the same key that signs deliveries. A stranger who could choose that
//! text freely would get signatures for forged deliveries. So the engine signs only tokens: short texts of letters,
//! digits and `-._~+/=`. And if a scheme has such a handshake, a message that is a token is never accepted as a
//! delivery, so the answer is useless as a signature.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    budget::Budget,
    delivery::Delivery,
    encoding,
    failure::Failure,
    json,
    lookup::{Lookup, utf8},
    mac,
    message::{self, joined},
    options::Options,
    place::Place,
    scheme::{AnswerBody, Handshake, ResponseAlgorithm, ResponseRule, Scheme},
    secret::{Material, Secrets},
    template::{Part, Template},
    verified::Verified,
};

use token::is_token;

pub(crate) mod token;

/// The maximum length of a text that an answer repeats, bytes.
const MAX_REPEATED: usize = 4_096;
/// The maximum length of a secret that a sender tells, bytes.
const MAX_TOLD: usize = 512;

/// The answer to a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, from 200 to 299.
    pub status: u16,
    /// The names, in lower case, and the values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A request that is a handshake and not a delivery.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeRequest<'a> {
    scheme: &'a Scheme,
    handshake: &'a Handshake,
}

impl Scheme {
    /// Finds the handshake that this request is; `None` for a delivery.
    #[must_use]
    pub fn handshake<'a>(&'a self, delivery: &Delivery<'_>, options: &Options<'_>) -> Option<HandshakeRequest<'a>> {
        if self.handshakes.is_empty() || delivery.body.len() > options.body_limit {
            return None;
        }
        let budget = Budget::unlimited();
        let whole = Lookup::whole(self, delivery, options, &budget);
        let document = whole.document().unwrap_or_default();
        let lookup = Lookup { document: &document, ..whole };
        let is_about = |handshake: &&Handshake| {
            let when = &handshake.when;
            let absent = |place: &Place| matches!(lookup.text(place), Ok(None));
            let fits = |place: &Place| match (lookup.text(place).ok().flatten(), &when.is) {
                (Some(found), Some(is)) => *found == *is.as_bytes(),
                (found, _) => found.is_some(),
            };
            when.method.as_ref().is_none_or(|method| *method == *delivery.method)
                && when.without.as_ref().is_none_or(absent)
                && when.at.as_ref().is_none_or(fits)
        };
        self.handshakes.iter().find(is_about).map(|handshake| HandshakeRequest { scheme: self, handshake })
    }
}

impl HandshakeRequest<'_> {
    /// Whether the request must be verified first.
    #[must_use]
    pub const fn needs_verification(&self) -> bool {
        self.handshake.signed
    }

    /// Whether the answer needs a secret, to verify the request or to sign the response.
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        self.handshake.needs_secret()
    }

    /// The secret that the sender tells, if it does: visible ASCII characters. Nothing proves that the request is the
    /// sender's.
    ///
    /// # Errors
    /// [`Failure::MalformedField`] if the text is empty, longer than 512 bytes, or has other characters.
    pub fn told(&self, delivery: &Delivery<'_>, options: &Options<'_>) -> Result<Option<String>, Failure> {
        let Some(place) = &self.handshake.tells else { return Ok(None) };
        let budget = Budget::unlimited();
        let whole = Lookup::whole(self.scheme, delivery, options, &budget);
        let document = whole.document()?;
        let lookup = Lookup { document: &document, ..whole };
        let text = lookup.text(place)?.ok_or_else(|| Failure::missing(place))?;
        let fits = (1..=MAX_TOLD).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic);
        let told = utf8(text).filter(|_| fits);
        told.map(|text| Some(text.to_string())).ok_or_else(|| Failure::MalformedField(place.to_string()))
    }

    /// The answer. If the request must be verified, this needs the outcome of that.
    ///
    /// # Errors
    /// The reason for not answering: [`Failure::NoMatch`] if the request isn't verified or has the wrong token.
    pub fn answer(
        &self,
        secrets: &Secrets,
        delivery: &Delivery<'_>,
        options: &Options<'_>,
        verified: Option<&Verified>,
    ) -> Result<Answer, Failure> {
        if self.handshake.signed && verified.is_none() {
            return Err(Failure::NoMatch);
        }
        let scheme = self.scheme;
        let budget = Budget::unlimited();
        let whole = Lookup::whole(scheme, delivery, options, &budget);
        let document = whole.document()?;
        let lookup = Lookup { document: &document, ..whole };
        if let Some(token) = &self.handshake.token {
            let sent = lookup.text(&token.at)?.ok_or_else(|| Failure::missing(&token.at))?;
            let expected = message::fill(&token.is, &lookup, &[])?;
            if !bool::from(mac::same_text(&sent, &joined(&expected))) {
                return Err(Failure::NoMatch);
            }
        }
        let response = self.handshake.response.as_ref().map(|rule| respond(rule, &lookup, secrets)).transpose()?;
        let text = |template| filled(template, &lookup, response.as_deref());
        let rule = &self.handshake.answer;
        let mut headers = alloc::vec![
            ("content-type".to_string(), rule.content_type.clone()),
            ("x-content-type-options".to_string(), "nosniff".to_string()),
        ];
        for (name, template) in &rule.headers {
            let value = text(template)?;
            if !value.bytes().all(|b| (0x20..0x7f).contains(&b)) {
                return Err(Failure::MalformedField(name.clone()));
            }
            headers.push((name.clone(), value));
        }
        let body = match &rule.body {
            AnswerBody::Text(template) => text(template)?,
            AnswerBody::Json(members) => {
                let mut body = String::from("{");
                for (name, template) in members {
                    if body.len() > 1 {
                        body.push(',');
                    }
                    json::quote(name, &mut body);
                    body.push(':');
                    json::quote(&text(template)?, &mut body);
                }
                body.push('}');
                body
            }
        };
        Ok(Answer { status: rule.status, headers, body })
    }
}

/// Fills in a text of an answer.
fn filled(template: &Template, lookup: &Lookup<'_>, response: Option<&str>) -> Result<String, Failure> {
    let mut text = String::new();
    for part in &template.0 {
        match part {
            Part::Response => text.push_str(response.unwrap_or_default()),
            part => {
                let one = Template(alloc::vec![part.clone()]);
                let pieces = message::fill(&one, lookup, &[])?;
                let piece = utf8(joined(&pieces)).ok_or(Failure::MalformedBody)?;
                if piece.len() > MAX_REPEATED {
                    return Err(Failure::MalformedField(part.to_string()));
                }
                text.push_str(&piece);
            }
        }
    }
    Ok(text)
}

/// Computes the response. With the scheme's key it signs only tokens.
fn respond(rule: &ResponseRule, lookup: &Lookup<'_>, secrets: &Secrets) -> Result<String, Failure> {
    let message = message::fill(&rule.of, lookup, &[])?;
    let computed = match rule.algorithm {
        ResponseAlgorithm::Sha256 => mac::sha256(&message).to_vec(),
        ResponseAlgorithm::Hmac if !is_token(&message) => {
            return Err(Failure::MalformedField(rule.of.to_string()));
        }
        ResponseAlgorithm::Hmac => {
            let keyed = secrets.keys.iter().find_map(|key| match &key.material {
                Material::Hmac(_, keyed) if key.method == 0 => Some(keyed),
                _ => None,
            });
            let none = || Failure::Configuration("This source has no secret that can be used.".into());
            keyed.ok_or_else(none)?.compute(&message)
        }
    };
    Ok(encoding::encode(rule.encoding, &computed))
}
