//! The overview's schema, as migrations. Never change one that was deployed: append.

pub(super) const MIGRATIONS: &[&str] = &[
    "
-- Every tenant whose ledger has reported, as its last report says.
CREATE TABLE tenants (
    tenant TEXT PRIMARY KEY,
    number INTEGER NOT NULL,          -- of the last report
    reported_at INTEGER NOT NULL,
    plan TEXT,
    suspended INTEGER NOT NULL,
    active INTEGER NOT NULL,          -- the number of keys by status
    disabled INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    active_keys INTEGER NOT NULL,     -- the number of keys that count against max_active_keys
    max_active_keys INTEGER,
    expiring_to INTEGER,              -- its list of expiring keys is whole up to this expiry; NULL: everywhere
    unused_to INTEGER                 -- its list of unused keys is whole up to this last use; NULL: everywhere
) WITHOUT ROWID;

-- Of each tenant the living keys that expire soonest, and those that are unused longest.
CREATE TABLE listed_keys (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    display TEXT NOT NULL,
    environment TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,             -- to the hour
    status TEXT NOT NULL,             -- active, disabled
    ending INTEGER NOT NULL,          -- whether a rotation is to end it
    expiring INTEGER NOT NULL,        -- whether it is in the first list
    unused INTEGER NOT NULL,          -- whether it is in the second list
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
CREATE INDEX listed_keys_by_expiry ON listed_keys (expires_at) WHERE expiring = 1;
CREATE INDEX listed_keys_by_use ON listed_keys (ifnull(last_used_at, created_at)) WHERE unused = 1;

-- How often the keys of all tenants together met with which code, by the hour.
CREATE TABLE usage (
    hour INTEGER NOT NULL,            -- whole hours since 1970
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, code)
) WITHOUT ROWID;
-- The same of hours that are no longer kept.
CREATE TABLE usage_folded (
    code TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;
",
    "
-- Of each tenant the living keys by the secret that tagged them.
CREATE TABLE tenant_secrets (
    tenant TEXT NOT NULL,
    secret TEXT NOT NULL,             -- its fingerprint
    keys INTEGER NOT NULL,
    PRIMARY KEY (tenant, secret)
) WITHOUT ROWID;
-- Whether the last report says them.
ALTER TABLE tenants ADD COLUMN secrets_known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listed_keys ADD COLUMN secret TEXT NOT NULL DEFAULT '';
",
    "
-- Whether the tenant was erased: then nothing but the number of its last report is kept.
ALTER TABLE tenants ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
",
    "
-- Of each tenant the entries of its outbox by stage.
CREATE TABLE tenant_outbox (
    tenant TEXT NOT NULL,
    stage TEXT NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY (tenant, stage)
) WITHOUT ROWID;
-- Whether the last report says them.
ALTER TABLE tenants ADD COLUMN outbox_known INTEGER NOT NULL DEFAULT 0;
",
];

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        let golden = [
            "38a3b2de742a0285cb1b06592beea82833cfbb658cedea11a0e1213b4c1a7e1a",
            "3cf75ea30c1872de831ad9b859190dca8fc252de270f2f5ef49456296c8bbad9",
            "43a73f22426b595ae61cb9daa637b7a757970577fb0eef0ad103f2a277f11266",
            "f74a743933bb1fda2015e718ea0eb4c7e160f701598fc1481da591d10a94038b",
        ];
        assert_eq!(digests(MIGRATIONS), golden);
    }
}
