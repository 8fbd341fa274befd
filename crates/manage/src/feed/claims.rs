//! Claims: which tenant owns a digest that was imported rather than minted here. A claim lasts forever: whoever claimed
//! a digest first keeps it.

use keystile_core::{
    KeyDigest,
    feed::claim::{ClaimAnswer, ClaimRequest},
};
use serde::Deserialize;
use worker::Result;

use super::erased;
use keystile_runtime::database::Database;

/// Takes every claim that can be granted, in one transaction, and returns those that can't. Of a digest that the tenant
/// had claimed before it returns the key's record.
pub(super) fn claim(database: &Database, request: &ClaimRequest) -> Result<ClaimAnswer> {
    let tenant = request.tenant.as_str();
    database.transaction(|| {
        let mut answer = ClaimAnswer { refused: Vec::new(), known: Vec::new() };
        // The digests would belong for ever to a tenant that can't import any more.
        if erased::is_erased(database, &request.tenant)? {
            answer.refused.clone_from(&request.digests);
            return Ok(answer);
        }
        for digest in &request.digests {
            match (holder(database, digest)?, record(database, digest)?) {
                (Some(holder), known) if holder == tenant => answer.known.extend(known.map(|record| (*digest, record))),
                // A record without a claim is that of a key that was minted here.
                (None, None) => database.execute(
                    "INSERT INTO claims (digest, tenant) VALUES (?, ?)",
                    vec![digest.to_hex().into(), tenant.into()],
                )?,
                _ => answer.refused.push(*digest),
            }
        }
        Ok(answer)
    })
}

/// The tenant that a digest was claimed for.
pub(super) fn holder(database: &Database, digest: &KeyDigest) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Claim {
        tenant: String,
    }
    let claim: Option<Claim> =
        database.row("SELECT tenant FROM claims WHERE digest = ?", vec![digest.to_hex().into()])?;
    Ok(claim.map(|claim| claim.tenant))
}

/// The record of the key with this digest.
pub(super) fn record(database: &Database, digest: &KeyDigest) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Known {
        record: String,
    }
    let known: Option<Known> =
        database.row("SELECT record FROM current WHERE digest = ?", vec![digest.to_hex().into()])?;
    Ok(known.map(|known| known.record))
}
