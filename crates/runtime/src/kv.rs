//! Records in KV: sealed, at addresses that only the secret's holder can tell.

use keystile_core::{KeyDigest, Keyring, record::Stored};
use worker::{Env, KvStore};

use crate::clock;

/// The binding's name in both workers.
const BINDING: &str = "KEYS";
/// KV may answer from its own cache for this long, its least, in seconds.
const CACHE_TTL_SECONDS: u64 = 30;
/// A read or write that takes longer has failed.
const TIMEOUT_MS: u64 = 2_000;

/// KV did not answer, or held what is no record of this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvFailed;

/// Reads a key's record, at the newest secret's address first.
///
/// # Errors
/// [`KvFailed`] with the reason in the log: KV is down, or a value was not
/// sealed for its address and can't be trusted.
pub async fn read(env: &Env, keyring: &Keyring, digest: &KeyDigest) -> Result<Option<Stored>, KvFailed> {
    let kv = open(env)?;
    for slot in keyring.slots(digest) {
        let read = kv.get(&slot.address).cache_ttl(CACHE_TTL_SECONDS).text();
        let value = match clock::within(TIMEOUT_MS, read).await {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(failed("kv_read_failed", &error.to_string())),
            None => return Err(failed("kv_read_failed", "timed out")),
        };
        let Some(value) = value else { continue };
        return match slot.open(&value).map(Stored::decode) {
            Some(Ok(stored)) => Ok(Some(stored)),
            Some(Err(_)) => Err(failed("kv_record_corrupt", &slot.address)),
            None => Err(failed("kv_seal_broken", &slot.address)),
        };
    }
    Ok(None)
}

/// Puts a key's record at the address of every configured secret, so that an
/// edge that does not have the newest one yet finds no outdated value.
///
/// # Errors
/// [`KvFailed`] with the reason in the log; some of the puts may have happened.
pub async fn put(env: &Env, keyring: &Keyring, digest: &KeyDigest, record: &str) -> Result<(), KvFailed> {
    let kv = open(env)?;
    for slot in keyring.slots(digest) {
        let put =
            kv.put(&slot.address, slot.seal(record)).map_err(|error| failed("kv_put_failed", &error.to_string()))?;
        match clock::within(TIMEOUT_MS, put.execute()).await {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(failed("kv_put_failed", &error.to_string())),
            None => return Err(failed("kv_put_failed", "timed out")),
        }
    }
    Ok(())
}

fn open(env: &Env) -> Result<KvStore, KvFailed> {
    env.kv(BINDING).map_err(|error| failed("kv_binding_missing", &error.to_string()))
}

fn failed(event: &str, reason: &str) -> KvFailed {
    crate::log::warn(event, &[("reason", reason.into())]);
    KvFailed
}
