//! Finds out how much of a delivery the signature of a [`Scheme`] covers.

use alloc::string::ToString as _;

use super::{
    boundaries,
    model::{HashRule, Scheme},
};
use crate::{
    place::Place,
    template::{Part, Template},
};

impl Scheme {
    /// Whether the signature is a JWS (RFC 7515).
    #[must_use]
    pub fn is_jws(&self) -> bool {
        self.methods.iter().any(|method| method.algorithm.is_jws())
    }

    /// Whether the signature is a JWS whose payload is detached (RFC 7515, appendix F): the receiver makes it by the
    /// messages. Such a JWS has no claims.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        self.is_jws() && !self.messages.is_empty()
    }

    /// Whether a good signature means that the whole body is the sender's. This is not so if the names and values of a
    /// form run into one another, or if the hash over secret and message is no MAC: it can be extended, or has collisions.
    #[must_use]
    pub fn body_authenticated(&self) -> bool {
        if self.methods.iter().any(|method| method.algorithm.is_plain_hash()) {
            return false;
        }
        let by_message = !self.messages.is_empty() && self.messages.iter().all(Template::covers_body);
        let by_hash = self.hashes.iter().any(|hash| self.is_signed(&hash.at) && hash.of.covers_body());
        by_message || by_hash || self.signature.iter().all(|place| *place == Place::Body)
    }

    /// Whether a good signature can't be used again later, because its timestamp is signed and enforced. Until the
    /// timestamp is too old, only remembering ids protects against repeats.
    #[must_use]
    pub fn replay_protected(&self) -> bool {
        self.timestamp.as_ref().is_some_and(|rule| rule.enforce && self.is_signed(&rule.at))
    }

    /// Whether the event id is part of the signed message, and nothing beside it can be taken for a part of it.
    /// Otherwise anybody can give a repeated delivery another id.
    #[must_use]
    pub fn event_id_signed(&self) -> bool {
        self.event_id.as_ref().is_some_and(|place| self.is_signed(place) && boundaries::are_fixed(self, place))
    }

    /// Whether the event's type is part of the signed message. Otherwise anybody who has a genuine delivery can give it
    /// another type.
    #[must_use]
    pub fn event_type_authenticated(&self) -> bool {
        self.event_type.as_ref().is_some_and(|place| self.is_signed(place))
    }

    /// Whether the sender signs its body before it compresses it.
    #[must_use]
    pub fn unpacks(&self) -> bool {
        self.messages.iter().any(|message| message.has(&Part::UnpackedBody))
    }

    /// Whether the text at a place is part of the signed message.
    fn is_signed(&self, place: &Place) -> bool {
        if place.is_of_token() && self.is_jws() {
            return true;
        }
        let is_timestamp = self.timestamp.as_ref().is_some_and(|rule| rule.at == *place);
        let in_part = |part: &Part| match part {
            Part::Value(signed) | Part::ValueOrEmpty(signed) => signed == place,
            // In lower case it isn't signed as it came.
            Part::Optional(segment) => !segment.lower && segment.place == *place,
            Part::Timestamp => is_timestamp,
            // Each delivery is checked for whether this header lists the timestamp's header.
            Part::SignedHeaders(_) | Part::HeaderLines(_) => is_timestamp && matches!(place, Place::Header(_)),
            Part::Url => matches!(place, Place::Query(_)),
            Part::UrlWithPort
            | Part::UrlWithoutPort
            | Part::UrlUnescaped
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

    pub(super) fn hash_is_signed(&self, hash: &HashRule) -> bool {
        !hash.at.is_of_body() && self.is_signed(&hash.at)
    }
}
