//! The feed's schema, as migrations. Never change one that was deployed: append.

pub(super) const MIGRATIONS: &[&str] = &[
    "
-- The latest record of every key, for good.
CREATE TABLE current (
    digest TEXT PRIMARY KEY,          -- SHA-256 of the key, 64 hexadecimal digits
    tenant TEXT,                      -- NULL for operators' keys
    version INTEGER NOT NULL,
    record TEXT NOT NULL              -- the stored form
);

-- What changed, one entry a subject: a newer change takes the older one's
-- entry away and makes one with a higher number. Numbers are never used again.
CREATE TABLE log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT UNIQUE,               -- the subject: a key,
    tenant TEXT UNIQUE,               -- or a tenant's standing
    version INTEGER NOT NULL,
    acknowledged_at INTEGER,          -- when KV held this version; of a standing, when it was published
    CHECK ((digest IS NULL) <> (tenant IS NULL))
);
CREATE INDEX log_by_acknowledgement ON log (acknowledged_at) WHERE acknowledged_at IS NOT NULL;

-- Each tenant that was ever suspended, for good.
CREATE TABLE standing (
    tenant TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    suspended INTEGER NOT NULL
);
CREATE INDEX standing_suspended ON standing (tenant) WHERE suspended = 1;

-- The staleness that edges accept, and when one last said so, to the hour.
CREATE TABLE staleness (
    ms INTEGER PRIMARY KEY,
    stated_at INTEGER NOT NULL
);

-- `epoch` names this log; `floor` is the highest number that was trimmed.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
",
    "
-- Every tenant that a ledger ever told of, for the list of tenants.
CREATE TABLE tenants (
    tenant TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL
);
INSERT OR IGNORE INTO tenants
    SELECT tenant, unixepoch() * 1000 FROM current WHERE tenant IS NOT NULL GROUP BY tenant;
INSERT OR IGNORE INTO tenants SELECT tenant, unixepoch() * 1000 FROM standing;
",
    "
-- Digests of imported keys, each with the one tenant that it belongs to, for good.
CREATE TABLE claims (
    digest TEXT PRIMARY KEY,
    tenant TEXT NOT NULL
);
",
    "
-- The numbers that the log leaves out between two instances of this object:
-- those above `last` and below `next`. No cursor is among them, unless the
-- object was put back.
CREATE TABLE gaps (
    last INTEGER PRIMARY KEY,         -- the last number when the later instance began
    next INTEGER NOT NULL,            -- the first number that it gave
    noticed INTEGER NOT NULL          -- the highest cursor that was noticed by then
);
",
    "
-- The state and the expiry of the version, so that isolates need no record to
-- refuse a key. NULL in entries of before.
ALTER TABLE log ADD COLUMN state TEXT;
ALTER TABLE log ADD COLUMN expires_at INTEGER;
",
    "
-- The ledgers that were asked to publish again and haven't said that they have finished.
CREATE TABLE publishing_again (ledger TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO publishing_again SELECT failed.value FROM meta, json_each(meta.value) AS failed
WHERE meta.name = 'publish_again_failed' AND meta.value <> '';
DELETE FROM meta WHERE name = 'publish_again_failed';
",
    "
-- Tenants that were erased, for good: no ledger brings one back.
CREATE TABLE erased (
    tenant TEXT PRIMARY KEY,
    noted_at INTEGER NOT NULL
) WITHOUT ROWID;
",
];

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        let golden = [
            "7d1a3ecfe420ece2daa6196ceb3e71d50a6463807e9d1e207a8411e5608d3b22",
            "870a1477ce5c8f0a4fac1512b3cceaaa16bf49c431d29ee8fb6fa9cff32a147b",
            "b3a36124dd8c5e99d816e0e7a878dbe39dd437ccb4f6a3de410fbdc2aaaa2049",
            "472c017e028323fe0bdd59942754843cf356ea66f4259b20c97d01a75cdf871e",
            "e67614ab8ae0113549d80d87496f91f680b6d4af7c40fbbe781320f3fab15614",
            "e205f26acf7b3bc32ee6326a90e81216e4a94cc0d821660d1f01b24369e99b59",
            "e2b2aa099291cb8b310e83c2a8e8dee57cc2e923f95b194dc959f106b7c4bb0d",
        ];
        assert_eq!(digests(MIGRATIONS), golden);
    }
}
