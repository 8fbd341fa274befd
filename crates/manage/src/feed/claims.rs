//! Claims: which tenant owns a digest that was imported rather than minted here. A claim lasts forever: whoever claimed
//! a digest first keeps it.

use keystile_core::{
    KeyDigest,
    feed::claim::{ClaimAnswer, ClaimRequest},
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// Takes every claim that can be granted, in one transaction, and returns those that can't.
pub(super) fn claim(database: &Database, request: &ClaimRequest) -> Result<ClaimAnswer> {
    let tenant = request.tenant.as_str();
    let refused = database.transaction(|| {
        let mut refused = Vec::new();
        for digest in &request.digests {
            match holder(database, digest)? {
                Some(holder) if holder == tenant => {}
                None if !is_issued(database, digest)? => database.execute(
                    "INSERT INTO claims (digest, tenant) VALUES (?, ?)",
                    vec![digest.to_hex().into(), tenant.into()],
                )?,
                _ => refused.push(*digest),
            }
        }
        Ok::<_, worker::Error>(refused)
    })?;
    Ok(ClaimAnswer { refused })
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

/// Whether a key has this digest although nobody claimed it, which means that the key was minted here.
fn is_issued(database: &Database, digest: &KeyDigest) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let one: Option<One> =
        database.row("SELECT 1 AS one FROM current WHERE digest = ?", vec![digest.to_hex().into()])?;
    Ok(one.is_some())
}
