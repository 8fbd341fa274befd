//! Moves a ledger's values in KV to new addresses after a rotation of `KEYSTILE_SECRET`.
//!
//! Each key's record is put once at the address that the newest secret gives it, with the puts that the outbox leaves of
//! a drain: no change waits for it. Until a key has been moved, the edge finds it at the address that an older secret
//! gives it.
//!
//! A put at a new address overwrites nothing, so it is neither confirmed nor acknowledged. If its outcome is unclear, the
//! key is moved again. If it arrives after a later change, the second put of that change mends it.

use std::cell::Cell;

use futures_util::future::join_all;
use keystile_core::KeyId;
use keystile_runtime::{clock, kv, log};
use worker::Result;

use super::{
    addressing::{self, Batch},
    drain::PUTS_AT_ONCE,
    keys,
    open::OpenLedger,
};

impl OpenLedger {
    /// Moves the next keys, this many at most, if the job is running. The caller holds this lease of the drain.
    pub(crate) async fn move_due(&self, lease: u64, most: usize) -> Result<()> {
        if most == 0 {
            return Ok(());
        }
        let Some(Batch { ids, is_last }) = addressing::next(&self.database, most, clock::now())? else { return Ok(()) };
        // The next put begins once one has ended.
        let next = Cell::new(0);
        let hand = async || {
            while let Some(id) = ids.get(next.replace(next.get() + 1)) {
                if !self.lease.keep(lease, clock::now()) {
                    return Err(kv::KvFailed);
                }
                self.move_key(id).await?;
            }
            Ok(())
        };
        let moved: std::result::Result<(), kv::KvFailed> =
            join_all((0..PUTS_AT_ONCE).map(|_| hand())).await.into_iter().collect();
        match (moved, ids.last()) {
            // All of them are moved again.
            (Err(kv::KvFailed), _) => addressing::put_off(&self.database, clock::now()),
            (Ok(()), Some(last)) if !is_last => addressing::moved(&self.database, last),
            (Ok(()), _) => addressing::end(&self.database),
        }
    }

    /// Puts a key's record at its new address, unless a change of the key has yet to be put into KV: that is done at all
    /// addresses, and not before the feed has it.
    async fn move_key(&self, id: &KeyId) -> std::result::Result<(), kv::KvFailed> {
        match keys::form_in_kv(&self.database, id) {
            Ok(None) => Ok(()),
            Ok(Some(key)) => kv::put_at_newest(&self.env, &self.deployment.keyring, &key.digest, &key.record).await,
            Err(error) => {
                log::error("key_not_moved", &[("key_id", id.as_str().into()), ("reason", error.to_string().into())]);
                Err(kv::KvFailed)
            }
        }
    }
}
