//! Tries every key on every signature and leaves none out.

use alloc::{borrow::Cow, sync::Arc, vec::Vec};
use core::{cell::OnceCell, time::Duration};

use subtle::{Choice, ConstantTimeEq as _};

use super::{
    checks::{PendingChecks, SignatureCheck},
    matches::{Matches, ReplayTexts, SignatureGroup, Target},
};
use crate::{
    algorithm::Algorithm,
    delivery::Delivery,
    der, encoding,
    failure::Failure,
    handshake::token,
    jws,
    lookup::Lookup,
    mac,
    message::{self, Pieces},
    options::Options,
    place::Place,
    requirement,
    scheme::Scheme,
    secret::{Key, Material, Secrets},
    signature,
    template::{Part, Template},
    timestamp,
};

/// The maximum number of public-key computations for one delivery.
const MAX_CHECKS: usize = 64;
/// The maximum length of a message that is copied for an HMAC of the caller's, bytes. A body may have 20 MiB, and the
/// isolate that holds it 128.
const MAX_COPY: usize = 1024 * 1024;

/// Tries every key on every signature of a delivery.
pub(super) struct Verifier<'a> {
    secrets: &'a Secrets,
    delivery: &'a Delivery<'a>,
    arithmetic: usize,
    pub(super) pending: PendingChecks<'a>,
}

impl<'a> Verifier<'a> {
    pub(super) fn new(
        secrets: &'a Secrets,
        delivery: &'a Delivery<'a>,
        options: &Options<'_>,
        scheme: &Scheme,
    ) -> Self {
        let matches = Matches {
            items: Vec::new(),
            secrets: secrets.count,
            body_authenticated: scheme.body_authenticated(),
            unknown_key: false,
            replay_keys: options.replay_keys.then(|| ReplayTexts::of(scheme, delivery.body)),
        };
        Self {
            secrets,
            delivery,
            arithmetic: 0,
            pending: PendingChecks { checks: Vec::new(), body: delivery.body, matches },
        }
    }

    /// Prepares the delivery, or one item of it. It can be judged if one of its groups can.
    pub(super) fn item(&mut self, lookup: &Lookup<'_>) -> Result<(), Failure> {
        let values = lookup.signature_values()?;
        let groups = signature::groups(lookup.scheme, &values)?;
        let item = self.pending.matches.items.len();
        self.pending.matches.items.push(Vec::new());
        let mut first = None;
        let mut any = false;
        for (index, group) in groups.iter().enumerate() {
            let lookup = Lookup { group: Some(group), ..*lookup };
            let failure = self.group(&lookup, Target { item, group: index, secret: 0 }).err();
            any |= failure.is_none();
            // A group that can't be judged keeps its place and matches nothing.
            if let Some(failure) = &failure {
                let after = Err(failure.clone());
                let unusable =
                    SignatureGroup { secrets: Vec::new(), after, event_id: None, event_type: None, signed: None };
                if let Some(groups) = self.pending.matches.items.get_mut(item) {
                    groups.truncate(index);
                    groups.push(unusable);
                }
            }
            first = first.or(failure);
        }
        match first {
            Some(failure) if !any => Err(failure),
            _ => Ok(()),
        }
    }

    /// Checks a group of signatures, with the fields beside them.
    fn group(&mut self, lookup: &Lookup<'_>, target: Target) -> Result<(), Failure> {
        let scheme = lookup.scheme;
        let Some(group) = lookup.group else { return Err(Failure::MalformedSignature) };
        let candidates: Vec<Vec<Vec<u8>>> =
            scheme.methods.iter().map(|method| distinct(group.candidates(scheme, method))).collect();
        if candidates.iter().all(Vec::is_empty) {
            return Err(Failure::MalformedSignature);
        }
        let time = time_of(lookup)?;
        let messages: Vec<Option<Message<'_, 'a>>> =
            messages(lookup)?.into_iter().map(|pieces| pieces.map(Message::new)).collect();
        let kid = lookup.kid()?;
        self.open(lookup, target, time, Ok(()));
        for (key, candidates) in self.keys(kid.as_deref()).filter_map(|key| Some((key, candidates.get(key.method)?))) {
            let algorithm = scheme.methods.get(key.method).map(|method| method.algorithm);
            let (Some(algorithm), false) = (algorithm, candidates.is_empty()) else { continue };
            let target = Target { secret: key.secret, ..target };
            if algorithm == Algorithm::Equality {
                self.compare_texts(key, candidates, target);
                continue;
            }
            for message in &messages {
                match message {
                    Some(message) => self.compare(lookup, key, algorithm, message, candidates, target)?,
                    None => {
                        for template in &scheme.messages {
                            self.compare_hashes(lookup, key, algorithm, template, candidates, target)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Checks a JWS.
    pub(super) fn token(&mut self, lookup: &Lookup<'_>) -> Result<(), Failure> {
        let scheme = lookup.scheme;
        let values = lookup.signature_values()?;
        let token = jws::Token::parse(scheme, &values)?;
        let lookup = Lookup { claims: Some(&token.claims), head: Some(&token.head), ..*lookup };
        requirement::check_signing(&lookup, |place| matches!(place, Place::Head(_)))?;
        let time = time_of(&lookup)?;
        let target = Target { item: 0, group: 0, secret: 0 };
        self.pending.matches.items.push(Vec::new());
        let life = jws::check_claims(&lookup).and_then(|()| jws::check_life(&lookup));
        self.open(&lookup, target, time, life);
        let method = scheme.methods.get(token.method);
        let algorithm = method.ok_or(Failure::MalformedSignature)?.algorithm.of_signature();
        if algorithm.signature_len().is_some_and(|len| len != token.signature.len()) {
            return Err(Failure::MalformedSignature);
        }
        let candidates = core::slice::from_ref(&token.signature);
        let messages = token.messages(&lookup)?;
        let messages: Vec<Message<'_, 'a>> =
            messages.into_iter().map(|message| Message::new(alloc::vec![message])).collect();
        for key in self.keys(token.kid.as_deref()).filter(|key| key.method == token.method) {
            let target = Target { secret: key.secret, ..target };
            for message in &messages {
                self.compare(&lookup, key, algorithm, message, candidates, target)?;
            }
        }
        Ok(())
    }

    /// The keys that a delivery may be signed with that names this one.
    fn keys<'k>(&mut self, kid: Option<&'k str>) -> impl Iterator<Item = &'a Key> + use<'a, 'k> {
        self.pending.matches.unknown_key |= self.secrets.may_lack(kid);
        self.secrets.keys.iter().filter(move |key| key.is_for(kid))
    }

    /// Begins the record of a group.
    fn open(&mut self, lookup: &Lookup<'_>, target: Target, time: Option<Duration>, claims: Result<(), Failure>) {
        let rule = lookup.scheme.timestamp.as_ref();
        let in_time = || match rule.zip(time) {
            Some((rule, time)) => timestamp::judge(rule, time, lookup.options.now),
            None => Ok(()),
        };
        let after = claims.and_then(|()| requirement::check_content(lookup)).and_then(|()| Self::hashes(lookup));
        let after = after.and_then(|()| in_time()).map(|()| time);
        let event_id = lookup.short_text(lookup.scheme.event_id.as_ref());
        let event_type = lookup.short_text(lookup.scheme.event_type.as_ref());
        let secrets = alloc::vec![false; self.secrets.count];
        if let Some(groups) = self.pending.matches.items.get_mut(target.item) {
            groups.push(SignatureGroup { secrets, after, event_id, event_type, signed: None });
        }
    }

    /// Checks the scheme's further hashes.
    fn hashes(lookup: &Lookup<'_>) -> Result<(), Failure> {
        for rule in &lookup.scheme.hashes {
            let stated = match lookup.characters(&rule.at)? {
                Some(stated) => stated,
                None if rule.unless_empty && lookup.delivery.body.is_empty() => continue,
                None => return Err(Failure::missing(&rule.at)),
            };
            let message = message::fill(&rule.of, lookup, &[])?;
            lookup.budget.spend(len(&message))?;
            let computed = mac::sha256(&message);
            let same = encoding::decode(rule.encoding, &stated).is_some_and(|stated| stated.ct_eq(&computed).into());
            if !same {
                return Err(Failure::HashMismatch(alloc::string::ToString::to_string(&rule.at)));
            }
        }
        Ok(())
    }

    fn compare_texts(&mut self, key: &Key, candidates: &[Vec<u8>], target: Target) {
        let same = candidates.iter().fold(Choice::from(0), |same, text| same | mac::same_text(text, key.bytes()));
        if bool::from(same) {
            self.pending.matches.record(target, || None);
        }
    }

    /// Hashes the message with one secret in it, and compares the result with all hashes that were sent.
    fn compare_hashes(
        &mut self,
        lookup: &Lookup<'_>,
        key: &Key,
        algorithm: Algorithm,
        template: &Template,
        candidates: &[Vec<u8>],
        target: Target,
    ) -> Result<(), Failure> {
        let message = message::fill(template, lookup, key.bytes())?;
        lookup.budget.spend(len(&message))?;
        let computed = mac::plain_hash(algorithm, &message);
        let same = candidates.iter().fold(Choice::from(0), |same, candidate| same | candidate.ct_eq(&computed));
        if bool::from(same) {
            // This hash is the same for every secret.
            let signed = message::fill(template, lookup, &[])?;
            self.pending.matches.record(target, || Some(mac::sha256(&signed)));
        }
        Ok(())
    }

    /// Compares one message under one key with all signatures.
    fn compare(
        &mut self,
        lookup: &Lookup<'_>,
        key: &Key,
        algorithm: Algorithm,
        message: &Message<'_, 'a>,
        candidates: &[Vec<u8>],
        target: Target,
    ) -> Result<(), Failure> {
        let pieces = message.pieces.as_slice();
        // A text that a handshake would sign for anybody is never accepted as a message.
        if token::would_sign(lookup.scheme, pieces) {
            return Ok(());
        }
        lookup.budget.spend(len(pieces))?;
        let computed = match &key.material {
            Material::Public(_) => return self.arithmetic(lookup, key, algorithm, message, candidates, target),
            // If there are several candidates, one pass here decides about all of them. Left to the caller, each would
            // take a pass, and each message a copy, which costs more than a faster hash saves if it is long.
            Material::Hmac(raw, _)
                if candidates.len() == 1
                    && len(pieces) >= lookup.options.delegate_hmac_from
                    && (len(pieces) <= MAX_COPY || message.is_body(self.delivery.body))
                    && self.pending.checks.iter().all(|check| message.is_made(&check.message)) =>
            {
                for signature in candidates {
                    self.ask(algorithm, raw, signature.clone(), message, target)?;
                }
                return Ok(());
            }
            Material::Hmac(_, keyed) => keyed.compute(pieces),
            Material::Bytes(_) => return Ok(()),
        };
        let same = candidates.iter().fold(Choice::from(0), |same, candidate| same | candidate.ct_eq(&computed));
        if bool::from(same) {
            self.pending.matches.record(target, || Some(mac::sha256(pieces)));
        }
        Ok(())
    }

    /// Checks signatures with a public key, here if the arithmetic is compiled in.
    fn arithmetic(
        &mut self,
        lookup: &Lookup<'_>,
        key: &Key,
        algorithm: Algorithm,
        message: &Message<'_, 'a>,
        candidates: &[Vec<u8>],
        target: Target,
    ) -> Result<(), Failure> {
        let Material::Public(public) = &key.material else { return Ok(()) };
        let pieces = message.pieces.as_slice();
        for candidate in candidates {
            let (algorithm, signature) = match algorithm.without_der() {
                Some(plain) => match der::p1363(candidate) {
                    Some(joined) => (plain, joined.to_vec()),
                    None => continue,
                },
                None => (algorithm, candidate.clone()),
            };
            self.arithmetic += 1;
            if self.arithmetic > MAX_CHECKS {
                return Err(Failure::TooManySignatures);
            }
            // The caller has already counted the first pass.
            if self.arithmetic > 1 {
                lookup.budget.spend(len(pieces))?;
            }
            match public.verify(algorithm, &signature, pieces) {
                Some(true) => self.pending.matches.record(target, || Some(mac::sha256(pieces))),
                Some(false) => {}
                None => self.ask(algorithm, &public.spki, signature, message, target)?,
            }
        }
        Ok(())
    }

    fn ask(
        &mut self,
        algorithm: Algorithm,
        key: &[u8],
        signature: Vec<u8>,
        message: &Message<'_, 'a>,
        target: Target,
    ) -> Result<(), Failure> {
        if self.pending.checks.len() >= MAX_CHECKS {
            return Err(Failure::TooManySignatures);
        }
        let message = message.whole(self.delivery.body);
        self.pending.checks.push(SignatureCheck { algorithm, key: key.to_vec(), signature, message, target });
        Ok(())
    }
}

/// A message that signatures may be over. It is put together once, if a check is left to the caller.
struct Message<'s, 'a> {
    pieces: Pieces<'s>,
    whole: OnceCell<Arc<Cow<'a, [u8]>>>,
}

impl<'s, 'a> Message<'s, 'a> {
    fn new(pieces: Pieces<'s>) -> Self {
        Self { pieces, whole: OnceCell::new() }
    }

    /// The message in one piece. Only the body is long among the pieces, and it isn't copied if it is all of them.
    fn whole(&self, body: &'a [u8]) -> Arc<Cow<'a, [u8]>> {
        let whole =
            || Arc::new(if self.is_body(body) { Cow::Borrowed(body) } else { Cow::Owned(self.pieces.concat()) });
        Arc::clone(self.whole.get_or_init(whole))
    }

    /// Whether the message is the body where it lies.
    fn is_body(&self, body: &[u8]) -> bool {
        matches!(self.pieces.as_slice(), [one] if one.as_ptr() == body.as_ptr() && one.len() == body.len())
    }

    /// Whether this was made of this message.
    fn is_made(&self, whole: &Arc<Cow<'a, [u8]>>) -> bool {
        self.whole.get().is_some_and(|made| Arc::ptr_eq(made, whole))
    }
}

fn len(message: &[Cow<'_, [u8]>]) -> usize {
    message.iter().map(|piece| piece.len()).sum()
}

/// Each distinct signature once, no matter how often it was sent.
fn distinct(mut candidates: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    candidates.sort();
    candidates.dedup();
    candidates
}

/// The messages that can be made; a single `None` if they need the secret.
fn messages<'s>(lookup: &Lookup<'s>) -> Result<Vec<Option<Pieces<'s>>>, Failure> {
    if lookup.scheme.messages.iter().any(|template| template.has(&Part::Secret)) {
        return Ok(alloc::vec![None]);
    }
    Ok(message::all(lookup)?.into_iter().map(Some).collect())
}

/// The time of signing. If the time is enforced it must exist, and if it exists it must be well formed: an arbitrary
/// text could swallow the beginning of the body that follows it in the message.
fn time_of(lookup: &Lookup<'_>) -> Result<Option<Duration>, Failure> {
    let Some(rule) = &lookup.scheme.timestamp else { return Ok(None) };
    let text = match lookup.characters(&rule.at) {
        Ok(text) => text.filter(|text| !text.is_empty()),
        Err(Failure::MissingField(_) | Failure::MissingHeader(_)) => return Err(Failure::MalformedTimestamp),
        Err(failure) => return Err(failure),
    };
    match text.as_deref().map(|text| timestamp::parse(rule.unit, text)) {
        None if rule.enforce => Err(Failure::MissingTimestamp),
        Some(None) => Err(Failure::MalformedTimestamp),
        time => Ok(time.flatten()),
    }
}
