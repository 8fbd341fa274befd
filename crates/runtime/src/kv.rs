//! The records of keys and the statuses of tenants in KV: sealed, at addresses that only the holder of the secret can
//! compute.

use core::{error::Error, fmt};

use js_sys::{Array, Map, Object, Promise, Reflect};
use keystile_core::{
    KeyDigest, Keyring, TenantId, access::record::Stored, feed::message::TenantStatus, key::keyring::KvSlot,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use crate::{clock, log, object::said};

/// The binding's name in the workers.
const BINDING: &str = "KEYS";
/// The time for which KV may answer from its own cache, seconds: the shortest that it offers.
const CACHE_TTL_SECONDS: u32 = 30;
/// The time after which a write has failed, milliseconds.
const PUT_TIMEOUT_MS: u64 = 2_000;

/// An error: KV did not answer, or held a value that is not a record of this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvFailed;

impl fmt::Display for KvFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KV failed; the reason is in the log")
    }
}

impl Error for KvFailed {}

/// Reads a key's record, in one operation for any number of secrets. The newest secret's address takes precedence.
///
/// # Errors
/// [`KvFailed`] with the reason in the log: KV is down, or a value was not sealed for its address and can't be trusted.
pub async fn read(
    env: &Env,
    keyring: &Keyring,
    digest: &KeyDigest,
    timeout_ms: u64,
) -> Result<Option<Stored>, KvFailed> {
    let read = read_sealed(env, keyring.slots(digest).collect(), timeout_ms).await?;
    decoded(read, |text| Stored::decode(text).ok())
}

/// Reads a tenant's status in the same way; `None` if KV has none, since none was ever written for the tenant.
///
/// # Errors
/// As for [`read`].
pub async fn read_tenant_status(
    env: &Env,
    keyring: &Keyring,
    tenant: &TenantId,
    timeout_ms: u64,
) -> Result<Option<TenantStatus>, KvFailed> {
    let read = read_sealed(env, keyring.tenant_status_slots(tenant).collect(), timeout_ms).await?;
    decoded(read, TenantStatus::read)
}

/// A value, with the address that it was sealed for.
struct Opened {
    address: String,
    text: String,
}

fn decoded<T>(opened: Option<Opened>, decode: impl Fn(&str) -> Option<T>) -> Result<Option<T>, KvFailed> {
    let Some(Opened { address, text }) = opened else { return Ok(None) };
    decode(&text).map(Some).ok_or_else(|| failed("kv_record_corrupt", &address))
}

async fn read_sealed(env: &Env, slots: Vec<KvSlot<'_>>, timeout_ms: u64) -> Result<Option<Opened>, KvFailed> {
    let addresses: Vec<&str> = slots.iter().map(|slot| slot.address.as_str()).collect();
    let values = within_time("kv_read_failed", timeout_ms, get(env, &addresses)).await?;
    for slot in slots {
        let Some(value) = value_at(&values, &slot.address) else { continue };
        let text = slot.open(&value).ok_or_else(|| failed("kv_seal_broken", &slot.address))?;
        return Ok(Some(Opened { text: text.to_owned(), address: slot.address }));
    }
    Ok(None)
}

/// Puts a key's record at the address of every configured secret. So an edge that does not have the newest secret yet
/// finds no outdated value.
///
/// # Errors
/// [`KvFailed`] with the reason in the log; some of the puts may have happened.
pub async fn put(env: &Env, keyring: &Keyring, digest: &KeyDigest, record: &str) -> Result<(), KvFailed> {
    put_sealed(env, keyring.slots(digest), record).await
}

/// Puts a key's record at the address of the newest secret alone. The others have it already.
///
/// # Errors
/// [`KvFailed`] with the reason in the log.
pub async fn put_at_newest(env: &Env, keyring: &Keyring, digest: &KeyDigest, record: &str) -> Result<(), KvFailed> {
    put_sealed(env, keyring.slots(digest).take(1), record).await
}

/// Puts a tenant's status in the same way as [`put`].
///
/// # Errors
/// As for [`put`].
pub async fn put_tenant_status(env: &Env, keyring: &Keyring, tenant_status: &TenantStatus) -> Result<(), KvFailed> {
    put_sealed(env, keyring.tenant_status_slots(&tenant_status.tenant), &tenant_status.encode()).await
}

async fn put_sealed(env: &Env, slots: impl Iterator<Item = KvSlot<'_>>, text: &str) -> Result<(), KvFailed> {
    for slot in slots {
        within_time("kv_put_failed", PUT_TIMEOUT_MS, set(env, &slot.address, &slot.seal(text))).await?;
    }
    Ok(())
}

/// Reads one value for one address, or a map of values for several.
async fn get(env: &Env, addresses: &[&str]) -> Result<JsValue, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"cacheTtl".into(), &CACHE_TTL_SECONDS.into())?;
    let wanted = match addresses {
        [address] => JsValue::from_str(address),
        several => several.iter().map(|address| JsValue::from_str(address)).collect::<Array>().into(),
    };
    JsFuture::from(namespace(env)?.get(&wanted, &options)?).await
}

fn value_at(values: &JsValue, address: &str) -> Option<String> {
    match values.dyn_ref::<Map>() {
        Some(values) => values.get(&address.into()).as_string(),
        None => values.as_string(),
    }
}

async fn set(env: &Env, address: &str, value: &str) -> Result<JsValue, JsValue> {
    JsFuture::from(namespace(env)?.put(address, value)?).await
}

fn namespace(env: &Env) -> Result<Namespace, JsValue> {
    let namespace = Reflect::get(env, &BINDING.into())?;
    if namespace.is_object() { Ok(namespace.unchecked_into()) } else { Err("the binding KEYS is missing".into()) }
}

async fn within_time(
    event: &str,
    timeout_ms: u64,
    operation: impl Future<Output = Result<JsValue, JsValue>>,
) -> Result<JsValue, KvFailed> {
    match clock::within(timeout_ms, operation).await {
        Some(outcome) => outcome.map_err(|error| failed(event, &said(&error))),
        None => Err(failed(event, "timed out")),
    }
}

fn failed(event: &str, reason: &str) -> KvFailed {
    log::warn(event, &[("reason", reason.into())]);
    KvFailed
}

#[wasm_bindgen]
extern "C" {
    type Namespace;
    #[wasm_bindgen(method, catch)]
    fn get(this: &Namespace, addresses: &JsValue, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Namespace, address: &str, value: &str) -> Result<Promise, JsValue>;
}
