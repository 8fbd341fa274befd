//! A ledger's schema, as migrations. Never change one that was deployed: append.

use keystile_runtime::event_outbox;

pub(crate) const MIGRATIONS: &[&str] = &[
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
    "
-- Answers to POSTs with an Idempotency-Key, for a day.
CREATE TABLE idempotency (
    id TEXT PRIMARY KEY,              -- SHA-256 over caller and key
    fingerprint TEXT NOT NULL,        -- SHA-256 over method, path and body
    status INTEGER NOT NULL,
    body TEXT NOT NULL,               -- without the text of a key
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (at);

-- Keys by what lists filter by: each one under every scope that it was granted,
-- and under the scope '', so that a page is a stretch of this index.
CREATE TABLE key_places (
    scope TEXT NOT NULL,
    status TEXT NOT NULL,             -- active, disabled, revoked, expired
    environment TEXT NOT NULL,        -- '' of operators' keys
    created_at INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (scope, status, environment, created_at, id)
) WITHOUT ROWID;
-- Whether a list has noticed that expires_at has passed.
ALTER TABLE keys ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
CREATE INDEX keys_by_expiry ON keys (expired, expires_at) WHERE expires_at IS NOT NULL;
-- The places where keys belong.
CREATE VIEW places_of_keys AS
SELECT scopes.value AS scope,
       CASE WHEN keys.state = 'revoked' THEN 'revoked' WHEN keys.expired = 1 THEN 'expired' ELSE keys.state END AS status,
       coalesce(json_extract(keys.record, '$.subject.api_key.environment'), '') AS environment,
       keys.created_at AS created_at, keys.id AS id
FROM keys, json_each(json_insert(json_extract(keys.record, '$.scopes'), '$[#]', '')) AS scopes;
INSERT OR IGNORE INTO key_places SELECT * FROM places_of_keys;
CREATE TRIGGER key_is_placed AFTER INSERT ON keys
BEGIN INSERT OR IGNORE INTO key_places SELECT * FROM places_of_keys WHERE id = NEW.id; END;
CREATE TRIGGER key_leaves_its_places BEFORE UPDATE OF state, expired, record ON keys
WHEN OLD.state <> NEW.state OR OLD.expired <> NEW.expired
    OR json_extract(OLD.record, '$.scopes') <> json_extract(NEW.record, '$.scopes')
BEGIN
    DELETE FROM key_places WHERE (scope, status, environment, created_at, id)
        IN (SELECT scope, status, environment, created_at, id FROM places_of_keys WHERE id = OLD.id);
END;
CREATE TRIGGER key_takes_its_places AFTER UPDATE OF state, expired, record ON keys
WHEN OLD.state <> NEW.state OR OLD.expired <> NEW.expired
    OR json_extract(OLD.record, '$.scopes') <> json_extract(NEW.record, '$.scopes')
BEGIN INSERT OR IGNORE INTO key_places SELECT * FROM places_of_keys WHERE id = NEW.id; END;
DROP INDEX keys_by_state;

CREATE INDEX audit_by_key ON audit (key_id, seq);
-- While the alarm removes entries for their age: before which time. Else empty.
CREATE TABLE audit_removal (before INTEGER NOT NULL);
DROP TRIGGER audit_is_never_deleted;
CREATE TRIGGER audit_is_deleted_for_its_age_alone BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_removal WHERE OLD.at < before)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- INSERT OR REPLACE deletes without asking triggers.
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
",
    "
-- Uses that were let through, as far as edges have told.
ALTER TABLE keys ADD COLUMN first_used_at INTEGER;
ALTER TABLE keys ADD COLUMN last_used_at INTEGER;

-- How often each key met with which code, by the hour.
CREATE TABLE usage (
    key_id TEXT NOT NULL,
    hour INTEGER NOT NULL,            -- whole hours since 1970
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (key_id, hour, code)
) WITHOUT ROWID;
CREATE INDEX usage_by_hour ON usage (hour);

-- The same of hours that are no longer kept.
CREATE TABLE usage_folded (
    key_id TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (key_id, code)
) WITHOUT ROWID;

-- The last batch of each isolate, so that none counts twice.
CREATE TABLE usage_taken (
    isolate TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    taken_at INTEGER NOT NULL
) WITHOUT ROWID;
",
    "
-- Keys that may still be of use, so that limits are held against those alone.
CREATE INDEX keys_that_last ON keys (ifnull(expires_at, 9007199254740991))
WHERE state <> 'revoked' AND pending_end IS NULL;
CREATE INDEX keys_that_end ON keys (ifnull(expires_at, 9007199254740991))
WHERE state <> 'revoked' AND pending_end IS NOT NULL;
",
    "
-- Of entries about an event that could not be delivered: the source of webhooks
-- that it came to, and which.
ALTER TABLE audit ADD COLUMN letter_source TEXT;
ALTER TABLE audit ADD COLUMN letter_id TEXT;

-- What is being done to such events, until there is an audit entry of it.
CREATE TABLE letter_acts (
    request_id TEXT PRIMARY KEY,
    begun_at INTEGER NOT NULL,
    action TEXT NOT NULL,             -- from here on as in the entry
    letter_source TEXT NOT NULL,
    letter_id TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    source TEXT
) WITHOUT ROWID;
",
    "
-- KV holds how the tenant stands, too: what was published before that is put there now.
INSERT INTO outbox (subject, version, stage, attempts, due_at)
SELECT 'tenant', version, 'put', 0, 0 FROM standing WHERE true ON CONFLICT (subject) DO NOTHING;
",
    "
-- A key's own rate limits and quotas, as JSON; NULL if it has none.
ALTER TABLE keys ADD COLUMN own_limits TEXT;
-- The first key of the row of rotations that made it; NULL if it replaces none.
ALTER TABLE keys ADD COLUMN counts_as TEXT;
-- When own_limits are in effect everywhere; NULL until the limiter took them.
ALTER TABLE keys ADD COLUMN limits_effective_by INTEGER;
CREATE INDEX keys_with_limit_terms ON keys (id)
WHERE state <> 'revoked' AND (own_limits IS NOT NULL OR counts_as IS NOT NULL);
-- The same of the tenant's plan, rate limits and quotas.
ALTER TABLE settings ADD COLUMN limits_effective_by INTEGER;

-- What operators added to quotas, until a day after the period that got it.
CREATE TABLE quota_additions (
    id TEXT PRIMARY KEY,
    quota TEXT NOT NULL,
    key TEXT,                         -- as which its keys count; NULL if the tenant shares the quota
    units INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,         -- the end of the period
    made_at INTEGER NOT NULL,
    claim TEXT,                       -- id and fingerprint as in idempotency; NULL if there was no Idempotency-Key
    fingerprint TEXT
) WITHOUT ROWID;
CREATE INDEX quota_additions_by_claim ON quota_additions (claim) WHERE claim IS NOT NULL;
CREATE INDEX quota_additions_by_end ON quota_additions (ends_at);
CREATE INDEX quota_additions_by_quota ON quota_additions (quota, key, ends_at);
",
    "
-- Sessions of the pages, in the operators' ledger.
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY,          -- SHA-256 of the session's text
    kind TEXT NOT NULL,               -- the beginning of the text
    operator TEXT NOT NULL,           -- the id of the operator behind it, or 'root'
    root_mark TEXT,                   -- of root: which root key
    portal TEXT,                      -- of portal sessions: the session, as JSON
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Who created the key, as JSON; NULL if that isn't known.
ALTER TABLE keys ADD COLUMN created_by TEXT;
-- Whether a portal session disabled the key.
ALTER TABLE keys ADD COLUMN disabled_by_customer INTEGER NOT NULL DEFAULT 0;
UPDATE keys SET created_by = (
    SELECT json_object('id', actor_id, 'name', actor_name, 'on_behalf_of', NULL) FROM audit
    WHERE audit.key_id = keys.id AND audit.action IN ('created', 'imported') ORDER BY seq LIMIT 1
);

-- The customer on whose behalf the actor acted, if it was one.
ALTER TABLE audit ADD COLUMN behalf_id TEXT;
ALTER TABLE audit ADD COLUMN behalf_name TEXT;
",
    "
-- How often the tenant's keys together met with which code, by the hour.
CREATE TABLE tenant_usage (
    hour INTEGER NOT NULL,            -- as in usage
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    reported INTEGER NOT NULL,        -- how many of them are in a report
    PRIMARY KEY (hour, code)
) WITHOUT ROWID;
CREATE INDEX tenant_usage_unreported ON tenant_usage (hour, code) WHERE count > reported;
-- The same of hours that are no longer kept.
CREATE TABLE tenant_usage_folded (
    code TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;
-- Those of before; the folded ones stand in the hour 0 until they are reported.
INSERT INTO tenant_usage (hour, code, count, reported)
SELECT hour, code, sum(count), 0 FROM (
    SELECT key_id, hour, code, count FROM usage UNION ALL SELECT key_id, 0, code, count FROM usage_folded
) WHERE key_id GLOB 'key_*' GROUP BY hour, code;

-- The number of keys of each status, as in key_places, and whether a rotation has set their end.
CREATE TABLE key_counts (
    status TEXT NOT NULL,
    ending INTEGER NOT NULL,
    keys INTEGER NOT NULL,
    PRIMARY KEY (status, ending)
) WITHOUT ROWID;
CREATE VIEW counted_keys AS
SELECT id, pending_end IS NOT NULL AS ending,
       CASE WHEN state = 'revoked' THEN 'revoked' WHEN expired = 1 THEN 'expired' ELSE state END AS status
FROM keys;
INSERT INTO key_counts (status, ending, keys) SELECT status, ending, count(*) FROM counted_keys GROUP BY status, ending;
CREATE TRIGGER key_is_counted AFTER INSERT ON keys
BEGIN
    INSERT INTO key_counts (status, ending, keys) SELECT status, ending, 1 FROM counted_keys WHERE id = NEW.id
    ON CONFLICT (status, ending) DO UPDATE SET keys = keys + 1;
END;
CREATE TRIGGER key_leaves_its_count BEFORE UPDATE OF state, expired, pending_end ON keys
WHEN OLD.state <> NEW.state OR OLD.expired <> NEW.expired OR (OLD.pending_end IS NULL) <> (NEW.pending_end IS NULL)
BEGIN
    UPDATE key_counts SET keys = keys - 1
    WHERE (status, ending) IN (SELECT status, ending FROM counted_keys WHERE id = OLD.id);
END;
CREATE TRIGGER key_is_counted_again AFTER UPDATE OF state, expired, pending_end ON keys
WHEN OLD.state <> NEW.state OR OLD.expired <> NEW.expired OR (OLD.pending_end IS NULL) <> (NEW.pending_end IS NULL)
BEGIN
    INSERT INTO key_counts (status, ending, keys) SELECT status, ending, 1 FROM counted_keys WHERE id = NEW.id
    ON CONFLICT (status, ending) DO UPDATE SET keys = keys + 1;
END;

-- The hour of last_used_at, so that the index by it is written once an hour.
ALTER TABLE keys ADD COLUMN used_in_hour INTEGER;
UPDATE keys SET used_in_hour = last_used_at / 3600000 WHERE last_used_at IS NOT NULL;
CREATE INDEX keys_by_use ON keys (ifnull(max(used_in_hour * 3600000, created_at), created_at))
WHERE state <> 'revoked' AND expired = 0;

-- The reports to the overview of all tenants.
CREATE TABLE reporting (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    changed INTEGER NOT NULL,         -- whether something has changed since the last report was made
    number INTEGER NOT NULL,          -- of the last report
    made_at INTEGER,                  -- when that was made
    due_at INTEGER,                   -- when the next one is to be made, or the one under way is to be sent
    attempts INTEGER NOT NULL,        -- how often the one under way was not answered
    report TEXT                       -- the one under way, JSON; NULL once it was answered
);
INSERT INTO reporting
SELECT 1, EXISTS (SELECT 1 FROM keys WHERE id GLOB 'key_*') OR EXISTS (SELECT 1 FROM standing), 0, NULL, NULL, 0, NULL;
CREATE TRIGGER new_key_is_reported AFTER INSERT ON keys WHEN NEW.id GLOB 'key_*'
BEGIN UPDATE reporting SET changed = 1 WHERE changed = 0; END;
CREATE TRIGGER changed_key_is_reported AFTER UPDATE OF state, expires_at, record, pending_end ON keys
WHEN NEW.id GLOB 'key_*'
BEGIN UPDATE reporting SET changed = 1 WHERE changed = 0; END;
CREATE TRIGGER standing_is_reported AFTER INSERT ON standing
BEGIN UPDATE reporting SET changed = 1 WHERE changed = 0; END;
CREATE TRIGGER settings_are_reported AFTER INSERT ON settings
BEGIN UPDATE reporting SET changed = 1 WHERE changed = 0; END;
CREATE TRIGGER changed_settings_are_reported AFTER UPDATE OF settings ON settings
BEGIN UPDATE reporting SET changed = 1 WHERE changed = 0; END;
CREATE TRIGGER first_use_of_an_hour_is_reported AFTER INSERT ON tenant_usage
BEGIN UPDATE reporting SET changed = 1 WHERE changed = 0; END;
CREATE TRIGGER use_is_reported AFTER UPDATE OF count ON tenant_usage
BEGIN UPDATE reporting SET changed = 1 WHERE changed = 0; END;
",
    "
-- The number of living keys by the secret that tagged them.
CREATE TABLE secret_counts (
    secret TEXT PRIMARY KEY,          -- its fingerprint
    keys INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO secret_counts (secret, keys)
SELECT secret, count(*) FROM keys WHERE secret <> '' AND state <> 'revoked' AND expired = 0 GROUP BY secret;
CREATE TRIGGER secret_of_key_is_counted AFTER INSERT ON keys
WHEN NEW.secret <> '' AND NEW.state <> 'revoked' AND NEW.expired = 0
BEGIN
    INSERT INTO secret_counts (secret, keys) VALUES (NEW.secret, 1) ON CONFLICT (secret) DO UPDATE SET keys = keys + 1;
END;
CREATE TRIGGER secret_of_key_is_counted_again AFTER UPDATE OF state, expired ON keys
WHEN OLD.secret <> '' AND (OLD.state <> 'revoked' AND OLD.expired = 0) <> (NEW.state <> 'revoked' AND NEW.expired = 0)
BEGIN
    UPDATE secret_counts SET keys = keys + iif(NEW.state <> 'revoked' AND NEW.expired = 0, 1, -1)
    WHERE secret = NEW.secret;
END;
-- The overview doesn't know these numbers yet.
UPDATE reporting SET changed = 1 WHERE EXISTS (SELECT 1 FROM keys WHERE id GLOB 'key_*');

-- While metadata is erased: of which key. Else empty.
CREATE TABLE audit_erasure (key_id TEXT NOT NULL);
DROP TRIGGER audit_is_never_changed;
CREATE TRIGGER audit_is_changed_to_erase_metadata_alone BEFORE UPDATE ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_erasure WHERE key_id = OLD.key_id)
    OR (NEW.seq, NEW.id, NEW.at, NEW.actor_id, NEW.actor_name, NEW.action, NEW.key_id, NEW.key_name, NEW.key_display,
        NEW.source, NEW.request_id, NEW.letter_source, NEW.letter_id, NEW.behalf_id, NEW.behalf_name,
        json_remove(NEW.detail, '$.metadata'))
    IS NOT (OLD.seq, OLD.id, OLD.at, OLD.actor_id, OLD.actor_name, OLD.action, OLD.key_id, OLD.key_name,
        OLD.key_display, OLD.source, OLD.request_id, OLD.letter_source, OLD.letter_id, OLD.behalf_id,
        OLD.behalf_name, json_remove(OLD.detail, '$.metadata'))
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
",
    "
-- Answers that show metadata, by the key that has it and by the key that it replaces.
CREATE INDEX idempotency_by_key ON idempotency (json_extract(body, '$.id'))
WHERE json_extract(body, '$.metadata') <> '{}';
CREATE INDEX idempotency_by_replaced_key ON idempotency (json_extract(body, '$.replaces.id'))
WHERE json_extract(body, '$.replaces.metadata') <> '{}';

-- While what the feed took is published again: since when, and the last key that was looked at. Else empty.
CREATE TABLE publishing_again (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    since INTEGER NOT NULL,
    after_id TEXT NOT NULL
);

-- Revoked keys of which the feed has yet to hear.
CREATE INDEX keys_revoked_untaken ON keys (id) WHERE state = 'revoked' AND effective_by IS NULL;
",
    "
-- What the feed had noticed when this began, so that it begins once for that. The row stays.
ALTER TABLE publishing_again ADD COLUMN round TEXT;
-- Whether this is published again, and the feed hasn't answered yet.
ALTER TABLE outbox ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_again ON outbox (subject) WHERE again = 1 AND stage = 'publish';

-- The taking over of keys that the feed has and this ledger may lack: no row or one.
CREATE TABLE adoption (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    begun_at INTEGER NOT NULL,
    after_digest TEXT,                -- under way: the last digest that was looked at; NULL: done
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL
);
",
    "
-- The erasure of the tenant: no row or one. In the operators' ledger a row for each tenant that was erased.
CREATE TABLE erasures (
    tenant TEXT PRIMARY KEY,
    begun_at INTEGER NOT NULL,
    erased_by INTEGER NOT NULL,       -- when it was said to be done
    erased_at INTEGER,                -- when it was done; NULL: under way
    step TEXT NOT NULL,               -- feed, operators, keys, audit, rest, limiter, settling, finished
    after_id TEXT NOT NULL,           -- the last key that is a stub
    after_seq INTEGER NOT NULL,       -- the last audit entry that names nobody any more
    last_seq INTEGER NOT NULL,        -- the last one that is to
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) WITHOUT ROWID;

-- While entries lose what names people, because their tenant is erased: which ones. Else empty.
CREATE TABLE audit_scrubbing (after_seq INTEGER NOT NULL, until_seq INTEGER NOT NULL);
DROP TRIGGER audit_is_changed_to_erase_metadata_alone;
CREATE TRIGGER audit_is_changed_to_erase_alone BEFORE UPDATE ON audit
WHEN (NOT EXISTS (SELECT 1 FROM audit_erasure WHERE key_id = OLD.key_id)
    OR (NEW.seq, NEW.id, NEW.at, NEW.actor_id, NEW.actor_name, NEW.action, NEW.key_id, NEW.key_name, NEW.key_display,
        NEW.source, NEW.request_id, NEW.letter_source, NEW.letter_id, NEW.behalf_id, NEW.behalf_name,
        json_remove(NEW.detail, '$.metadata'))
    IS NOT (OLD.seq, OLD.id, OLD.at, OLD.actor_id, OLD.actor_name, OLD.action, OLD.key_id, OLD.key_name,
        OLD.key_display, OLD.source, OLD.request_id, OLD.letter_source, OLD.letter_id, OLD.behalf_id,
        OLD.behalf_name, json_remove(OLD.detail, '$.metadata')))
AND (NOT EXISTS (SELECT 1 FROM audit_scrubbing WHERE OLD.seq > after_seq AND OLD.seq <= until_seq)
    OR (NEW.seq, NEW.id, NEW.at, NEW.actor_id, NEW.action, NEW.key_id, NEW.request_id, NEW.letter_source,
        NEW.letter_id)
    IS NOT (OLD.seq, OLD.id, OLD.at, OLD.actor_id, OLD.action, OLD.key_id, OLD.request_id, OLD.letter_source,
        OLD.letter_id)
    OR (NEW.actor_name <> 'erased' AND NEW.actor_name <> OLD.actor_name)
    OR (NEW.source IS NOT NULL AND NEW.source IS NOT OLD.source)
    OR NEW.key_name IS NOT NULL OR NEW.key_display IS NOT NULL OR NEW.detail <> '{}'
    OR NEW.behalf_id IS NOT NULL OR NEW.behalf_name IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
",
    "
-- Of the uses in usage those that came after their own hour was closed.
CREATE TABLE usage_late (
    key_id TEXT NOT NULL,
    hour INTEGER NOT NULL,            -- in which they came
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (key_id, hour, code)
) WITHOUT ROWID;
-- The hours that were exported, whatever the clock says: those before this one. No row or one.
CREATE TABLE usage_closing (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    closed_before INTEGER NOT NULL
);
",
    event_outbox::MIGRATION,
    "
-- When expires_at was set; NULL in rows of before, since the key was created.
ALTER TABLE keys ADD COLUMN expiry_set_at INTEGER;

-- How far each reminder has told of keys, in the order in which they become due.
CREATE TABLE reminders (
    name TEXT PRIMARY KEY,
    time INTEGER NOT NULL,            -- an expiry, a creation or a last use
    tie TEXT                          -- the last key of that time that was told of; NULL: all
) WITHOUT ROWID;

-- Keys that are looked at for being unused beside their row.
CREATE TABLE unused_keys (
    key_id TEXT PRIMARY KEY,
    since INTEGER NOT NULL,           -- when it counts as unused
    due_at INTEGER NOT NULL,          -- when it is looked at
    told INTEGER NOT NULL             -- whether it was told of, and is to be disabled
) WITHOUT ROWID;
CREATE INDEX unused_keys_by_due ON unused_keys (due_at);
",
    "
-- Where keys were found that were reported as leaked, each place once for each kind of reporter.
CREATE TABLE exposures (
    key_id TEXT NOT NULL,             -- 'root' for a root key, in the operators' ledger
    reporter TEXT NOT NULL,           -- github, operator, anonymous
    place TEXT NOT NULL,              -- SHA-256 of the URL as it was reported
    source TEXT NOT NULL,
    url TEXT NOT NULL,                -- as it is shown; empty if it can't be
    at INTEGER NOT NULL,
    PRIMARY KEY (key_id, reporter, place)
) WITHOUT ROWID;
-- The latest of them, as JSON; NULL if there is none.
ALTER TABLE keys ADD COLUMN exposure TEXT;
",
    "
-- The endpoints that events are sent to: the tenant's, or in the operators' ledger the deployment's.
CREATE TABLE event_endpoints (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    settings TEXT NOT NULL            -- JSON
) WITHOUT ROWID;
-- The list of them, as the router of events is told it: no row or one.
CREATE TABLE event_endpoint_list (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    tenant TEXT,                      -- NULL: the deployment's
    version INTEGER NOT NULL,
    told_version INTEGER NOT NULL,    -- the one that the router has taken
    due_at INTEGER,                   -- when the router is told; NULL: it knows all
    attempts INTEGER NOT NULL
);
",
    "
-- The export from which this ledger is being restored, or was: no row or one.
CREATE TABLE restoring (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    export TEXT NOT NULL,             -- SHA-256 of its header
    pages INTEGER NOT NULL,           -- how many it has
    restored_pages INTEGER NOT NULL,  -- how many of them are here
    restored_lines INTEGER NOT NULL,  -- and how many lines of the next one
    digest TEXT NOT NULL,             -- the running digest of those pages
    refused INTEGER NOT NULL          -- how many keys were refused
);
",
    "
-- How many reports in a row, up to the last one, were made without news, since entries waited in the outbox.
ALTER TABLE reporting ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
",
];

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        let golden = [
            "6f9734549146fe3103ebd11f9b2f26a880e16008bac18079bfde9f97b21c6b88",
            "ba56bd9b7ab1569db1f0b7e971299602df31e8bef182fb65ba8ee6f4112bb4da",
            "0b6bd84a152348232bf8e1fc396ca26b46062e293cf18dc083c606a289c1471a",
            "bbfeb32f457ab8f28705634af0fd8705cf4f5d5288230cc72dd80322fb3fc154",
            "09a736b8277c5fa340554eff35825913d6d415550594aec08ffa2ae40309905b",
            "727e3ea3a8bd8d10926b4ca600c6fa63086a68ead10e13e312453a902d980efd",
            "98e115e47cb1bf8c6140dffab181d3534da4d0cfe7bd8d22cba572a26b18641d",
            "afb5693a9390c0119910ff4655d17e2e5e24cf54050766811c0faecb087bffba",
            "f61df7a7369016288c72ec084425ab72d835a1f4c9691b221870ac8d5e57ecb0",
            "274d2e7589546dc69961188ab7ed5f8fe44b53f4f192883f42add990e8ff0cb9",
            "6fd1a38fa413a9aa84480ac426e15efb2059752f0e32d419cdff83d0a8146dd1",
            "baf830e773d780a0ffc96220af21d8d441c98694a7c7836b8238df326a07949c",
            "6c02227b713660c173bf73367e0cc874e9bbd1a88ac672a00d0926449be2f534",
            "bd50ea25f8eab5a1002c3eaa16896c2f764f23e68ab6a25f9dab91ed841d75f4",
            "b04f881004722bfd29ee77c36c254107f7bbd89ebd80598335bd973c3da71d04",
            "be5010bde3a28e6ac6843c7a841c1ff347579191ab1e6276168b876f6f4cb7c9",
            "a69596d0a7b52ff49c18eb853de3595d019934bfd529e22715c33210505a0707",
            "9176cd5c9fc8cb005fe10819ccb9720ead0a944e546a42b6c33a5b6b3f1bf139",
            "dbfdd5c9660c9aab16214bfc6ec57f5c1494d60ccf1d0e1c00d89d138f4743e9",
            "febb9794658899d6be0359b756c87ee6f373a05e01fa209b7350e55d278cf5fd",
            "7be36ae7c96a318a95587a37bb54a1a35a8bb5a9cb69bf6fb60c3b73cd6bcc75",
        ];
        assert_eq!(digests(MIGRATIONS), golden);
    }
}
