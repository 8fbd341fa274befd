//! The schema of an endpoint's rows, as migrations. Never change one that was deployed: append.

pub(crate) const MIGRATIONS: &[&str] = &[
    "
-- The endpoint's terms, health and reports; no row or one.
CREATE TABLE own (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL               -- JSON
);

-- The events that wait.
CREATE TABLE queue (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL UNIQUE,       -- the event's id
    lane TEXT NOT NULL,               -- the key, or the tenant of an event without a key
    numbered TEXT NOT NULL,           -- the event, JSON
    received_at INTEGER NOT NULL,
    head INTEGER NOT NULL,            -- 1: it is the first one of its lane
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_attempt_at INTEGER,
    last_status INTEGER
);
CREATE INDEX queue_by_lane ON queue (lane, number);
CREATE INDEX queue_due ON queue (due_at) WHERE head = 1;

-- The attempts, as they are shown.
CREATE TABLE attempts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    at INTEGER NOT NULL,
    shown TEXT NOT NULL               -- JSON
);
CREATE INDEX attempts_by_event ON attempts (event, number);

-- The dead letters.
CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    numbered TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_attempt_at INTEGER,
    last_status INTEGER,
    reason TEXT NOT NULL,
    buried_at INTEGER NOT NULL
);

-- The ids of events that the endpoint has had.
CREATE TABLE seen (
    event TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_by_time ON seen (at);
",
    "
-- The tenants that were erased, for good.
CREATE TABLE erased (tenant TEXT PRIMARY KEY) WITHOUT ROWID;
",
    "
-- What the endpoint keeps for its reports; no row or one.
CREATE TABLE reporting (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL               -- JSON
);
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
                "c96f7b6c230f9cd74866ed35d419a0d8ac6a48c55bfaca652e2e3ed7209739cb",
                "b7f75fc22248e21ac0226b62d7cbe037259a4ee48c5e2d8e251baebfdc0ad46e",
                "7f14bd45dbeff583697b14722dfb619f676a4e80ae3429b899c6e7c8f8ce6d0b"
            ]
        );
    }
}
