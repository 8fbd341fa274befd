//! The work of verifying: every key against every signature, none left out.

use alloc::{borrow::Cow, vec::Vec};
use core::time::Duration;

use subtle::{Choice, ConstantTimeEq as _};

use super::{About, Group, Questions, ReplayKeys, SignatureCheck, Tally};
use crate::{
    algorithm::Algorithm,
    delivery::{Delivery, Setting, Source},
    der,
    failure::Failure,
    handshake, jws, mac,
    message::{self, Pieces},
    scheme::Scheme,
    secret::{Key, Material, Secrets},
    signature,
    template::{Part, Template},
    text, timestamp,
};

/// How often public-key arithmetic is done for one delivery.
const MAX_CHECKS: usize = 64;
/// Characters of an event id.
const MAX_ID: usize = 512;

pub(super) struct Work<'a> {
    secrets: &'a Secrets,
    delivery: &'a Delivery<'a>,
    arithmetic: usize,
    pub(super) questions: Questions<'a>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        secrets: &'a Secrets,
        delivery: &'a Delivery<'a>,
        setting: &Setting<'_>,
        scheme: &Scheme,
    ) -> Self {
        let replay_keys = match setting.replay_keys {
            false => ReplayKeys::Unwanted,
            true if scheme.event_id_signed() => ReplayKeys::Id,
            true => ReplayKeys::Signed,
        };
        let tally = Tally {
            items: Vec::new(),
            secrets: secrets.count,
            body_authenticated: scheme.body_authenticated(),
            replay_keys,
        };
        Self { secrets, delivery, arithmetic: 0, questions: Questions { checks: Vec::new(), tally } }
    }

    /// The delivery, or an item of it. It can be judged if one of its groups can.
    pub(super) fn item(&mut self, source: &Source<'_>) -> Result<(), Failure> {
        let values = signature::values(source)?;
        let units = signature::units(source.scheme, &values)?;
        let item = self.questions.tally.items.len();
        self.questions.tally.items.push(Vec::new());
        let mut first = None;
        let mut any = false;
        for (group, unit) in units.iter().enumerate() {
            let source = Source { unit: Some(unit), ..*source };
            let failure = self.group(&source, About { item, group, secret: 0 }).err();
            any |= failure.is_none();
            // What can't be judged keeps its place, and matches nothing.
            if let Some(failure) = &failure {
                let dead = Group { matches: Vec::new(), after: Err(failure.clone()), event_id: None, signed: None };
                if let Some(groups) = self.questions.tally.items.get_mut(item) {
                    groups.truncate(group);
                    groups.push(dead);
                }
            }
            first = first.or(failure);
        }
        match first {
            Some(failure) if !any => Err(failure),
            _ => Ok(()),
        }
    }

    /// A group of signatures, with the fields beside them.
    fn group(&mut self, source: &Source<'_>, about: About) -> Result<(), Failure> {
        let scheme = source.scheme;
        let Some(unit) = source.unit else { return Err(Failure::MalformedSignature) };
        let candidates: Vec<Vec<Vec<u8>>> =
            scheme.methods.iter().map(|method| distinct(unit.candidates(scheme, method))).collect();
        if candidates.iter().all(Vec::is_empty) {
            return Err(Failure::MalformedSignature);
        }
        let time = time_of(source)?;
        let messages = messages(source)?;
        self.open(source, about, time, Ok(()));
        for (key, candidates) in self.keys().filter_map(|key| Some((key, candidates.get(key.method)?))) {
            let algorithm = scheme.methods.get(key.method).map(|method| method.algorithm);
            let (Some(algorithm), false) = (algorithm, candidates.is_empty()) else { continue };
            let about = About { secret: key.secret, ..about };
            if algorithm == Algorithm::Equality {
                self.compare_texts(key, candidates, about);
                continue;
            }
            for message in &messages {
                match message {
                    Some(pieces) => self.compare(source, key, algorithm, pieces, candidates, about)?,
                    None => {
                        for template in &scheme.messages {
                            self.compare_hashes(source, key, template, candidates, about)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// A JWT.
    pub(super) fn token(&mut self, source: &Source<'_>) -> Result<(), Failure> {
        let scheme = source.scheme;
        let values = signature::values(source)?;
        let token = jws::Token::parse(scheme, &values)?;
        let source = Source { claims: Some(&token.claims), ..*source };
        let time = time_of(&source)?;
        let about = About { item: 0, group: 0, secret: 0 };
        self.questions.tally.items.push(Vec::new());
        let life = jws::check_claims(&source).and_then(|()| jws::check_life(&source));
        self.open(&source, about, time, life);
        let algorithm = match scheme.methods.get(token.method).map(|method| method.algorithm) {
            Some(Algorithm::JwsHs256) => Algorithm::HmacSha256,
            Some(Algorithm::JwsEs256) => Algorithm::EcdsaP256P1363,
            Some(Algorithm::JwsRs256) => Algorithm::RsaSha256,
            _ => return Err(Failure::MalformedToken("its algorithm is not the one that is expected")),
        };
        if algorithm.signature_len().is_some_and(|len| len != token.signature.len()) {
            return Err(Failure::MalformedSignature);
        }
        let candidates = [token.signature];
        let pieces = [Cow::Borrowed(token.signed.as_bytes())];
        for key in self.keys().filter(|key| key.method == token.method) {
            let about = About { secret: key.secret, ..about };
            self.compare(&source, key, algorithm, &pieces, &candidates, about)?;
        }
        Ok(())
    }

    fn keys(&self) -> impl Iterator<Item = &'a Key> + use<'a> {
        self.secrets.keys.iter()
    }

    /// Opens the account of a group.
    fn open(&mut self, source: &Source<'_>, about: About, time: Option<Duration>, claims: Result<(), Failure>) {
        let rule = source.scheme.timestamp.as_ref();
        let in_time = || match rule.zip(time) {
            Some((rule, time)) => timestamp::judge(rule, time, source.setting.now),
            None => Ok(()),
        };
        let after = claims.and_then(|()| Self::hashes(source)).and_then(|()| in_time()).map(|()| time);
        let event_id = source.scheme.event_id.as_ref().and_then(|place| source.characters(place).ok().flatten());
        let event_id = event_id.filter(|id| !id.is_empty() && id.len() <= MAX_ID).map(Cow::into_owned);
        let matches = alloc::vec![false; self.secrets.count];
        if let Some(groups) = self.questions.tally.items.get_mut(about.item) {
            groups.push(Group { matches, after, event_id, signed: None });
        }
    }

    /// Further hashes.
    fn hashes(source: &Source<'_>) -> Result<(), Failure> {
        for rule in &source.scheme.hashes {
            let stated = source.characters(&rule.at)?.ok_or_else(|| Failure::missing(&rule.at))?;
            let message = message::fill(&rule.of, source, &[])?;
            source.meter.charge(len(&message))?;
            let computed = mac::sha256(&message);
            let same = text::decode(rule.encoding, &stated).is_some_and(|stated| stated.ct_eq(&computed).into());
            if !same {
                return Err(Failure::HashMismatch(alloc::string::ToString::to_string(&rule.at)));
            }
        }
        Ok(())
    }

    fn compare_texts(&mut self, key: &Key, candidates: &[Vec<u8>], about: About) {
        let same = candidates.iter().fold(Choice::from(0), |same, text| same | mac::same_text(text, key.bytes()));
        if bool::from(same) {
            self.questions.tally.matched(about, || None);
        }
    }

    /// One secret, hashed as a part of the message, against all hashes.
    fn compare_hashes(
        &mut self,
        source: &Source<'_>,
        key: &Key,
        template: &Template,
        candidates: &[Vec<u8>],
        about: About,
    ) -> Result<(), Failure> {
        let message = message::fill(template, source, key.bytes())?;
        source.meter.charge(len(&message))?;
        let computed = mac::sha256(&message);
        let same = candidates.iter().fold(Choice::from(0), |same, candidate| same | candidate.ct_eq(&computed));
        if bool::from(same) {
            // The same whichever secret it was.
            let signed = message::fill(template, source, &[])?;
            self.questions.tally.matched(about, || Some(mac::sha256(&signed)));
        }
        Ok(())
    }

    /// One key and one message against all signatures.
    fn compare(
        &mut self,
        source: &Source<'_>,
        key: &Key,
        algorithm: Algorithm,
        message: &[Cow<'_, [u8]>],
        candidates: &[Vec<u8>],
        about: About,
    ) -> Result<(), Failure> {
        // What a handshake would sign for anybody is no message.
        if handshake::would_sign(source.scheme, message) {
            return Ok(());
        }
        source.meter.charge(len(message))?;
        let computed = match &key.material {
            Material::Public(_) => return self.arithmetic(source, key, algorithm, message, candidates, about),
            // Of several candidates one pass here decides, and each would be a
            // pass, and a copy of the message, there.
            Material::Hmac(raw, _) if candidates.len() == 1 && len(message) >= source.setting.ask_above => {
                for signature in candidates {
                    self.ask(algorithm, raw, signature.clone(), message, about)?;
                }
                return Ok(());
            }
            Material::Hmac(_, keyed) => keyed.compute(message),
            Material::Bytes(_) => return Ok(()),
        };
        let same = candidates.iter().fold(Choice::from(0), |same, candidate| same | candidate.ct_eq(&computed));
        if bool::from(same) {
            self.questions.tally.matched(about, || Some(mac::sha256(message)));
        }
        Ok(())
    }

    /// Public-key arithmetic, here if it is compiled in.
    fn arithmetic(
        &mut self,
        source: &Source<'_>,
        key: &Key,
        algorithm: Algorithm,
        message: &[Cow<'_, [u8]>],
        candidates: &[Vec<u8>],
        about: About,
    ) -> Result<(), Failure> {
        let Material::Public(public) = &key.material else { return Ok(()) };
        for candidate in candidates {
            let (algorithm, signature) = match algorithm {
                Algorithm::EcdsaP256 => match der::p1363(candidate) {
                    Some(joined) => (Algorithm::EcdsaP256P1363, joined.to_vec()),
                    None => continue,
                },
                algorithm => (algorithm, candidate.clone()),
            };
            self.arithmetic += 1;
            if self.arithmetic > MAX_CHECKS {
                return Err(Failure::TooManySignatures);
            }
            // The first was counted.
            if self.arithmetic > 1 {
                source.meter.charge(len(message))?;
            }
            match public.verify(algorithm, &signature, message) {
                Some(true) => self.questions.tally.matched(about, || Some(mac::sha256(message))),
                Some(false) => {}
                None => self.ask(algorithm, &public.spki, signature, message, about)?,
            }
        }
        Ok(())
    }

    fn ask(
        &mut self,
        algorithm: Algorithm,
        key: &[u8],
        signature: Vec<u8>,
        message: &[Cow<'_, [u8]>],
        about: About,
    ) -> Result<(), Failure> {
        let body = self.delivery.body;
        // Of all messages the body alone is long, and needs no copy where it stands alone.
        let message = match message {
            [one] if one.as_ptr() == body.as_ptr() && one.len() == body.len() => Cow::Borrowed(body),
            pieces => Cow::Owned(pieces.concat()),
        };
        if self.questions.checks.len() >= MAX_CHECKS {
            return Err(Failure::TooManySignatures);
        }
        self.questions.checks.push(SignatureCheck { algorithm, key: key.to_vec(), signature, message, about });
        Ok(())
    }
}

fn len(message: &[Cow<'_, [u8]>]) -> usize {
    message.iter().map(|piece| piece.len()).sum()
}

/// Each signature once, however often it was sent.
fn distinct(mut candidates: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    candidates.sort();
    candidates.dedup();
    candidates
}

/// The messages that can be made; `None` for all that need the secret. One that
/// can't be made is no obstacle where another can.
fn messages<'s>(source: &Source<'s>) -> Result<Vec<Option<Pieces<'s>>>, Failure> {
    let templates = &source.scheme.messages;
    if templates.iter().any(|template| template.has(&Part::Secret)) {
        return Ok(alloc::vec![None]);
    }
    let mut first = None;
    let mut made = Vec::new();
    for template in templates {
        match message::fill(template, source, &[]) {
            Ok(pieces) => made.push(Some(pieces)),
            Err(failure) => first = first.or(Some(failure)),
        }
    }
    match first {
        Some(failure) if made.is_empty() => Err(failure),
        _ => Ok(made),
    }
}

/// The time of signing. Where it is enforced it must be there, and if it is
/// there it must be well formed: a text that is anything could swallow the
/// beginning of the body that follows it in the message.
fn time_of(source: &Source<'_>) -> Result<Option<Duration>, Failure> {
    let Some(rule) = &source.scheme.timestamp else { return Ok(None) };
    let text = match source.characters(&rule.at) {
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
