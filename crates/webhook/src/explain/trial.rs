//! A changed delivery, and the verifier's word on it.

use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};
use core::ops::ControlFlow;

use super::{case::Case, code::CauseCode};
use crate::{
    algorithm::Algorithm, budget::Budget, delivery::Delivery, failure::Failure, lookup::Lookup, place::Place,
    scheme::Scheme, secret::Secrets, verified::Verified, verify::verify,
};

/// A delivery, its scheme and its secrets, of which parts may be changed.
#[derive(Clone)]
pub(super) struct Trial<'a> {
    pub(super) scheme: Cow<'a, Scheme>,
    pub(super) secrets: Vec<Cow<'a, str>>,
    /// A key of these bytes, to be used in place of the secrets.
    pub(super) key: Option<Vec<u8>>,
    pub(super) method: Cow<'a, str>,
    pub(super) url: Cow<'a, str>,
    pub(super) headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) body: Cow<'a, [u8]>,
    /// A number that tells bodies apart.
    pub(super) body_identity: u64,
}

/// A change to be tried.
#[derive(Clone)]
pub(super) struct Edit {
    /// The cause, and a sentence on what the sender signed. A change of the body may have several.
    pub(super) parts: Vec<(CauseCode, String)>,
    pub(super) what: What,
}

/// The changed part, with its new value.
#[derive(Clone)]
pub(super) enum What {
    Body(Vec<u8>),
    /// The secret of this index becomes this text, and is the only one.
    Secret(usize, String),
    /// The bytes of this key are used in place of the secret of this index.
    Key(usize, Vec<u8>),
    /// All headers of this name become one with this value.
    Header(String, String),
    /// All headers, and the name of the one that was changed.
    Headers(String, Vec<(String, String)>),
    Url(String),
    Method(String),
    Scheme(Box<Scheme>),
}

/// Receives the changes one by one, and says whether to go on.
pub(super) type Try<'t> = &'t mut dyn FnMut(Edit) -> ControlFlow<()>;

/// Receives bytes one by one, with the cause and a sentence.
pub(super) type Put<'p> = &'p mut dyn FnMut(CauseCode, &str, Vec<u8>) -> ControlFlow<()>;

impl Edit {
    pub(super) fn new(code: CauseCode, sentence: impl Into<String>, what: What) -> Self {
        Self { parts: alloc::vec![(code, sentence.into())], what }
    }
}

/// A number that is the same for the same bytes. Bodies may be long, and another one with the same number would only
/// not be tried.
fn identity(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks::<8>();
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(FACTOR).rotate_left(29);
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}

/// How far a delivery comes. A change proves something if the delivery comes further than before, and to
/// [`Rank::Genuine`] at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// There is nothing to compare.
    Unreadable,
    /// No signature matches.
    NoMatch,
    /// The signature is good, but a claim or a hash isn't.
    Genuine,
    /// Only the time isn't good.
    InTime,
    Valid,
}

impl Rank {
    pub(super) const fn of(judged: &Result<Verified, Failure>) -> Self {
        match judged {
            Ok(_) => Self::Valid,
            Err(Failure::TimestampTooOld | Failure::TimestampTooNew) => Self::InTime,
            Err(Failure::ClaimMismatch(_) | Failure::HashMismatch(_)) => Self::Genuine,
            Err(Failure::NoMatch | Failure::UnknownKey) => Self::NoMatch,
            Err(_) => Self::Unreadable,
        }
    }
}

impl<'a> Trial<'a> {
    /// The delivery as it is.
    pub(super) fn of(case: &Case<'a>) -> Self {
        Self {
            scheme: Cow::Borrowed(case.scheme),
            secrets: case.secrets.iter().map(|secret| Cow::Borrowed(*secret)).collect(),
            key: None,
            method: Cow::Borrowed(case.delivery.method),
            url: Cow::Borrowed(case.delivery.url),
            headers: case
                .delivery
                .headers
                .iter()
                .map(|(name, value)| (Cow::Borrowed(*name), Cow::Borrowed(*value)))
                .collect(),
            body: Cow::Borrowed(case.delivery.body),
            body_identity: identity(case.delivery.body),
        }
    }

    /// The verifier's word.
    pub(super) fn judge(&self, case: &Case<'_>) -> Result<Verified, Failure> {
        let secrets = self.secrets();
        self.with_delivery(|delivery| verify(&self.scheme, &secrets, delivery, case.options).into_result())
    }

    /// The secrets, made into keys.
    pub(super) fn secrets(&self) -> Secrets {
        let texts: Vec<&str> = self.secrets.iter().map(AsRef::as_ref).collect();
        match &self.key {
            Some(key) => Secrets::of_key(&self.scheme, key),
            None => Secrets::parse(&self.scheme, &texts),
        }
    }

    pub(super) fn with_delivery<T>(&self, see: impl FnOnce(&Delivery<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        see(&Delivery { method: &self.method, url: &self.url, headers: &headers, body: &self.body })
    }

    /// Looks up texts in this delivery.
    pub(super) fn with_lookup<T>(&self, case: &Case<'_>, see: impl FnOnce(&Lookup<'_>) -> T) -> T {
        let budget = Budget::unlimited();
        self.with_delivery(|delivery| see(&Lookup::whole(&self.scheme, delivery, case.options, &budget)))
    }

    /// The delivery with one change.
    pub(super) fn with(&self, what: &What) -> Self {
        let mut changed = self.clone();
        match what {
            What::Body(body) => {
                changed.body_identity = identity(body);
                changed.body = Cow::Owned(body.clone());
            }
            What::Secret(_, text) => changed.secrets = alloc::vec![Cow::Owned(text.clone())],
            What::Key(_, key) => changed.key = Some(key.clone()),
            What::Url(url) => changed.url = Cow::Owned(url.clone()),
            What::Method(method) => changed.method = Cow::Owned(method.clone()),
            What::Scheme(scheme) => changed.scheme = Cow::Owned(scheme.as_ref().clone()),
            What::Headers(_, headers) => {
                let owned = |(name, value): &(String, String)| (Cow::Owned(name.clone()), Cow::Owned(value.clone()));
                changed.headers = headers.iter().map(owned).collect();
            }
            What::Header(name, value) => {
                changed.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                changed.headers.push((Cow::Owned(name.clone()), Cow::Owned(value.clone())));
            }
        }
        changed
    }

    /// The first value of the first of these headers that there is, with its name.
    pub(super) fn header(&self, names: &[String]) -> Option<(&str, &str)> {
        let find = |name: &String| self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        names.iter().find_map(find).map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// The headers in which signatures stand, with their values.
    pub(super) fn signature_headers(&self) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        for place in &self.scheme.signature {
            match place {
                Place::Header(names) => found.extend(self.header(names)),
                Place::NumberedHeader(name) => {
                    let numbered =
                        |header: &str| header.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
                    let all = self.headers.iter().filter(|(header, _)| numbered(header));
                    found.extend(all.map(|(name, value)| (name.as_ref(), value.as_ref())));
                }
                _ => {}
            }
        }
        found
    }

    /// Whether the signature is an HMAC, or another one with a shared secret.
    pub(super) fn is_shared(&self) -> bool {
        let is_shared = |algorithm: Algorithm| !algorithm.is_public_key() && algorithm != Algorithm::Equality;
        self.scheme.methods.iter().any(|method| is_shared(method.algorithm))
    }
}
