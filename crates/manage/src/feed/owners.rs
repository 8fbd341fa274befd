//! The owners of digests, for reports of leaked keys.

use keystile_core::{
    KeyDigest, TenantId,
    feed::owners::{MAX_DIGESTS, Owner, OwnersAnswer, OwnersRequest},
};
use serde::Deserialize;
use serde_json::Value;
use worker::Result;

use keystile_runtime::database::Database;

/// The owners of those digests that are keys.
pub(super) fn of(database: &Database, request: &OwnersRequest) -> Result<OwnersAnswer> {
    #[derive(Deserialize)]
    struct Row {
        digest: KeyDigest,
        tenant: Option<TenantId>,
        revoked: u8,
    }
    let digests = Value::from_iter(request.digests.iter().take(MAX_DIGESTS).map(KeyDigest::to_hex)).to_string();
    let rows: Vec<Row> = database.rows(
        "SELECT digest, tenant, ifnull(json_extract(record, '$.state') = 'revoked', 0) AS revoked
         FROM current WHERE digest IN (SELECT value FROM json_each(?))",
        vec![digests.into()],
    )?;
    let owner = |Row { digest, tenant, revoked }| Owner { digest, tenant, revoked: revoked != 0 };
    Ok(OwnersAnswer { owners: rows.into_iter().map(owner).collect() })
}
