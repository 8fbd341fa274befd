//! Keys that another system issued: one batch of an import.
//!
//! The feed is asked first whether the digests may be this tenant's; then one
//! transaction records all that are new, and one publication makes them known.
//! A ledger that is killed in between has claimed digests and recorded no key:
//! the same import, sent again, takes it from there.

use std::collections::BTreeSet;

use keystile_core::{
    KeyDigest, KeyId, TenantId, Timestamp,
    audit::Action,
    feed::claim::{ClaimAnswer, ClaimRequest},
    id::ID_RANDOM_BYTES,
    import::{self, ImportedKey, LineResult},
    lifecycle::Key,
    plan::Limits,
    problem::Problem,
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

impl Books {
    /// Records the keys that this ledger doesn't have.
    pub(super) async fn import(&self, command: Import) -> Outcome {
        let Import { origin, tenant, keys } = command;
        let refused = self.claim(&tenant, &keys).await?;
        let now = clock::now();
        let results = self.database.transaction(|| {
            let mut room = self.room(now)?;
            let results = keys.iter().map(|(line, key)| {
                let result = self.import_one(&origin, key, &refused, &mut room, now)?;
                Ok((*line, result))
            });
            let results = results.collect::<Result<Vec<_>, Failure>>()?;
            self.arm(now)?;
            Ok::<_, Failure>(results)
        })?;
        let new = results.iter().filter_map(|(_, result)| match result {
            LineResult::Imported { id } => Some(Subject::Key(id.clone())),
            _ => None,
        });
        // Recorded they are. What the feed did not take now, the outbox retries.
        let effective_by = self.publish_now(&new.collect::<Vec<_>>()).await.unwrap_or_default();
        Answer::internal(&Imported { results, effective_by, replayed: false })
    }

    /// Claims what this ledger doesn't have yet: the digests that it can't have.
    async fn claim(&self, tenant: &TenantId, keys: &[(usize, ImportedKey)]) -> Result<BTreeSet<KeyDigest>, Failure> {
        let mut digests = Vec::new();
        for (_, key) in keys {
            if keys::by_digest(&self.database, &key.digest)?.is_none() {
                digests.push(key.digest);
            }
        }
        if digests.is_empty() {
            return Ok(BTreeSet::new());
        }
        let request = ClaimRequest { tenant: tenant.clone(), digests };
        let answer: Result<ClaimAnswer, _> =
            object::call(&self.env, object::FEED, object::FEED_NAME, "/claim", &request, FEED_TIMEOUT_MS).await;
        let answer = answer.map_err(|error| {
            log::warn("claim_failed", &[("reason", error.0.into())]);
            Problem::unavailable(
                "The change feed can't be reached, which knows whose keys these may be. Send the same again: what was \
                 imported already stays as it is.",
            )
        })?;
        Ok(answer.refused.into_iter().collect())
    }

    fn room(&self, now: Timestamp) -> Result<Room, Error> {
        let limits = settings::find(&self.database)?.limits(&self.deployment.config);
        let active = match limits.max_active_keys {
            Some(_) => keys::count_lasting(&self.database, now)?,
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
        refused: &BTreeSet<KeyDigest>,
        room: &mut Room,
        now: Timestamp,
    ) -> Result<LineResult, Failure> {
        if let Some(row) = keys::by_digest(&self.database, &line.digest)? {
            let key = row.key;
            if !key.is_imported() {
                let detail = format!("this is the digest of {}, which was issued here", key.record.id);
                return Ok(LineResult::refused("digest", detail));
            }
            let differs = import::differences(line, &key);
            return Ok(LineResult::Existing { id: key.record.id, differs });
        }
        if refused.contains(&line.digest) {
            let detail = "there is another key with this digest, which is not this tenant's";
            return Ok(LineResult::refused("digest", detail));
        }
        let expires_at = match room.limits.expiry(line.new.expires_at, now) {
            Ok(expires_at) => expires_at,
            Err(detail) => return Ok(LineResult::refused("expires_at", detail)),
        };
        if !room.limits.allow_one_more(room.active) {
            let detail = format!("this tenant has {} active keys, and may have no more", room.active);
            return Ok(LineResult::refused("max_active_keys", detail));
        }
        room.active += 1;
        let id = KeyId::key_from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
            .ok_or_else(|| Error::RustError("too few random bytes for an id".into()))?;
        let key = Key::import(id.clone(), line.clone(), expires_at, now);
        self.record_new(origin, Action::Imported, &key, now)?;
        Ok(LineResult::Imported { id })
    }
}
