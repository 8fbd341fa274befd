//! Handshakes: how a sender makes sure of its receiver, answered as data.
//!
//! Some senders want a text of theirs signed with the very key that signs
//! deliveries. Whoever may choose that text freely gets signatures for
//! deliveries of their own. So the engine signs tokens only ([`is_token`]), and
//! where a scheme has such a handshake, a message that is a token is never
//! accepted as a delivery: what is answered here is of no use there.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    delivery::{Delivery, Setting, Source, utf8},
    failure::Failure,
    json, mac,
    message::{self, joined},
    meter::Meter,
    scheme::{AnswerBody, Handshake, ResponseAlgorithm, ResponseRule, Scheme},
    secret::{Material, Secrets},
    template::{Part, Template},
    text,
    verify::Verified,
};

/// Characters of a token that is answered under the signing key.
const MAX_TOKEN: usize = 128;
/// Characters of a text that is repeated.
const MAX_REPEATED: usize = 4_096;

/// What to answer, instead of handing the delivery on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A request that a handshake is about.
#[derive(Clone, Copy, Debug)]
pub struct Shake<'a> {
    scheme: &'a Scheme,
    handshake: &'a Handshake,
}

impl Scheme {
    /// The handshake that this request is about, if any.
    #[must_use]
    pub fn handshake<'a>(&'a self, delivery: &Delivery<'_>, setting: &Setting<'_>) -> Option<Shake<'a>> {
        if self.handshakes.is_empty() || delivery.body.len() > setting.body_limit {
            return None;
        }
        let meter = Meter::unlimited();
        let whole = Source::whole(self, delivery, setting, &meter);
        let document = whole.document().unwrap_or_default();
        let source = Source { document: &document, ..whole };
        let is_about = |handshake: &&Handshake| {
            let when = &handshake.when;
            let found = when.at.as_ref().map(|place| source.text(place).ok().flatten());
            when.method.as_ref().is_none_or(|method| *method == *delivery.method)
                && found.is_none_or(|found| match (&found, &when.is) {
                    (Some(found), Some(is)) => **found == *is.as_bytes(),
                    (Some(_), None) => true,
                    (None, _) => false,
                })
        };
        self.handshakes.iter().find(is_about).map(|handshake| Shake { scheme: self, handshake })
    }
}

impl Shake<'_> {
    /// Whether the request must be verified first.
    #[must_use]
    pub const fn needs_verification(&self) -> bool {
        self.handshake.signed
    }

    /// The answer. If it needs verification, only who has the proof gets it.
    ///
    /// # Errors
    /// Why there is none. `NO_MATCH` if it isn't verified, or the token is another.
    pub fn answer(
        &self,
        secrets: &Secrets,
        delivery: &Delivery<'_>,
        setting: &Setting<'_>,
        verified: Option<&Verified>,
    ) -> Result<Answer, Failure> {
        if self.handshake.signed && verified.is_none() {
            return Err(Failure::NoMatch);
        }
        let scheme = self.scheme;
        let meter = Meter::unlimited();
        let whole = Source::whole(scheme, delivery, setting, &meter);
        let document = whole.document()?;
        let source = Source { document: &document, ..whole };
        if let Some(token) = &self.handshake.token {
            let sent = source.text(&token.at)?.ok_or_else(|| Failure::missing(&token.at))?;
            let expected = message::fill(&token.is, &source, &[])?;
            if !bool::from(mac::same_text(&sent, &joined(&expected))) {
                return Err(Failure::NoMatch);
            }
        }
        let response = self.handshake.response.as_ref().map(|rule| respond(rule, &source, secrets)).transpose()?;
        let text = |template| filled(template, &source, response.as_deref());
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

/// A text of an answer.
fn filled(template: &Template, source: &Source<'_>, response: Option<&str>) -> Result<String, Failure> {
    let mut text = String::new();
    for part in &template.0 {
        match part {
            Part::Response => text.push_str(response.unwrap_or_default()),
            part => {
                let one = Template(alloc::vec![part.clone()]);
                let pieces = message::fill(&one, source, &[])?;
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

/// The response that is computed. Under a key of tokens alone.
fn respond(rule: &ResponseRule, source: &Source<'_>, secrets: &Secrets) -> Result<String, Failure> {
    let message = message::fill(&rule.of, source, &[])?;
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
    Ok(text::encode(rule.encoding, &computed))
}

/// Whether this is a text that a handshake may have signed: up to 128 letters,
/// digits and `-._~+/`, and `=` at the end. No JSON object or list, no form, no
/// message with a time before it.
fn is_token(message: &[Cow<'_, [u8]>]) -> bool {
    let len: usize = message.iter().map(|piece| piece.len()).sum();
    if len == 0 || len > MAX_TOKEN {
        return false;
    }
    let bytes = message.concat();
    let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    padding <= 2 && bytes.iter().take(len - padding).all(allowed)
}

/// Whether one of the scheme's handshakes would sign this for anybody.
pub(crate) fn would_sign(scheme: &Scheme, message: &[Cow<'_, [u8]>]) -> bool {
    let signs = |handshake: &Handshake| {
        handshake.response.as_ref().is_some_and(|rule| rule.algorithm == ResponseAlgorithm::Hmac)
    };
    scheme.handshakes.iter().any(signs) && is_token(message)
}
