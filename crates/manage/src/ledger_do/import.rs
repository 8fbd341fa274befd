//! Keys that another system issued: one batch of an import.
//!
//! The feed is asked first whether the digests may be this tenant's; then one
//! transaction records all that are new, and one publication makes them known.
//! A ledger that is killed in between has claimed digests and recorded no key:
//! the same import, sent again, takes it from there.

use std::collections::BTreeSet;

use keystile_core::{
    KeyDigest, KeyId, TenantId, Timestamp,
    base::{id::ID_RANDOM_BYTES, problem::Problem},
    feed::claim::ClaimRequest,
    ledger::{
        audit::Action,
        import::{LineResult, differences},
        lifecycle::{ImportedKey, Key},
        plan::Limits,
    },
    objects::feed,
};
use keystile_runtime::{clock, log, object, random};
use worker::Error;

use super::{
    answer::{Answer, Outcome},
    books::Books,
    drain::FEED_TIMEOUT_MS,
    keys,
    outbox::Subject,
    settings,
};
use crate::{
    command::{Import, Imported, Origin},
    failure::Failure,
};

/// What the tenant may have, and how many keys count against that so far.
struct Room {
    limits: Limits,
    active: u64,
}

impl Room {
    /// The expiry of the line's key, which then takes up room; or why there is none for it.
    fn admit(&mut self, line: &ImportedKey, now: Timestamp) -> Result<Option<Timestamp>, LineResult> {
        let expires_at = self.limits.expiry(line.new.expires_at, now);
        let expires_at = expires_at.map_err(|detail| LineResult::refused("expires_at", detail))?;
        if !self.limits.allow_one_more(self.active) {
            let detail = "the tenant has as many active keys as it may; revoke some, or raise its limit";
            return Err(LineResult::refused("max_active_keys", detail));
        }
        self.active += 1;
        Ok(expires_at)
    }
}

/// What the feed was asked for, and what of it is not to be had.
#[derive(Default)]
struct Claims {
    asked: BTreeSet<KeyDigest>,
    refused: BTreeSet<KeyDigest>,
}

impl Books {
    /// Records the keys that this ledger doesn't have.
    pub(super) async fn import(&self, command: Import) -> Outcome {
        let Import { origin, tenant, keys } = command;
        // A claim is for good, so it takes as much as the change itself.
        self.judge(&origin, clock::now())?;
        let claims = self.claim(&tenant, &keys, clock::now()).await?;
        let now = clock::now();
        let results = self.change_for(&origin, now, || {
            let mut room = self.room(now)?;
            let results = keys.iter().map(|(line, key)| {
                let result = self.import_one(&origin, key, &claims, &mut room, now)?;
                Ok((*line, result))
            });
            let results = results.collect::<Result<Vec<_>, Failure>>()?;
            self.arm(now)?;
            Ok(results)
        })?;
        let new = results.iter().filter_map(|(_, result)| match result {
            LineResult::Imported { id } => Some(Subject::Key(id.clone())),
            _ => None,
        });
        // Recorded they are. What the feed did not take now, the outbox retries.
        let effective_by = self.publish_now(&new.collect::<Vec<_>>()).await.unwrap_or_default();
        Answer::internal(&Imported { results, effective_by, replayed: false })
    }

    /// Claims what this ledger doesn't have yet and the limits let it have: a
    /// claim is for good, and one without a key would keep others from theirs.
    async fn claim(&self, tenant: &TenantId, keys: &[(usize, ImportedKey)], now: Timestamp) -> Result<Claims, Failure> {
        let mut room = self.room(now)?;
        let mut digests = BTreeSet::new();
        for (_, line) in keys {
            let known = digests.contains(&line.digest) || keys::by_digest(&self.database, &line.digest)?.is_some();
            if !known && room.admit(line, now).is_ok() {
                digests.insert(line.digest);
            }
        }
        if digests.is_empty() {
            return Ok(Claims::default());
        }
        let request = ClaimRequest { tenant: tenant.clone(), digests: digests.iter().copied().collect() };
        let answer = object::call(&self.env, feed::NAME, &request, FEED_TIMEOUT_MS).await;
        let answer = answer.map_err(|error| {
            log::warn("claim_failed", &[("reason", error.0.into())]);
            Problem::unavailable(
                "The change feed can't be reached, which knows whose keys these may be. Send the same again: what was \
                 imported already stays as it is.",
            )
        })?;
        Ok(Claims { asked: digests, refused: answer.refused.into_iter().collect() })
    }

    fn room(&self, now: Timestamp) -> Result<Room, Error> {
        let limits = self.deployment.config.limits_of(&settings::find(&self.database)?);
        let active = match limits.max_active_keys {
            Some(limit) => keys::count_lasting(&self.database, now, limit)?,
            None => 0,
        };
        Ok(Room { limits, active })
    }

    /// Looks again whether there is such a key: it may have come while the feed
    /// was asked, or in an earlier line.
    fn import_one(
        &self,
        origin: &Origin,
        line: &ImportedKey,
        claims: &Claims,
        room: &mut Room,
        now: Timestamp,
    ) -> Result<LineResult, Failure> {
        if let Some(row) = keys::by_digest(&self.database, &line.digest)? {
            let key = row.key;
            if !key.is_imported() {
                let detail = format!("this is the digest of {}, which was issued here", key.record.id);
                return Ok(LineResult::refused("digest", detail));
            }
            let differs = differences(line, &key);
            return Ok(LineResult::Existing { id: key.record.id, differs });
        }
        if claims.refused.contains(&line.digest) {
            let detail = "there is another key with this digest, or another tenant has claimed it";
            return Ok(LineResult::refused("digest", detail));
        }
        let expires_at = match room.admit(line, now) {
            Ok(expires_at) => expires_at,
            Err(refused) => return Ok(refused),
        };
        if !claims.asked.contains(&line.digest) {
            let detail = "the tenant's limits have just changed; send this again";
            return Ok(LineResult::refused("digest", detail));
        }
        let id = KeyId::key_from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
            .ok_or_else(|| Error::RustError("too few random bytes for an id".into()))?;
        let key = Key::import(id.clone(), line.clone(), expires_at, now);
        self.record_new(origin, Action::Imported, &key, now)?;
        Ok(LineResult::Imported { id })
    }
}
