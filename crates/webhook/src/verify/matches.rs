//! The signatures that matched so far, and the verdict that follows.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::time::Duration;

use crate::{algorithm::Encoding, encoding, failure::Failure, mac, verified::Verified};

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
    pub(super) replay_keys: ReplayKeys,
}

/// The text that replay keys are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReplayKeys {
    /// Nothing, since no keys are wanted.
    Unwanted,
    /// The signed id, or the signed message if there is no id.
    Id,
    /// The signed message, or the id if no message is signed.
    Signed,
}

/// A group of signatures, with the fields beside them.
#[derive(Debug)]
pub(super) struct SignatureGroup {
    /// Whether the group matches, for each secret.
    pub(super) secrets: Vec<bool>,
    /// The judgement of the claims, the hashes and the time, which counts once the signature is good.
    pub(super) after: Result<Option<Duration>, Failure>,
    pub(super) event_id: Option<String>,
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
        group.is_some_and(|group| match self.replay_keys {
            ReplayKeys::Unwanted => false,
            ReplayKeys::Id => group.event_id.is_none() && group.signed.is_none(),
            ReplayKeys::Signed => group.signed.is_none(),
        })
    }

    pub(super) fn verdict(self) -> Result<Verified, Failure> {
        let matches = |group: &&SignatureGroup, secret: usize| group.secrets.get(secret).copied().unwrap_or_default();
        // All items must match the same secret, since a batch is signed with one.
        let matches_all =
            |secret: &usize| self.items.iter().all(|groups| groups.iter().any(|group| matches(&group, *secret)));
        let secret = (0..self.secrets).find(matches_all).filter(|_| !self.items.is_empty());
        let secret_index = secret.ok_or(Failure::NoMatch)?;
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
        let remembered = chosen.iter().filter(|_| self.replay_keys != ReplayKeys::Unwanted);
        let mut replay_keys: Vec<String> = remembered.filter_map(|group| group.replay_key()).collect();
        replay_keys.sort();
        replay_keys.dedup();
        // The id of one event says nothing about a batch of events.
        let event_id = match chosen.as_slice() {
            [one] => one.event_id.clone(),
            _ => None,
        };
        Ok(Verified { event_id, timestamp, secret_index, body_authenticated: self.body_authenticated, replay_keys })
    }
}

impl SignatureGroup {
    fn replay_key(&self) -> Option<String> {
        let (kind, text) = match (&self.signed, &self.event_id) {
            (Some(hash), _) => (&b"signed:"[..], hash.as_slice()),
            (None, Some(id)) => (&b"id:"[..], id.as_bytes()),
            (None, None) => return None,
        };
        Some(encoding::encode(Encoding::Base64Url, &mac::sha256(&[Cow::Borrowed(kind), Cow::Borrowed(text)])))
    }
}
