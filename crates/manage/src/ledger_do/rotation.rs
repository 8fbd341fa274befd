//! Rotation: a key is replaced, its end is set, begun or taken back.

use keystile_core::{
    KeyId, Timestamp,
    api::management,
    key::PlainKey,
    ledger::{
        audit::Action,
        lifecycle::{Key, Overlap},
        plan::{Limits, RequestedExpiry},
    },
};
use keystile_runtime::clock;
use serde_json::Value;

use super::{
    answer::{self, Answer, Outcome},
    books::Books,
    changes::{not_so_long, transition},
    idempotency, keys,
    outbox::Subject,
};
use crate::{
    command::{CancelRotation, Origin, Rotate, Target},
    failure::Failure,
};

impl Books {
    /// Replaces a key by one that is the same but for its text.
    pub(super) async fn rotate(&self, command: Rotate) -> Outcome {
        let now = clock::now();
        let Rotate { origin, target, rotation, granting } = command;
        let (successor, minted, replaced) = self.change_for(&origin, now, || {
            let old = self.find(&target)?.key;
            let limits = self.limits(&old.record.subject)?;
            let expires_at = successors_expiry(&old, rotation.expires_at, &limits, now)?;
            // The caller gets a key that can do what the old one could.
            if let Some(caller) = &granting {
                self.granting(&origin, caller)?.may_grant(&old.record.scopes, &old.reach(), expires_at)?;
            }
            if rotation.overlap != Overlap::None {
                self.check_one_more_ends(&limits, now)?;
            }
            let (mut successor, minted) = self.mint(old.as_new(), expires_at, now)?;
            successor.rotated_from = Some(old.record.id.clone());
            let replaced = transition(old.rotate(&successor.record.id, rotation.overlap, now))?;
            self.record_new(&origin, Action::Created, &successor, now)?;
            self.record_changed(&origin, Action::Rotated, &old, &replaced, now)?;
            let answer = self.rotated(&successor, &minted, &replaced, None, now);
            idempotency::note(&self.database, origin.claim.as_ref(), &answer, now)?;
            self.arm(now)?;
            Ok((successor, minted, replaced))
        })?;
        let subjects = [&successor, &replaced].map(|key| Subject::Key(key.record.id.clone()));
        let effective_by = self.publish_now(&subjects).await.unwrap_or_default();
        Ok(self.rotated(&successor, &minted, &replaced, effective_by, now))
    }

    fn rotated(
        &self,
        successor: &Key,
        minted: &PlainKey,
        replaced: &Key,
        effective_by: Option<Timestamp>,
        now: Timestamp,
    ) -> Answer {
        let mut body = self.with_text(successor, minted, effective_by, now);
        let replaced = management::present(replaced, self.deployment.holds(), now);
        body.insert("replaces".into(), Value::Object(replaced));
        Answer::created(body)
    }

    /// Takes a pending end back: the key lives as long as it would have.
    pub(super) async fn cancel_rotation(&self, command: CancelRotation) -> Outcome {
        let now = clock::now();
        let change = |key: &Key| {
            let kept = transition(key.cancel_end(now))?;
            // It lengthens the life of a key that may do what the caller may not.
            if let Some(caller) = &command.granting {
                let caller = self.granting(&command.origin, caller)?;
                caller.may_grant(&kept.record.scopes, &kept.reach(), kept.record.expires_at)?;
            }
            self.check_one_more(&self.limits(&kept.record.subject)?, now)?;
            // To cancel twice is a mistake: who asks again has to be told that it was done.
            let answer = answer::changed(&kept, None, self.deployment.holds(), now);
            let answer = Answer::ok(Value::Object(answer));
            idempotency::note(&self.database, command.origin.claim.as_ref(), &answer, now)?;
            Ok(kept)
        };
        self.change(&command.origin, &command.target, Action::RotationCancelled, change, now).await
    }

    /// A successor was used for the first time, at `used_at`: the overlap that
    /// waited for that begins, and that of whatever was replaced before, by a key
    /// that was replaced itself and never used. In the transaction of whoever
    /// noticed, who arms the alarm and may publish the keys that are returned:
    /// their ends have moved.
    pub(super) fn begin_overlap(
        &self,
        successor: &KeyId,
        used_at: Timestamp,
        now: Timestamp,
    ) -> worker::Result<Vec<KeyId>> {
        let find = |id: &KeyId| keys::find(&self.database, &Target { id: id.clone(), within: None });
        let mut begun = Vec::new();
        let Some(mut successor) = find(successor)? else { return Ok(begun) };
        while let Some(old) = successor.key.rotated_from.as_ref().map(find).transpose()?.flatten() {
            // Its end may have been cancelled, and another rotation begun.
            if old.key.rotated_to.as_ref() != Some(&successor.key.record.id) {
                break;
            }
            let after = old.key.successor_used(used_at, now);
            if after != old.key {
                self.record_changed(&Origin::keystile(), Action::OverlapBegun, &old.key, &after, now)?;
                begun.push(after.record.id);
            }
            if old.key.last_used_at.is_some() {
                break;
            }
            successor = old;
        }
        Ok(begun)
    }
}

/// The old key's own expiry, unless another is asked for, within the limits.
fn successors_expiry(
    old: &Key,
    requested: Option<RequestedExpiry>,
    limits: &Limits,
    now: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    match requested {
        Some(requested) => limits.expiry(requested, now).map_err(not_so_long),
        None => Ok([old.record.expires_at, limits.latest_expiry(now)].into_iter().flatten().min()),
    }
}
