//! The signatures that matched so far, and the verdict that follows.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::time::Duration;

use crate::{
    algorithm::Encoding,
    encoding,
    failure::Failure,
    mac,
    scheme::Scheme,
    template::Part,
    verified::{ReplayKey, Verified},
};

/// The signature that a check is for: the item, the group and the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) item: usize,
    pub(super) group: usize,
    pub(super) secret: usize,
}

/// The secrets that have matched so far, for each item and each group of signatures.
#[derive(Debug)]
pub(super) struct Matches {
    pub(super) items: Vec<Vec<SignatureGroup>>,
    pub(super) secrets: usize,
    pub(super) body_authenticated: bool,
    /// Whether the delivery names a key that is not among the secrets.
    pub(super) unknown_key: bool,
    /// The texts that replay keys are made from; `None` if no keys are wanted.
    pub(super) replay_keys: Option<ReplayTexts>,
}

/// The texts that the replay keys of a scheme's deliveries are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReplayTexts {
    /// Whether the id is signed.
    id_signed: bool,
    /// Whether the bytes of an item are the whole body. Otherwise they are the signed message.
    body: bool,
    /// Whether the signed message is the body and nothing else.
    message_is_body: bool,
    /// Whether anybody can change the body.
    body_open: bool,
}

impl ReplayTexts {
    pub(super) fn of(scheme: &Scheme, body: &[u8]) -> Self {
        let body_authenticated = scheme.body_authenticated();
        Self {
            id_signed: scheme.event_id_signed(),
            body: !body.is_empty() && (scheme.messages.is_empty() || scheme.each.is_none() && body_authenticated),
            message_is_body: matches!(scheme.messages.as_slice(), [message] if message.0 == [Part::Body]),
            body_open: !body_authenticated,
        }
    }
}

/// A group of signatures, with the fields beside them.
#[derive(Debug)]
pub(super) struct SignatureGroup {
    /// Whether the group matches, for each secret.
    pub(super) secrets: Vec<bool>,
    /// The judgement of the claims, the hashes and the time, which counts once the signature is good.
    pub(super) after: Result<Option<Duration>, Failure>,
    pub(super) event_id: Option<String>,
    pub(super) event_type: Option<String>,
    /// The hash of the signed message, if it is wanted.
    pub(super) signed: Option<[u8; 32]>,
}

impl Matches {
    /// Records a match. `hash` returns the hash of the message, not of its signature: anybody can leave some signatures
    /// out of a list that several keys made. The hash costs one more pass over the body, so it is only computed if the
    /// id doesn't serve.
    pub(super) fn record(&mut self, target: Target, hash: impl FnOnce() -> Option<[u8; 32]>) {
        let wanted = self.wants_hash(target);
        let Some(group) = self.items.get_mut(target.item).and_then(|groups| groups.get_mut(target.group)) else {
            return;
        };
        if let Some(matches) = group.secrets.get_mut(target.secret) {
            *matches = true;
        }
        if wanted {
            group.signed = hash();
        }
    }

    /// Whether the hash of the signed message is wanted but not known yet.
    pub(super) fn wants_hash(&self, target: Target) -> bool {
        let group = self.items.get(target.item).and_then(|groups| groups.get(target.group));
        let texts = group.zip(self.replay_keys);
        texts.is_some_and(|(group, texts)| group.signed.is_none() && !(texts.id_signed && group.event_id.is_some()))
    }

    /// Whether the hash of the body is wanted for the verdict.
    pub(super) fn wants_body_hash(&self) -> bool {
        self.replay_keys.is_some_and(|texts| texts.body && (texts.id_signed || !texts.message_is_body))
    }

    /// The verdict. `body_hash` returns the hash of the body, if it [is wanted](Self::wants_body_hash).
    pub(super) fn verdict(self, body_hash: impl FnOnce() -> Option<[u8; 32]>) -> Result<Verified, Failure> {
        let matches = |group: &&SignatureGroup, secret: usize| group.secrets.get(secret).copied().unwrap_or_default();
        // All items must match the same secret, since a batch is signed with one.
        let matches_all =
            |secret: &usize| self.items.iter().all(|groups| groups.iter().any(|group| matches(&group, *secret)));
        let secret = (0..self.secrets).find(matches_all).filter(|_| !self.items.is_empty());
        let secret_index = secret.ok_or(if self.unknown_key { Failure::UnknownKey } else { Failure::NoMatch })?;
        let mut chosen: Vec<&SignatureGroup> = Vec::new();
        let mut timestamp = None;
        for groups in &self.items {
            let good: Vec<&SignatureGroup> = groups.iter().filter(|group| matches(group, secret_index)).collect();
            let fresh = good.iter().find(|group| group.after.is_ok()).or(good.first());
            let group = fresh.ok_or(Failure::NoMatch)?;
            timestamp = timestamp.or(group.after.clone()?);
            chosen.push(group);
        }
        // The signature covers neither the order of the items nor the number of times that each occurs.
        let mut replay_keys = Vec::new();
        if let Some(texts) = self.replay_keys {
            let body_hash = if self.wants_body_hash() { body_hash() } else { None };
            replay_keys = chosen.iter().map(|group| group.replay_key(texts, body_hash)).collect();
            replay_keys.sort();
            replay_keys.dedup();
        }
        // The id of one event says nothing about a batch of events.
        let event_id = match chosen.as_slice() {
            [one] => one.event_id.clone(),
            _ => None,
        };
        let same_type = chosen.windows(2).all(|pair| matches!(pair, [a, b] if a.event_type == b.event_type));
        let event_type = chosen.first().filter(|_| same_type).and_then(|group| group.event_type.clone());
        let body_authenticated = self.body_authenticated;
        Ok(Verified { event_id, event_type, timestamp, secret_index, body_authenticated, replay_keys })
    }
}

impl SignatureGroup {
    fn replay_key(&self, texts: ReplayTexts, body_hash: Option<[u8; 32]>) -> ReplayKey {
        let bytes = body_hash.or(self.signed).unwrap_or_default();
        let id = self.event_id.as_deref().map(|id| match texts.id_signed && texts.body_open {
            true => key(&[b"id:", id.as_bytes()]),
            false => key(&[b"id-and-bytes:", &bytes, id.as_bytes()]),
        });
        let id_serves = texts.id_signed && id.is_some();
        ReplayKey {
            signed: (!id_serves).then(|| key(&[b"signed:", &self.signed.unwrap_or(bytes)])),
            bytes: match &id {
                Some(id) if body_hash.is_none() && self.signed.is_none() => id.clone(),
                _ => key(&[b"bytes:", &bytes]),
            },
            id,
        }
    }
}

fn key(parts: &[&[u8]]) -> String {
    let parts: Vec<Cow<'_, [u8]>> = parts.iter().map(|part| Cow::Borrowed(*part)).collect();
    encoding::encode(Encoding::Base64Url, &mac::sha256(&parts))
}
