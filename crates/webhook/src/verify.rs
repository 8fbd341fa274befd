//! Verifying a delivery.
//!
//! In this order: the set-up, the body's length, where the signature is and
//! what it is written like, the timestamp's form, the message; then whether
//! the signature matches; then, of what is known to be genuine, the claims,
//! the hashes and the time. So `TIMESTAMP_TOO_OLD` means a genuine delivery
//! that came late, and a forged one is `NO_MATCH` whatever its time.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::time::Duration;

use super::{
    algorithm::{Algorithm, Encoding},
    delivery::{Delivery, Setting, Source},
    failure::Failure,
    json, mac,
    meter::Meter,
    scheme::Scheme,
    secret::Secrets,
    text,
};
use work::Work;

mod work;

/// A delivery that is genuine and fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The id that a repeated delivery repeats, if the scheme has one.
    pub event_id: Option<String>,
    /// When it was signed, if the scheme says.
    pub timestamp: Option<Duration>,
    /// Which of the secrets it matched: the first, if several.
    pub secret_index: usize,
    /// Whether the whole body is the sender's.
    pub body_authenticated: bool,
    /// What to remember, to know the delivery again: one text of 43 characters
    /// for each item that was signed. It is made of the event id where nobody
    /// but the sender can change it ([`Scheme::event_id_signed`]), else of what is
    /// signed; where nothing is, of the id, and none at all without one.
    ///
    /// A delivery is new if any of them was not seen; of a batch the others are
    /// repeats. Empty too if [`Setting::replay_keys`] says so.
    pub replay_keys: Vec<String>,
}

/// What is known of a delivery.
#[derive(Debug)]
pub enum Verification<'a> {
    /// It is genuine and fresh.
    Verified(Verified),
    /// It is not.
    Failed(Failure),
    /// That depends on arithmetic that the caller has to carry out.
    Ask(Questions<'a>),
}

impl Verification<'_> {
    /// The answer, where no arithmetic is left to the caller.
    ///
    /// # Errors
    /// Why the delivery is refused. If arithmetic is left, it is refused too.
    pub fn into_result(self) -> Result<Verified, Failure> {
        match self {
            Self::Verified(verified) => Ok(verified),
            Self::Failed(failure) => Err(failure),
            Self::Ask(questions) => questions.answered(&[]),
        }
    }
}

/// Arithmetic for the caller, and what its answers will mean.
#[derive(Debug)]
pub struct Questions<'a> {
    /// Is this signature good? In the order in which the answers come.
    pub checks: Vec<SignatureCheck<'a>>,
    tally: Tally,
}

/// One question: WebCrypto's `verify`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureCheck<'a> {
    /// What to compute with. ECDSA's signatures are r and s, whatever the
    /// scheme's form; of a JWT it is the algorithm that its own stands for.
    pub algorithm: Algorithm,
    /// A public key as SubjectPublicKeyInfo, or an HMAC's key as it is.
    pub key: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// What is signed.
    pub message: Cow<'a, [u8]>,
    about: About,
}

/// Redacted: it may have a secret in it.
impl core::fmt::Debug for SignatureCheck<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignatureCheck").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct About {
    item: usize,
    group: usize,
    secret: usize,
}

impl Questions<'_> {
    /// The verdict, with the answers in the order of the checks. One that is
    /// not there is a no.
    ///
    /// # Errors
    /// Why the delivery is refused.
    pub fn answered(mut self, answers: &[bool]) -> Result<Verified, Failure> {
        for (check, _) in self.checks.iter().zip(answers).filter(|(_, good)| **good) {
            self.tally.matched(check.about, || Some(check.hash()));
        }
        self.tally.verdict()
    }

    /// The same for who can't keep the delivery until the answers are there.
    #[must_use]
    pub fn asked(self) -> Asked {
        let hash = |check: &SignatureCheck<'_>| self.tally.wants_hash(check.about).then(|| check.hash());
        let checks = self.checks.iter().map(|check| (check.about, hash(check))).collect();
        Asked { checks, tally: self.tally }
    }
}

impl SignatureCheck<'_> {
    fn hash(&self) -> [u8; 32] {
        mac::sha256(core::slice::from_ref(&self.message))
    }
}

/// What is left of [`Questions`] once they are asked.
#[derive(Debug)]
pub struct Asked {
    checks: Vec<(About, Option<[u8; 32]>)>,
    tally: Tally,
}

impl Asked {
    /// As [`Questions::answered`].
    ///
    /// # Errors
    /// Why the delivery is refused.
    pub fn answered(mut self, answers: &[bool]) -> Result<Verified, Failure> {
        for ((about, hash), _) in self.checks.iter().zip(answers).filter(|(_, good)| **good) {
            self.tally.matched(*about, || *hash);
        }
        self.tally.verdict()
    }
}

/// What matched so far, of each item and each group of signatures.
#[derive(Debug)]
struct Tally {
    items: Vec<Vec<Group>>,
    secrets: usize,
    body_authenticated: bool,
    /// What replay keys are made of.
    replay_keys: ReplayKeys,
}

/// What replay keys are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReplayKeys {
    /// There are none.
    Unwanted,
    /// The id that is signed, if there is one; else what is signed.
    Id,
    /// What is signed; if nothing is, the id.
    Signed,
}

/// What is known of a group of signatures.
#[derive(Debug)]
struct Group {
    /// Which secrets it matches.
    matches: Vec<bool>,
    /// The judgement of all that counts once the signature is good: claims,
    /// hashes, the time.
    after: Result<Option<Duration>, Failure>,
    event_id: Option<String>,
    /// The hash of what is signed, where it is wanted.
    signed: Option<[u8; 32]>,
}

impl Tally {
    /// `hash` is that of the message, and not its signature: of a list of
    /// signatures, by several keys, anybody can leave some out. It is one more
    /// pass over the body, and not made where the id serves.
    fn matched(&mut self, about: About, hash: impl FnOnce() -> Option<[u8; 32]>) {
        let wanted = self.wants_hash(about);
        let Some(group) = self.items.get_mut(about.item).and_then(|groups| groups.get_mut(about.group)) else { return };
        if let Some(matches) = group.matches.get_mut(about.secret) {
            *matches = true;
        }
        if wanted {
            group.signed = hash();
        }
    }

    /// Whether the hash of what is signed is to be remembered, and not known yet.
    fn wants_hash(&self, about: About) -> bool {
        let group = self.items.get(about.item).and_then(|groups| groups.get(about.group));
        group.is_some_and(|group| match self.replay_keys {
            ReplayKeys::Unwanted => false,
            ReplayKeys::Id => group.event_id.is_none() && group.signed.is_none(),
            ReplayKeys::Signed => group.signed.is_none(),
        })
    }

    fn verdict(self) -> Result<Verified, Failure> {
        let matches = |group: &&Group, secret: usize| group.matches.get(secret).copied().unwrap_or_default();
        // One secret for all items: a batch is signed with one.
        let matches_all =
            |secret: &usize| self.items.iter().all(|groups| groups.iter().any(|group| matches(&group, *secret)));
        let secret = (0..self.secrets).find(matches_all).filter(|_| !self.items.is_empty());
        let secret_index = secret.ok_or(Failure::NoMatch)?;
        let mut chosen: Vec<&Group> = Vec::new();
        let mut timestamp = None;
        for groups in &self.items {
            let good: Vec<&Group> = groups.iter().filter(|group| matches(group, secret_index)).collect();
            let fresh = good.iter().find(|group| group.after.is_ok()).or(good.first());
            let group = fresh.ok_or(Failure::NoMatch)?;
            timestamp = timestamp.or(group.after.clone()?);
            chosen.push(group);
        }
        // Nobody signs the order of items, nor how often each is there.
        let remembered = chosen.iter().filter(|_| self.replay_keys != ReplayKeys::Unwanted);
        let mut replay_keys: Vec<String> = remembered.filter_map(|group| group.replay_key()).collect();
        replay_keys.sort();
        replay_keys.dedup();
        // The id of one event says nothing about a batch of them.
        let event_id = match chosen.as_slice() {
            [one] => one.event_id.clone(),
            _ => None,
        };
        Ok(Verified { event_id, timestamp, secret_index, body_authenticated: self.body_authenticated, replay_keys })
    }
}

impl Group {
    fn replay_key(&self) -> Option<String> {
        let (kind, text) = match (&self.signed, &self.event_id) {
            (Some(hash), _) => (&b"signed:"[..], hash.as_slice()),
            (None, Some(id)) => (&b"id:"[..], id.as_bytes()),
            (None, None) => return None,
        };
        Some(text::encode(Encoding::Base64Url, &mac::sha256(&[Cow::Borrowed(kind), Cow::Borrowed(text)])))
    }
}

/// Verifies a delivery.
#[must_use]
pub fn verify<'a>(
    scheme: &'a Scheme,
    secrets: &'a Secrets,
    delivery: &'a Delivery<'a>,
    setting: &'a Setting<'a>,
) -> Verification<'a> {
    match questions(scheme, secrets, delivery, setting) {
        Err(failure) => Verification::Failed(failure),
        Ok(questions) if questions.checks.is_empty() => match questions.tally.verdict() {
            Ok(verified) => Verification::Verified(verified),
            Err(failure) => Verification::Failed(failure),
        },
        Ok(questions) => Verification::Ask(questions),
    }
}

fn questions<'a>(
    scheme: &'a Scheme,
    secrets: &'a Secrets,
    delivery: &'a Delivery<'a>,
    setting: &'a Setting<'a>,
) -> Result<Questions<'a>, Failure> {
    if secrets.is_empty() {
        return Err(Failure::Configuration("This source has no secret that can be used.".into()));
    }
    for name in &scheme.params {
        setting.param(name)?;
    }
    if delivery.body.len() > setting.body_limit {
        return Err(Failure::BodyTooLarge);
    }
    let meter = Meter::new(setting.work_limit);
    let whole = Source::whole(scheme, delivery, setting, &meter);
    let document = whole.document()?;
    let source = Source { document: &document, ..whole };
    let mut work = Work::new(secrets, delivery, setting, scheme);
    match &scheme.each {
        _ if scheme.methods.iter().any(|method| method.algorithm.is_jws()) => work.token(&source)?,
        None => work.item(&source)?,
        Some(path) => {
            meter.charge(source.document.len())?;
            let items = json::each(source.document, path, source.names).map_err(|_| Failure::MalformedBody)?;
            if items.is_empty() {
                return Err(Failure::MissingField(alloc::format!("json:{path}")));
            }
            for document in &items {
                work.item(&Source { document, ..source })?;
            }
        }
    }
    // A signature may have been passed over once the limit was reached.
    meter.check()?;
    Ok(work.questions)
}
