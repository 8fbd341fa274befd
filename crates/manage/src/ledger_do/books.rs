//! A ledger's database beside what it acts with: what all its handlers share.

use std::rc::Rc;

use keystile_core::{
    KeyId, Keyring, Timestamp,
    id::ID_RANDOM_BYTES,
    key::PlainKey,
    keyring::MINT_RANDOM_BYTES,
    lifecycle::{Key, NewKey},
    record::Subject,
};
use keystile_runtime::random;
use worker::{Env, Error, Result, State};

use super::{addressing, drain::Lease, outbox, schema, usage};
use crate::{database::Database, deployment::Deployment};

/// Everything a handler needs. It outlives the request that it was opened for.
pub(super) struct Books {
    pub(super) env: Env,
    pub(super) database: Database,
    pub(super) deployment: Rc<Deployment>,
    /// Held by the one drain that is under way.
    pub(super) lease: Lease,
}

impl Books {
    /// Opens the ledger, and sees whether `KEYSTILE_SECRET` is another than it was.
    pub(super) fn open(state: &State, env: &Env, now: Timestamp) -> Result<Self> {
        let deployment = Deployment::load(env)?;
        let database = Database::open(state, schema::MIGRATIONS)?;
        let books = Self { env: env.clone(), database, deployment, lease: Lease::free() };
        addressing::begin_if_rotated(&books.database, &books.deployment.keyring, now)?;
        addressing::warn_of_missing_secrets(&books.database, &books.deployment.keyring, now)?;
        books.arm(now)?;
        Ok(books)
    }

    /// Sets the alarm to when there is next something to do. While a drain is
    /// under way not before that should be over: it arms again itself.
    pub(super) fn arm(&self, now: Timestamp) -> Result<()> {
        let database = &self.database;
        let due = [outbox::earliest(database)?, addressing::next_due(database)?, usage::fold_due(database)?];
        let Some(next) = due.into_iter().flatten().min() else { return Ok(()) };
        let at = match self.lease.ends(now) {
            Some(end) => next.max(end),
            None => next,
        };
        self.database.arm(at)
    }

    /// A fresh key for what `new` describes. Its text is in the object's memory
    /// until the answer is sent, and never in its storage.
    pub(super) fn mint(&self, new: NewKey, now: Timestamp) -> Result<(Key, PlainKey)> {
        let random = random::bytes::<MINT_RANDOM_BYTES>()?;
        let id_random = random::bytes::<ID_RANDOM_BYTES>()?;
        let keyring: &Keyring = &self.deployment.keyring;
        let (minted, id) = match &new.subject {
            Subject::ApiKey { environment, .. } => {
                let prefix = self.deployment.config.prefix().ok_or_else(|| fault("keystile.toml has no prefix"))?;
                (keyring.mint_api_key(prefix, *environment, &random), KeyId::key_from_random(&id_random))
            }
            Subject::Operator { .. } => (keyring.mint_operator_key(&random), KeyId::operator_from_random(&id_random)),
        };
        let minted = minted.map_err(|error| Error::RustError(error.to_string()))?;
        let id = id.ok_or_else(|| fault("too few random bytes for an id"))?;
        Ok((Key::create(id, new, &minted, keyring.newest_fingerprint(), now), minted))
    }
}

fn fault(reason: &str) -> Error {
    Error::RustError(reason.into())
}
