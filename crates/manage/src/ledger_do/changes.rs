//! What changes keys. Each change is one transaction, of row, audit entry,
//! outbox entry and alarm; then it is published, and only then said to hold.

use keystile_core::{
    Timestamp,
    audit::Action,
    fields::FieldError,
    key::PlainKey,
    lifecycle::{Key, TransitionError},
    management,
    record::KeyState,
};
use keystile_runtime::clock;
use serde_json::{Map, Value, json};

use super::{
    answer::{self, Answer, Outcome},
    audit,
    books::Books,
    idempotency, keys,
    outbox::{self, Subject},
};
use crate::{
    command::{Create, Disable, Enable, Origin, Patch, Revoke, Rotate, SelfRevoke, Target},
    failure::Failure,
};

impl Books {
    /// Creates a key. It is answered with the key even if the feed does not
    /// take it now: the caller would have no other way to it.
    pub(super) async fn create(&self, command: Create) -> Outcome {
        let now = clock::now();
        let (key, minted) = self.mint(command.new, now)?;
        let answer = |effective_by| Answer::created(self.with_text(&key, &minted, effective_by, now));
        self.database.transaction(|| {
            self.record_new(&command.origin, &key, now)?;
            idempotency::note(&self.database, command.origin.claim.as_ref(), &answer(None), now)?;
            self.arm(now)
        })?;
        let effective_by = self.publish_now(&[Subject::Key(key.record.id.clone())]).await.unwrap_or_default();
        Ok(answer(effective_by))
    }

    /// Replaces a key by one that is the same but for its text.
    pub(super) async fn rotate(&self, command: Rotate) -> Outcome {
        let now = clock::now();
        let Rotate { origin, target, overlap_ms } = command;
        let (successor, minted, replaced) = self.database.transaction(|| {
            let old = self.find(&target)?.key;
            let (mut successor, minted) = self.mint(old.as_new(), now)?;
            successor.rotated_from = Some(old.record.id.clone());
            let replaced = old.rotate(&successor.record.id, overlap_ms, now).map_err(answer::impossible)?;
            self.record_new(&origin, &successor, now)?;
            self.record_changed(&origin, Action::Rotated, &old, &replaced, now)?;
            let answer = self.rotated(&successor, &minted, &replaced, None, now);
            idempotency::note(&self.database, origin.claim.as_ref(), &answer, now)?;
            self.arm(now)?;
            Ok::<_, Failure>((successor, minted, replaced))
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
        body.insert("replaces".into(), present_replaced(replaced, now));
        Answer::created(body)
    }

    /// Changes what a patch says.
    pub(super) async fn patch(&self, command: Patch) -> Outcome {
        let now = clock::now();
        let Patch { origin, target, patch, if_match } = command;
        let change = |key: &Key| {
            if if_match.as_ref().is_some_and(|versions| !versions.contains(&key.record.version)) {
                return Err(answer::version_mismatch(key).into());
            }
            let patched = key.patch(patch.clone(), now).map_err(answer::impossible)?;
            management::check_metadata(&patched.record.metadata)
                .map_err(|detail| vec![FieldError { field: "metadata".into(), detail }])?;
            Ok(patched)
        };
        self.change(&origin, &target, Action::Changed, change, now).await
    }

    /// Switches a key off.
    pub(super) async fn disable(&self, command: Disable) -> Outcome {
        let now = clock::now();
        let change = |key: &Key| transition(key.disable(now));
        self.change(&command.origin, &command.target, Action::Disabled, change, now).await
    }

    /// Switches a key on again.
    pub(super) async fn enable(&self, command: Enable) -> Outcome {
        let now = clock::now();
        let change = |key: &Key| transition(key.enable(now));
        self.change(&command.origin, &command.target, Action::Enabled, change, now).await
    }

    /// Ends a key's life.
    pub(super) async fn revoke(&self, command: Revoke) -> Outcome {
        let now = clock::now();
        let change = |key: &Key| Ok(key.revoke(command.reason.clone(), now));
        self.change(&command.origin, &command.target, Action::Revoked, change, now).await
    }

    /// Ends a key's life as its holder asks, who acts as the key itself.
    pub(super) async fn self_revoke(&self, command: SelfRevoke) -> Outcome {
        let SelfRevoke { key_id, request_id, ip } = command;
        let target = Target { id: key_id, within: None };
        let key = self.find(&target)?.key;
        let (actor_id, actor_name) = (key.record.id.to_string(), key.record.name);
        let origin = Origin { actor_id, actor_name, ip, request_id, claim: None };
        let reason = Some("revoked by its holder".into());
        self.revoke(Revoke { origin, target, reason }).await
    }

    /// The way of every change of one key. If nothing changes there is neither
    /// a new version nor an audit entry, but the answer is as good: if the
    /// present state has yet to be published, that is tried again.
    async fn change(
        &self,
        origin: &Origin,
        target: &Target,
        action: Action,
        change: impl Fn(&Key) -> Result<Key, Failure>,
        now: Timestamp,
    ) -> Outcome {
        self.database.transaction(|| {
            let before = self.find(target)?.key;
            let after = change(&before)?;
            if after != before {
                self.record_changed(origin, action, &before, &after, now)?;
                self.arm(now)?;
            }
            Ok::<_, Failure>(())
        })?;
        let published = self.publish_now(&[Subject::Key(target.id.clone())]).await;
        let row = self.find(target)?;
        let Ok(published) = published else {
            let pending = answer::pending(row.key.record.state == KeyState::Revoked);
            return Err(pending.with("key_id", json!(target.id)).into());
        };
        let effective_by = row.effective_by.or(published);
        let body = answer::changed(&row.key, effective_by, self.deployment.holds(), now);
        Ok(Answer::ok(Value::Object(body)))
    }

    fn record_new(&self, origin: &Origin, key: &Key, now: Timestamp) -> worker::Result<()> {
        keys::insert(&self.database, key)?;
        audit::key_changed(&self.database, origin, Action::Created, None, key, now)?;
        outbox::enqueue(&self.database, &Subject::Key(key.record.id.clone()), key.record.version, now)
    }

    fn record_changed(
        &self,
        origin: &Origin,
        action: Action,
        before: &Key,
        after: &Key,
        now: Timestamp,
    ) -> worker::Result<()> {
        keys::update(&self.database, after)?;
        audit::key_changed(&self.database, origin, action, Some(before), after, now)?;
        outbox::enqueue(&self.database, &Subject::Key(after.record.id.clone()), after.record.version, now)
    }

    /// The two answers that ever hold a key's text.
    fn with_text(
        &self,
        key: &Key,
        minted: &PlainKey,
        effective_by: Option<Timestamp>,
        now: Timestamp,
    ) -> Map<String, Value> {
        let mut body = answer::changed(key, effective_by, self.deployment.holds(), now);
        body.insert("key".into(), minted.reveal().into());
        body
    }
}

fn transition(outcome: Result<Key, TransitionError>) -> Result<Key, Failure> {
    outcome.map_err(|error| answer::impossible(error).into())
}

fn present_replaced(key: &Key, now: Timestamp) -> Value {
    json!({
        "id": key.record.id,
        "status": key.status(now).as_str(),
        "expires_at": key.record.expires_at.map(Timestamp::to_rfc3339),
        "revoked_at": key.revocation.as_ref().map(|revocation| revocation.at.to_rfc3339()),
    })
}
