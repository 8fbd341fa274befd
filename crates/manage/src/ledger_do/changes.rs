//! What changes keys. Each change is one transaction, of row, audit entry,
//! outbox entry and alarm; then it is published, and only then said to hold.

use keystile_core::{
    Timestamp,
    access::record::{self, KeyState},
    api::management,
    base::fields::FieldError,
    feed::outbox::Told,
    key::PlainKey,
    ledger::{
        audit::Action,
        lifecycle::{Key, TransitionError},
    },
};
use keystile_runtime::clock;
use serde_json::{Map, Value, json};

use super::{
    answer::{self, Answer, Outcome},
    audit,
    books::Books,
    idempotency,
    keys::{self, KeyRow},
    outbox::{self, Subject},
};
use crate::{
    command::{Create, Disable, Enable, Origin, Patch, Revoke, SelfRevoke, Target},
    failure::Failure,
};

impl Books {
    /// Creates a key. It is answered with the key even if the feed does not
    /// take it now: the caller would have no other way to it.
    pub(super) async fn create(&self, command: Create) -> Outcome {
        let now = clock::now();
        let Create { origin, new, granting } = command;
        let (key, minted) = self.change_for(&origin, now, || {
            let limits = self.limits(&new.subject)?;
            self.check_one_more(&limits, now)?;
            let expires_at = limits.expiry(new.expires_at, now).map_err(not_so_long)?;
            if let (Some(caller), record::Subject::Operator { reach }) = (&granting, &new.subject) {
                self.granting(&origin, caller)?.may_grant(&new.scopes, reach, expires_at)?;
            }
            let (key, minted) = self.mint(new.clone(), expires_at, now)?;
            self.record_new(&origin, Action::Created, &key, now)?;
            let answer = Answer::created(self.with_text(&key, &minted, None, now));
            idempotency::note(&self.database, origin.claim.as_ref(), &answer, now)?;
            self.arm(now)?;
            Ok((key, minted))
        })?;
        let effective_by = self.publish_now(&[Subject::Key(key.record.id.clone())]).await.unwrap_or_default();
        Ok(Answer::created(self.with_text(&key, &minted, effective_by, now)))
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
            if patch.metadata.is_some() {
                management::check_metadata(&patched.record.metadata)
                    .map_err(|detail| vec![FieldError { field: "metadata".into(), detail }])?;
            }
            if patch.expires_at.is_some() {
                let (limits, record) = (self.limits(&patched.record.subject)?, &patched.record);
                limits.check_expiry(record.expires_at, record.created_at).map_err(not_so_long)?;
            }
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
        let origin = Origin { actor_id, actor_name, ip, request_id, claim: None, judged_until: None };
        let reason = Some("revoked by its holder".into());
        self.revoke(Revoke { origin, target, reason }).await
    }

    /// The way of every change of one key. If nothing changes there is neither
    /// a new version nor an audit entry, but the answer is as good: if the
    /// present state has yet to be published, that is tried again. It speaks of
    /// the version that it left or found, whatever came after that.
    pub(super) async fn change(
        &self,
        origin: &Origin,
        target: &Target,
        action: Action,
        change: impl Fn(&Key) -> Result<Key, Failure>,
        now: Timestamp,
    ) -> Outcome {
        let (key, effective_by) = self.change_for(origin, now, || {
            let KeyRow { key: before, effective_by } = self.find(target)?;
            let after = change(&before)?;
            if after == before {
                return Ok((before, effective_by));
            }
            self.record_changed(origin, action, &before, &after, now)?;
            self.arm(now)?;
            Ok((after, None))
        })?;
        let told = Told { version: key.record.version, effective_by };
        let Some(effective_by) = self.publish_version(Subject::Key(target.id.clone()), told).await? else {
            let pending = answer::pending(key.record.state == KeyState::Revoked);
            return Err(pending.with("key_id", json!(target.id)).into());
        };
        let body = answer::changed(&key, Some(effective_by), self.deployment.holds(), now);
        Ok(Answer::ok(Value::Object(body)))
    }

    pub(super) fn record_new(&self, origin: &Origin, action: Action, key: &Key, now: Timestamp) -> worker::Result<()> {
        keys::insert(&self.database, key)?;
        audit::key_changed(&self.database, origin, action, None, key, now)?;
        outbox::enqueue(&self.database, &Subject::Key(key.record.id.clone()), key.record.version, now)
    }

    pub(super) fn record_changed(
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
    pub(super) fn with_text(
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

pub(super) fn transition(outcome: Result<Key, TransitionError>) -> Result<Key, Failure> {
    outcome.map_err(|error| answer::impossible(error).into())
}

/// The tenant's limits don't allow this expiry.
pub(super) fn not_so_long(detail: String) -> Failure {
    vec![FieldError { field: "expires_at".into(), detail }].into()
}
