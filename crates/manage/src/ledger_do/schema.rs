//! A ledger's schema, as migrations. Never change one that was deployed: append.

pub(super) const MIGRATIONS: &[&str] = &[
    "
-- Every key that was ever created. Rows are changed, never deleted.
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,      -- SHA-256 of the key, 64 hexadecimal digits
    tenant TEXT NOT NULL,             -- whose key; of operators' keys whom it reaches, '*' for all
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL,              -- active, disabled, revoked
    expires_at INTEGER,
    search TEXT NOT NULL,             -- name and display form in lower case
    version INTEGER NOT NULL,
    record TEXT NOT NULL,             -- the stored form, as feed and KV get it
    secret TEXT NOT NULL,             -- fingerprint of the secret that tagged it
    revoked_at INTEGER,
    revoke_reason TEXT,
    effective_by INTEGER,             -- when this version is in effect everywhere; NULL until the feed took it
    rotated_from TEXT,
    rotated_to TEXT
);
CREATE INDEX keys_by_age ON keys (created_at, id);
CREATE INDEX keys_by_state ON keys (state, created_at, id);

-- Who did what, when, from where. Append-only.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    key_id TEXT,                      -- NULL where it is about the whole tenant
    key_name TEXT,
    key_display TEXT,
    source TEXT,                      -- the source address
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL              -- JSON: what changed from what to what
);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- What feed and KV have still to be told, one row a subject.
CREATE TABLE outbox (
    subject TEXT PRIMARY KEY,         -- a key's id, or 'tenant'
    version INTEGER NOT NULL,
    stage TEXT NOT NULL,              -- publish, put, confirm, acknowledge
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL
);
CREATE INDEX outbox_by_stage ON outbox (stage, due_at);

-- Whether the whole tenant is suspended: no row or one.
CREATE TABLE standing (
    tenant TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    suspended INTEGER NOT NULL,
    effective_by INTEGER              -- as in keys
);

-- By which secret KV is addressed: no row or one.
CREATE TABLE addressing (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    fingerprint TEXT NOT NULL,
    after_id TEXT,                    -- under way: the last key that was enqueued; NULL: done
    due_at INTEGER                    -- under way: when the next batch may be
);
",
    "
-- The end that a rotation set, as JSON; NULL if there is none.
ALTER TABLE keys ADD COLUMN pending_end TEXT;

-- The tenant's plan and its own limits, as JSON: no row or one.
CREATE TABLE settings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    settings TEXT NOT NULL
);
",
];

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_core::KeyDigest;

    /// What deployed ledgers were made with. If this fails, a migration was
    /// changed rather than appended.
    #[test]
    fn the_schema_is_golden() {
        let golden = [
            "6f9734549146fe3103ebd11f9b2f26a880e16008bac18079bfde9f97b21c6b88",
            "ba56bd9b7ab1569db1f0b7e971299602df31e8bef182fb65ba8ee6f4112bb4da",
        ];
        let digests: Vec<_> = MIGRATIONS.iter().map(|migration| KeyDigest::of(migration).to_hex()).collect();
        assert_eq!(digests, golden);
    }
}
