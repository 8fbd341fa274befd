//! The schema, as migrations. Never change a deployed one: append a new one.

pub(super) const MIGRATIONS: &[&str] = &[
    "
-- What is being handed on, or was lately.
CREATE TABLE deliveries (
    key TEXT PRIMARY KEY,             -- SHA-256 of event id or signature, base64url
    claimed_by TEXT,                  -- the request that hands it on; NULL once that is done
    until INTEGER NOT NULL            -- when the claim ends, or the row is forgotten
) WITHOUT ROWID;
CREATE INDEX deliveries_by_end ON deliveries (until);
",
    "
-- Deliveries of the same bytes.
CREATE TABLE same_bytes (
    bytes TEXT PRIMARY KEY,           -- SHA-256 of the bytes, base64url; those of a batch's items joined
    first INTEGER NOT NULL,           -- the first number that was given out: the time then, so that none comes again
    next INTEGER NOT NULL,            -- the next one
    until INTEGER NOT NULL            -- when the row is forgotten
) WITHOUT ROWID;
CREATE INDEX same_bytes_by_end ON same_bytes (until);
-- The numbers whose delivery is being handed on, or was not handed on. The others are done, and so are those whose claim
-- has ended: their upstream may have them.
CREATE TABLE open_numbers (
    bytes TEXT NOT NULL,
    number INTEGER NOT NULL,
    claimed_by TEXT,                  -- the request that hands it on; NULL if the number is free
    until INTEGER NOT NULL,           -- when the claim ends, or the row is forgotten
    PRIMARY KEY (bytes, number)
) WITHOUT ROWID;
CREATE INDEX open_numbers_by_end ON open_numbers (until);
",
    "
-- The facts of recent deliveries.
CREATE TABLE recent (
    webhook_id TEXT NOT NULL,         -- the same at each attempt, so a sender's retry takes the place of its failure
    upstream TEXT NOT NULL,           -- its name and the path there; empty if the source has only one
    id TEXT NOT NULL,                 -- dlv_…
    event_id TEXT,
    event_type TEXT,
    received_at INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    same_bytes INTEGER NOT NULL,      -- 1 if it was marked so
    outcome TEXT NOT NULL,
    status INTEGER,                   -- the upstream's
    until INTEGER NOT NULL,           -- when the row is forgotten
    body_until INTEGER,               -- until when the body is kept, if it is
    duplicates INTEGER NOT NULL DEFAULT 0,
    replayed_at INTEGER,
    PRIMARY KEY (webhook_id, upstream)
) WITHOUT ROWID;
CREATE INDEX recent_by_time ON recent (received_at, id);
-- Whose duplicate a key tells.
ALTER TABLE deliveries ADD COLUMN webhook_id TEXT;
",
];

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        assert_eq!(
            digests(MIGRATIONS),
            [
                "650bcfdf4f4860239d85eb91bd69e0575d0402399d25b321f323d642145a598a",
                "076ebb7a8ce678cc402b17af0c4ab2b9b01dd1fec7413c55b25b212eba13d102",
                "549ae8fae3f8e3e82efa0698a9e43a49aa9060548f3c3edb0a3017d8d987dd41",
            ]
        );
    }
}
