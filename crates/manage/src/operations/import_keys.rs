//! Imports keys that another system issued: sends them to the tenant's ledger batch by batch, and answers with one
//! report.
//!
//! For each batch the ledger first asks the feed whether this tenant may have the digests. Then transactions record all
//! keys that are new, some at a time, and one call publishes them. A ledger that is killed in between has claimed
//! digests without recording their keys; sending the same import again completes it.
//!
//! If the feed has a key of this tenant that the ledger doesn't have, the ledger was put back to a point before it had
//! the key. It takes the key over as the feed has it, so both go on speaking of the same one.

use std::collections::{BTreeMap, BTreeSet};

use keystile_core::{
    KeyDigest, KeyId, TenantId, Timestamp,
    access::record::Stored,
    api::import::{self, ImportReport},
    base::{code::Code, id::ID_RANDOM_BYTES, problem::Problem},
    feed::claim::ClaimRequest,
    ledger::{
        audit::Action,
        idempotency::Claim,
        import::{BATCH_LINES, LineResult, differences},
        lifecycle::{ImportedKey, Key},
        lowering,
        plan::{KeyLimits, TenantSettings},
    },
    limits::{
        definition::{ConfiguredLimits, LimitKind},
        own::OwnLimits,
        own_patch::LimitField,
    },
    objects::feed,
};
use keystile_runtime::{clock, log, object, random, response};
use serde::{Deserialize, Serialize};
use worker::Error;

use crate::{
    api::{
        ask::{self, ask},
        body::JSON,
        call::ApiCall,
        credential, prefer,
        reply::{ApiResult, Passed, passed_on},
    },
    command::{Command, Origin},
    failure::Failure,
    ledger::{adoption, drain::FEED_TIMEOUT_MS, handler::Change, keys, open::OpenLedger, outbox::Changed, settings},
};

/// Imports keys of the tenant.
///
/// A mistake in a line affects only that line. If every line has one, the answer is a problem. A batch that fails ends the import: the batches before it are recorded,
/// and it is safe to send everything again.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (tenant, config) = (call.tenant()?, &call.deployment.config);
    if config.allow_imported.is_empty() {
        return Err(not_allowed().into());
    }
    let (body, origin) = call.sent(JSON, import::MAX_BODY_BYTES).await?;
    let lines = import::parse(body, tenant, config, call.deployment.secrets(), clock::now())?;
    let failed = |line: &Result<_, Vec<_>>| line.as_ref().err().cloned().map(|errors| LineResult::Failed { errors });
    let mut results: Vec<Option<LineResult>> = lines.iter().map(failed).collect();
    let (mut effective_by, mut replayed) = (None, None);
    // Batches are made of lines, bad ones included: a line that turns bad between two requests, because its expiry has
    // passed, must not shift other lines into another batch.
    for (number, batch) in lines.chunks(BATCH_LINES).enumerate() {
        let claim = origin.claim.as_ref().map(|claim| claim.part(number));
        let numbered = batch.iter().zip(number * BATCH_LINES..);
        let keys: Vec<(usize, ImportedKey)> =
            numbered.filter_map(|(line, at)| Some((at, line.as_ref().ok()?.clone()))).collect();
        if keys.is_empty() && claim.is_none() {
            continue;
        }
        // The batches before this one may have taken a while, so the caller is judged again.
        let judged_until = if number == 0 { origin.judged_until } else { call.judge().await?.until };
        let origin = Origin { claim, judged_until, ..origin.clone() };
        let command = ImportKeys { origin, tenant: tenant.clone(), keys };
        let (status, text) = ask(call.env, tenant.as_str(), &command).await?;
        if status == 401 {
            return Err(credential::refusal(&text, &call.deployment).into());
        }
        if status != 200 {
            let passed = Passed::read(&text);
            return Ok(passed_on(status, text, &passed)?);
        }
        let imported = ask::read::<ImportKeys>(&text)?;
        for (line, result) in imported.results {
            if let Some(slot) = results.get_mut(line) {
                *slot = Some(result);
            }
        }
        effective_by = effective_by.max(imported.effective_by);
        replayed = Some(replayed.unwrap_or(true) && imported.replayed);
    }
    // A remembered answer lacks a line that was refused then and is good now, by the clock or by another configuration.
    let refused_then = || {
        let detail = "it was refused when this was sent first; send it under another Idempotency-Key";
        LineResult::refused("line", detail)
    };
    let results = results.into_iter().map(|result| result.unwrap_or_else(refused_then)).collect();
    let report = ImportReport::new(results, replayed == Some(true));
    if report.is_failure() {
        return Err(report.problem().into());
    }
    let mut response = response::json(200, &report)?;
    if let (Some(wait_ms), Some(effective_by)) = (call.wait_ms, effective_by) {
        prefer::wait_until(effective_by, wait_ms, response.headers_mut()).await?;
    }
    Ok(response)
}

fn not_allowed() -> Problem {
    let detail = "No imported keys are allowed here: list what they begin with as `allow_imported` in keystile.toml.";
    Problem::new(Code::ImportNotAllowed, detail)
}

/// The number of keys of a batch that one transaction records.
const RECORDED_AT_ONCE: usize = 100;
/// The reason why a line was not imported, if the caller would have to be judged again before.
const TOO_LATE: &str = "this took too long since the operator key was judged; send it again, with another \
                        Idempotency-Key if with any";

/// The command to record keys that another system issued: one batch of an import.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportKeys {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
    /// The keys, each with the number of its line.
    pub(crate) keys: Vec<(usize, ImportedKey)>,
}

/// The outcome of each key of a batch.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Imported {
    /// The results by line. If an answer is replayed, it has the lines that were good at that time.
    pub(crate) results: Vec<(usize, LineResult)>,
    /// The time from which the new keys are in effect everywhere, if there are any and the feed took them.
    pub(crate) effective_by: Option<Timestamp>,
    /// Whether this is the remembered answer to an import that was done before.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub(crate) replayed: bool,
}

impl Command for ImportKeys {
    const PATH: &'static str = "/import";
    type Answer = Imported;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

/// Records the keys that the ledger doesn't have yet.
impl Change for ImportKeys {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Imported, Failure> {
        let Self { origin, tenant, keys } = self;
        // A claim is permanent, so the caller is judged here as strictly as for the change itself.
        ledger.judge(&origin, clock::now())?;
        let claims = claim(ledger, &origin, &tenant, &keys, clock::now()).await?;
        let (mut results, mut new) = (Vec::with_capacity(keys.len()), Vec::new());
        for some in keys.chunks(RECORDED_AT_ONCE) {
            if !results.is_empty() {
                // Others get their turn in between.
                clock::sleep(0).await;
            }
            let now = clock::now();
            // A judgement on the caller lasts two seconds.
            if !results.is_empty() && ledger.judge(&origin, now).is_err() {
                let left = keys.get(results.len()..).unwrap_or_default();
                results.extend(left.iter().map(|(line, _)| (*line, LineResult::refused("line", TOO_LATE))));
                break;
            }
            let (recorded, ids) = ledger.change_for(&origin, now, || {
                let (mut room, mut new) = (Room::of(ledger, &origin, now)?, Vec::new());
                let results = some.iter().map(|(line, key)| {
                    let result = import_one(ledger, &origin, key, &claims, &mut room, &mut new, now)?;
                    Ok((*line, result))
                });
                let results = results.collect::<Result<Vec<_>, Failure>>()?;
                ledger.arm(now)?;
                Ok((results, new))
            })?;
            results.extend(recorded);
            new.extend(ids);
        }
        let known =
            new.len() - results.iter().filter(|(_, result)| matches!(result, LineResult::Imported { .. })).count();
        if known > 0 {
            log::error("ledger_was_put_back", &[("keys", known.into())]);
            adoption::begin(&ledger.database, clock::now())?;
        }
        ledger.tell_of_new(&new.iter().cloned().map(Changed::KeyLimits).collect::<Vec<_>>()).await;
        // The keys are recorded. What the feed doesn't take now is retried from the outbox.
        let published = ledger.publish_now(&new.into_iter().map(Changed::Key).collect::<Vec<_>>()).await;
        let effective_by = published.unwrap_or_default();
        Ok(Imported { results, effective_by, replayed: false })
    }
}

/// Claims the digests of keys that this ledger doesn't have yet and that the limits allow. A claim is permanent, and
/// one without a key would keep the digest from its rightful tenant.
async fn claim(
    ledger: &OpenLedger,
    origin: &Origin,
    tenant: &TenantId,
    keys: &[(usize, ImportedKey)],
    now: Timestamp,
) -> Result<Claims, Failure> {
    let mut room = Room::of(ledger, origin, now)?;
    let mut digests = BTreeSet::new();
    for (_, line) in keys {
        let known = digests.contains(&line.digest) || keys::by_digest(&ledger.database, &line.digest)?.is_some();
        if !known && room.admit(line, now).is_ok() {
            digests.insert(line.digest);
        }
    }
    if digests.is_empty() {
        return Ok(Claims::default());
    }
    let request = ClaimRequest { tenant: tenant.clone(), digests: digests.iter().copied().collect() };
    let answer = object::call(&ledger.env, feed::NAME, &request, FEED_TIMEOUT_MS).await.map_err(|error| {
        log::warn("claim_failed", &[("reason", error.0.into())]);
        Problem::unavailable(
            "The change feed can't say now whose keys these may be: it can't be reached, or is being told again what it \
             lost. Send the same again: what was imported already stays as it is.",
        )
    })?;
    let (refused, known) = (answer.refused.into_iter().collect(), answer.known.into_iter().collect());
    Ok(Claims { asked: digests, refused, known })
}

/// Imports one line, and adds the id of a key that the ledger has only now to `new`. Checks again whether the key
/// exists, since it may have been recorded while the feed was asked, or by an earlier line.
fn import_one(
    ledger: &OpenLedger,
    origin: &Origin,
    line: &ImportedKey,
    claims: &Claims,
    room: &mut Room<'_>,
    new: &mut Vec<KeyId>,
    now: Timestamp,
) -> Result<LineResult, Failure> {
    let configured = &ledger.deployment.config.counted_limits;
    if let Some(row) = keys::by_digest(&ledger.database, &line.digest)? {
        let key = row.key;
        if !key.is_imported() {
            let detail = format!("this is the digest of {}, which was issued here", key.record.id);
            return Ok(LineResult::refused("digest", detail));
        }
        let differs = differences(line, &key, configured);
        return Ok(LineResult::Existing { id: key.record.id, differs });
    }
    if claims.refused.contains(&line.digest) {
        let detail = "there is another key with this digest, or another tenant has claimed it";
        return Ok(LineResult::refused("digest", detail));
    }
    let Admitted { expires_at, own_limits } = match room.admit(line, now) {
        Ok(admitted) => admitted,
        Err(refused) => return Ok(refused),
    };
    if !claims.asked.contains(&line.digest) {
        let detail = "the tenant's limits have just changed; send this again";
        return Ok(LineResult::refused("digest", detail));
    }
    let mut imported = line.clone();
    imported.new.own_limits = own_limits;
    let (key, result) = match claims.known.get(&line.digest).map(|record| Stored::decode(record)) {
        None => {
            let id = KeyId::key_from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
                .ok_or_else(|| Error::RustError("too few random bytes for an id".into()))?;
            (Key::import(id.clone(), imported, expires_at, now), LineResult::Imported { id })
        }
        Some(Ok(Stored::Known(record))) => {
            let key = Key::known_to_feed((*record).clone(), imported.digest, "", now);
            let key = Key { own_limits: imported.new.own_limits, ..key };
            let differs = differences(line, &key, configured);
            (key, LineResult::Existing { id: record.id.clone(), differs })
        }
        Some(_) => {
            let detail = "the change feed has this key in a form that only a newer version of Keystile reads";
            return Ok(LineResult::refused("digest", detail));
        }
    };
    let key = Key { created_by: Some(origin.creator()), ..key };
    ledger.record_new(origin, Action::Imported, &key, now)?;
    new.push(key.record.id);
    Ok(result)
}

/// The tenant's limits, and the number of keys that count against them so far.
struct Room<'a> {
    configured: &'a ConfiguredLimits,
    settings: TenantSettings,
    /// Whether the importer may raise limits.
    may_raise: bool,
    limits: KeyLimits,
    active: u64,
}

/// The outcome of a line under the tenant's limits.
struct Admitted {
    expires_at: Option<Timestamp>,
    own_limits: OwnLimits,
}

impl<'a> Room<'a> {
    fn of(ledger: &'a OpenLedger, origin: &Origin, now: Timestamp) -> Result<Self, Error> {
        let config = &ledger.deployment.config;
        let settings = settings::find(&ledger.database)?;
        let limits = config.limits_of(&settings);
        let active = match limits.max_active_keys {
            Some(_) => keys::count_lasting(&ledger.database, now)?,
            None => 0,
        };
        Ok(Self { configured: &config.counted_limits, settings, may_raise: origin.may_raise, limits, active })
    }

    /// Admits the key of a line and counts it; or says why there is no room for it.
    fn admit(&mut self, line: &ImportedKey, now: Timestamp) -> Result<Admitted, LineResult> {
        let own_limits = self.own_limits(&line.new.own_limits)?;
        if line.revoked {
            // The limits are on keys that live.
            return Ok(Admitted { expires_at: line.new.expires_at.stated(), own_limits });
        }
        let expires_at = self.limits.expiry(line.new.expires_at, line.created_at(now));
        let expires_at = expires_at.map_err(|detail| LineResult::refused("expires_at", detail))?;
        if !self.limits.allow_one_more(self.active) {
            let detail = "the tenant has as many active keys as it may; revoke some, or raise its limit";
            return Err(LineResult::refused("max_active_keys", detail));
        }
        self.active += 1;
        Ok(Admitted { expires_at, own_limits })
    }

    fn own_limits(&self, requested: &OwnLimits) -> Result<OwnLimits, LineResult> {
        if self.may_raise {
            return Ok(requested.clone());
        }
        let none = OwnLimits::default();
        let terms = settings::terms(&self.settings, &none);
        lowering::of_new_key(self.configured, terms, requested).map_err(|name| {
            let quotas = self.configured.find(name).is_some_and(|found| matches!(found.kind, LimitKind::Quota(_)));
            let field = if quotas { LimitField::Quotas } else { LimitField::RateLimits };
            LineResult::refused(field.as_str(), lowering::refusal(name).detail)
        })
    }
}

/// The digests that were claimed from the feed, those that it refused, and the records of those of which it has a key.
#[derive(Default)]
struct Claims {
    asked: BTreeSet<KeyDigest>,
    refused: BTreeSet<KeyDigest>,
    known: BTreeMap<KeyDigest, String>,
}
