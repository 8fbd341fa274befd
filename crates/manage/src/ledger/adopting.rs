//! Takes over the keys that the feed has and this ledger doesn't, because it was put back to a point before they were
//! created. They work at the edges, and until then nobody could list or revoke them.
//!
//! The ledger asks the feed for its keys, page by page, once it has met something that only a ledger meets that was put
//! back: a later version in the feed, or a use of a key that it doesn't have. A key that it doesn't have gets the id and
//! the record that the feed has. Of a key that it has, it takes a revocation alone, which stands whatever it says itself;
//! otherwise its own state stands, since somebody may have put it back for that.
//!
//! Facts that only a ledger has are lost: who created the key, from which one it was rotated, its own limits. A key whose
//! tenant was erased is taken over as a stub, whenever that is.

use keystile_core::{
    KeyId, TenantId, Timestamp,
    access::record::{KeyRecord, KeyState, Stored},
    ledger::{audit::Action, lifecycle::Key},
    objects::feed::{self, KeysRequest, KnownKey},
};
use keystile_runtime::{clock, log, object};
use worker::{Error, Result};

use super::{
    adoption,
    drain::{FEED_BATCH, FEED_TIMEOUT_MS},
    keys,
    open::OpenLedger,
    outbox::Changed,
};
use crate::command::{Origin, Target};

impl OpenLedger {
    /// Takes over the next page of keys, if one is due.
    pub(crate) async fn adopt_due(&self) -> Result<()> {
        let Some(row) = adoption::due(&self.database, clock::now())? else { return Ok(()) };
        let after = (!row.after_digest.is_empty()).then(|| row.after_digest.clone());
        let tenant = self.tenant()?;
        if tenant.is_none() && !keys::exist(&self.database)? {
            // Nobody knows whose ledger this is before it has a key again. Then a use of a lost one begins anew.
            return adoption::give_up(&self.database);
        }
        let request = KeysRequest { tenant, after };
        let answer = object::call(&self.env, feed::NAME, &request, FEED_TIMEOUT_MS).await;
        let now = clock::now();
        let page = match answer {
            Ok(page) => page,
            Err(error) => {
                log::warn("adoption_failed", &[("reason", error.0.into())]);
                return adoption::put_off(&self.database, &row, now);
            }
        };
        let changed = self.database.transaction(|| {
            let mut changed = Vec::new();
            for known in &page.keys {
                changed.extend(self.adopt(known, request.tenant.as_ref(), now)?.map(Changed::Key));
            }
            adoption::go_on(&self.database, page.next.as_deref(), now)?;
            Ok::<_, Error>(changed)
        })?;
        // Changes that the feed doesn't take now are retried from the outbox.
        for some in changed.chunks(FEED_BATCH) {
            let _ = self.publish_now(some).await;
        }
        Ok(())
    }

    /// Takes over a key of this tenant, or of an operator. With operators' keys the feed sends others whose tenant it
    /// can't read. Returns the key's id if that changed something.
    fn adopt(&self, known: &KnownKey, tenant: Option<&TenantId>, now: Timestamp) -> Result<Option<KeyId>> {
        let record = match Stored::decode(&known.record) {
            Ok(Stored::Known(record)) if record.tenant() == tenant => record,
            _ => {
                log::error("key_not_adopted", &[("digest", known.digest.to_hex().get(..8).unwrap_or_default().into())]);
                return Ok(None);
            }
        };
        let before = match keys::by_digest(&self.database, &known.digest) {
            Ok(None) => return self.take_over(known, &record, now),
            Ok(Some(row)) => row.key,
            // A row of a later version, or a broken one, stands as it is, and keeps no other from being looked at.
            Err(error) => {
                log::error("key_not_adopted", &[("reason", error.to_string().into())]);
                return Ok(None);
            }
        };
        if record.state != KeyState::Revoked || before.revocation.is_some() {
            return Ok(None);
        }
        let after = before.revoke(Some(Key::REVOKED_BEFORE.into()), now);
        self.record_changed(&Origin::keystile(), Action::Revoked, &before, &after, now)?;
        Ok(Some(after.record.id))
    }

    /// Inserts a key that this ledger doesn't have. The feed doesn't know which secret tagged it. It counts as tagged with
    /// the oldest, so that nobody takes a secret away that it may need.
    fn take_over(&self, known: &KnownKey, record: &KeyRecord, now: Timestamp) -> Result<Option<KeyId>> {
        let id: &KeyId = &record.id;
        if keys::find(&self.database, &Target { id: id.clone(), within: None })?.is_some() {
            log::error("key_not_adopted", &[("key_id", id.as_str().into())]);
            return Ok(None);
        }
        let oldest = self.deployment.keyring.fingerprints().last();
        let oldest = oldest.ok_or_else(|| Error::RustError("there is no secret".into()))?;
        let secret = if known.imported { "" } else { oldest };
        let key = Key::known_to_feed(record.clone(), known.digest, secret, now);
        let key = if self.is_of_erased(&key)? { key.erased(now) } else { key };
        self.record_new(&Origin::keystile(), Action::Adopted, &key, now)?;
        log::info("key_adopted", &[("key_id", id.as_str().into())]);
        Ok(Some(id.clone()))
    }
}
