//! The schema, as migrations. Never change a deployed one: append a new one.

pub(super) const MIGRATIONS: &[&str] = &[
    "
-- Events of which an attempt failed. Dead ones have `dead_at`, and all of the
-- message; the others are still in the queue.
CREATE TABLE letters (
    id TEXT PRIMARY KEY,              -- the delivery's
    attempts INTEGER NOT NULL,        -- that failed
    last TEXT,                        -- why the last one did: JSON
    changed_at INTEGER NOT NULL,
    dead_at INTEGER,
    summary TEXT,                     -- the message without its body
    message TEXT,
    CHECK ((dead_at IS NULL) = (message IS NULL) AND (dead_at IS NULL) = (summary IS NULL))
);
CREATE INDEX letters_dead ON letters (dead_at, id) WHERE dead_at IS NOT NULL;
",
    "
-- Handshakes whose sender told a secret while the source had none.
CREATE TABLE handshakes (
    id TEXT PRIMARY KEY,
    received_at INTEGER NOT NULL,
    sender TEXT,                      -- its address, if it is known
    secret TEXT,                      -- NULL once it was revealed
    revealed_at INTEGER,
    CHECK ((secret IS NULL) = (revealed_at IS NOT NULL))
);
-- Secrets that were not kept, since there were too many: one row.
CREATE TABLE handshakes_dropped (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    dropped INTEGER NOT NULL,
    last_at INTEGER NOT NULL
);
",
];

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        let golden = [
            "d593a3a73512b7046df34f06c17e5bbd7ba219722b96ae11c732ea63efb59b1f",
            "40926d68ea39ea52fc2e9f9a895e5c3e3c90e93e8d03eb49346e4adf72dc0d71",
        ];
        assert_eq!(digests(MIGRATIONS), golden);
    }
}
