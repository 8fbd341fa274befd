//! The tables of erasures: the one of the tenant whose ledger this is, or in the operators' ledger those of all tenants
//! that had operators; and what an erasure takes out of the other tables, some rows at a time.
//! [`erasing`](super::erasing) carries it out.

use keystile_core::{
    KeyId, TenantId, Timestamp,
    base::timestamp::SECOND_MS,
    feed::outbox::retry_delay_ms,
    ledger::erasure::{Eraser, Step},
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::Result;

/// The number of keys that become stubs at a time.
const KEYS: i64 = 100;
/// The number of audit entries, and of other rows, that are changed at a time.
const ROWS: i64 = 1_000;
/// The time after which it is looked again whether all has settled.
const LOOK_AGAIN_MS: i64 = 5 * SECOND_MS;

/// An erasure.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Erasure {
    pub(crate) tenant: TenantId,
    pub(crate) begun_at: Timestamp,
    /// The time by which it was said to be done.
    pub(crate) erased_by: Timestamp,
    /// When the last of it was gone.
    pub(crate) erased_at: Option<Timestamp>,
    pub(super) step: Step,
    /// The last key that is a stub.
    after_id: String,
    /// The entries of the audit log after this one, up to the last, still name people.
    after_seq: i64,
    last_seq: i64,
    attempts: u32,
}

const COLUMNS: &str = "tenant, begun_at, erased_by, erased_at, step, after_id, after_seq, last_seq, attempts";

/// The erasure of a tenant.
pub(crate) fn find(database: &Database, tenant: &TenantId) -> Result<Option<Erasure>> {
    database.row(&format!("SELECT {COLUMNS} FROM erasures WHERE tenant = ?"), vec![tenant.as_str().into()])
}

/// Whether there is any.
pub(super) fn exist(database: &Database) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let one: Option<One> = database.row("SELECT 1 AS one FROM erasures LIMIT 1", vec![])?;
    Ok(one.is_some())
}

/// When the next step is due.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Earliest {
        due_at: Option<Timestamp>,
    }
    let query = "SELECT min(due_at) AS due_at FROM erasures WHERE erased_at IS NULL";
    let earliest: Option<Earliest> = database.row(query, vec![])?;
    Ok(earliest.and_then(|earliest| earliest.due_at))
}

/// The erasure whose step is longest due.
pub(super) fn due(database: &Database, now: Timestamp) -> Result<Option<Erasure>> {
    let query = format!(
        "SELECT {COLUMNS} FROM erasures WHERE erased_at IS NULL AND due_at <= ? ORDER BY due_at, tenant LIMIT 1"
    );
    database.row(&query, vec![now.as_millis().into()])
}

/// Begins an erasure. What the audit log has until now is about to lose what names people.
pub(super) fn begin(
    database: &Database,
    tenant: &TenantId,
    of: Eraser,
    erased_by: Timestamp,
    now: Timestamp,
) -> Result<()> {
    database.execute(
        "INSERT INTO erasures (tenant, begun_at, erased_by, step, after_id, after_seq, last_seq, due_at, attempts)
         SELECT ?1, ?2, ?3, ?4, '', 0, (SELECT coalesce(max(seq), 0) FROM audit), ?2, 0",
        vec![
            tenant.as_str().into(),
            now.as_millis().into(),
            erased_by.as_millis().into(),
            Step::first(of).as_str().into(),
        ],
    )
}

/// Goes on with the next step at once, unless another call has done that.
pub(super) fn advance(database: &Database, erasure: &Erasure, of: Eraser, now: Timestamp) -> Result<()> {
    let (from, to) = (erasure.step, erasure.step.next(of));
    let erased_at = (to == Step::Finished).then(|| now.as_millis());
    database.execute(
        "UPDATE erasures SET step = ?1, due_at = ?2, attempts = 0, erased_at = ?3 WHERE tenant = ?4 AND step = ?5",
        vec![
            to.as_str().into(),
            now.as_millis().into(),
            erased_at.into(),
            erasure.tenant.as_str().into(),
            from.as_str().into(),
        ],
    )
}

/// Goes on with a step of before: with all keys, or with the feed, which was put back.
pub(super) fn go_back(database: &Database, tenant: &TenantId, to: Step, now: Timestamp) -> Result<()> {
    database.execute(
        "UPDATE erasures SET step = ?, due_at = ?, attempts = 0, after_id = '', erased_at = NULL WHERE tenant = ?",
        vec![to.as_str().into(), now.as_millis().into(), tenant.as_str().into()],
    )
}

/// Tries the step again later, since it failed.
pub(super) fn put_off(database: &Database, erasure: &Erasure, now: Timestamp) -> Result<()> {
    let due_at = now.plus_millis(retry_delay_ms(erasure.attempts)).as_millis();
    let update = "UPDATE erasures SET due_at = ?, attempts = attempts + 1 WHERE tenant = ? AND step = ?";
    database.execute(update, vec![due_at.into(), erasure.tenant.as_str().into(), erasure.step.as_str().into()])
}

/// Looks later whether all has settled.
pub(super) fn look_again(database: &Database, erasure: &Erasure, now: Timestamp) -> Result<()> {
    let update = "UPDATE erasures SET due_at = ?, attempts = 0 WHERE tenant = ?";
    database.execute(update, vec![now.plus_millis(LOOK_AGAIN_MS).as_millis().into(), erasure.tenant.as_str().into()])
}

/// The next keys that become stubs, in the order of their ids.
pub(super) fn next_keys(database: &Database, erasure: &Erasure) -> Result<Vec<KeyId>> {
    #[derive(Deserialize)]
    struct Row {
        id: KeyId,
    }
    let rows: Vec<Row> = database.rows(
        "SELECT id FROM keys WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?",
        vec![erasure.tenant.as_str().into(), erasure.after_id.as_str().into(), KEYS.into()],
    )?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Notes that the keys up to this one are stubs.
pub(super) fn stubbed(database: &Database, erasure: &Erasure, last: &KeyId) -> Result<()> {
    let update = "UPDATE erasures SET after_id = ? WHERE tenant = ?";
    database.execute(update, vec![last.as_str().into(), erasure.tenant.as_str().into()])
}

/// Takes out of the next entries of the audit log what names people: all that is about the tenant. An entry keeps when,
/// who by their id, what, and of which key. The schema's trigger allows this change alone, and within this transaction
/// only. Returns whether there are more.
pub(super) fn scrub_audit(database: &Database, erasure: &Erasure, of: Eraser) -> Result<bool> {
    #[derive(Deserialize)]
    struct Last {
        seq: Option<i64>,
    }
    let Erasure { tenant, after_seq, last_seq, .. } = erasure;
    let last: Option<Last> = database.row(
        "SELECT max(seq) AS seq FROM (SELECT seq FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)",
        vec![(*after_seq).into(), (*last_seq).into(), ROWS.into()],
    )?;
    let Some(until) = last.and_then(|last| last.seq) else { return Ok(false) };
    let range = || [(*after_seq).into(), until.into()];
    database.execute("INSERT INTO audit_scrubbing (after_seq, until_seq) VALUES (?, ?)", range().to_vec())?;
    match of {
        Eraser::Tenant => database.execute(
            "UPDATE audit SET actor_name = 'erased', key_name = NULL, key_display = NULL, source = NULL, detail = '{}',
                              behalf_id = NULL, behalf_name = NULL
             WHERE seq > ? AND seq <= ? AND action <> 'erased'",
            range().to_vec(),
        )?,
        // An operator of all tenants, who made a key of the tenant's operators, stays named.
        Eraser::Operators => database.execute(
            &format!(
                "UPDATE audit SET actor_name = iif(actor_id IN {THEIRS}, 'erased', actor_name), key_name = NULL,
                                  key_display = NULL, source = iif(actor_id IN {THEIRS}, NULL, source), detail = '{{}}',
                                  behalf_id = NULL, behalf_name = NULL
                 WHERE seq > ?2 AND seq <= ?3 AND (key_id IN {THEIRS} OR actor_id IN {THEIRS})"
            ),
            [tenant.as_str().into()].into_iter().chain(range()).collect(),
        )?,
    }
    database.execute("DELETE FROM audit_scrubbing", vec![])?;
    let update = "UPDATE erasures SET after_seq = ? WHERE tenant = ?";
    database.execute(update, vec![until.into(), tenant.as_str().into()])?;
    Ok(true)
}

/// The ids of the keys of the tenant `?1`.
const THEIRS: &str = "(SELECT id FROM keys WHERE tenant = ?1)";

/// Tables of a tenant's ledger that are emptied, with their primary keys.
const OF_TENANT: [(&str, &str); 13] = [
    ("usage", "key_id, hour, code"),
    ("usage_late", "key_id, hour, code"),
    ("usage_folded", "key_id, code"),
    ("usage_taken", "isolate"),
    ("idempotency", "id"),
    ("quota_additions", "id"),
    ("settings", "one"),
    ("events", "seq"),
    ("event_sending", "one"),
    ("event_endpoints", "id"),
    ("event_endpoint_list", "one"),
    ("unused_keys", "key_id"),
    ("exposures", "key_id, reporter, place"),
];

/// The tenant's uses, which stay until the overview has counted them.
const COUNTED: [&str; 2] = ["tenant_usage", "tenant_usage_folded"];

/// Tables of the operators' ledger that lose rows, with their primary keys and those rows. Sessions are ended beside.
const OF_OPERATORS: [(&str, &str, &str); 5] = [
    ("idempotency", "id", ANSWERS),
    ("usage", "key_id, hour, code", OF_KEYS),
    ("usage_late", "key_id, hour, code", OF_KEYS),
    ("usage_folded", "key_id, code", OF_KEYS),
    ("exposures", "key_id, reporter, place", OF_KEYS),
];
/// Rows about keys of the tenant `?1`.
const OF_KEYS: &str = "key_id IN (SELECT id FROM keys WHERE tenant = ?1)";
/// Answers that show such a key, or one that it replaces.
const ANSWERS: &str = "json_extract(body, '$.id') IN (SELECT id FROM keys WHERE tenant = ?1)
    OR json_extract(body, '$.replaces.id') IN (SELECT id FROM keys WHERE tenant = ?1)";

/// Deletes rows of the other tables. Returns whether there are more.
pub(super) fn delete_rest(database: &Database, erasure: &Erasure, of: Eraser) -> Result<bool> {
    match of {
        Eraser::Tenant => {
            for (table, key) in OF_TENANT {
                if delete_some(database, table, key, "true", vec![])? {
                    return Ok(true);
                }
            }
            // The limiter is told nothing any more.
            database.execute("DELETE FROM outbox WHERE stage = 'tell'", vec![])?;
            Ok(false)
        }
        Eraser::Operators => {
            end_sessions(database, &erasure.tenant)?;
            for (table, key, which) in OF_OPERATORS {
                if delete_some(database, table, key, which, vec![erasure.tenant.as_str().into()])? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// Deletes some of these rows. Returns whether there may be more.
fn delete_some(
    database: &Database,
    table: &str,
    key: &str,
    which: &str,
    bindings: Vec<worker::SqlStorageValue>,
) -> Result<bool> {
    #[derive(Deserialize)]
    struct Deleted {}
    let delete = format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {which} LIMIT {ROWS}) RETURNING 1 AS one"
    );
    Ok(database.rows::<Deleted>(&delete, bindings)?.len() as i64 == ROWS)
}

/// Forgets a remembered answer that shows a key of a tenant that was erased while the answer was made, or one that such
/// a key replaces.
pub(super) fn forget_answer(database: &Database, claim: &str) -> Result<()> {
    database.execute(
        "DELETE FROM idempotency WHERE id = ? AND EXISTS (
             SELECT 1 FROM keys JOIN erasures ON erasures.tenant = keys.tenant
             WHERE keys.id IN (json_extract(idempotency.body, '$.id'), json_extract(idempotency.body, '$.replaces.id')))",
        vec![claim.into()],
    )
}

/// Ends the sessions of the tenant's operators and customers.
pub(super) fn end_sessions(database: &Database, tenant: &TenantId) -> Result<()> {
    database.execute(
        &format!("DELETE FROM sessions WHERE json_extract(portal, '$.tenant') = ?1 OR operator IN {THEIRS}"),
        vec![tenant.as_str().into()],
    )
}

/// Deletes what the overview has counted by now.
pub(super) fn delete_counted(database: &Database) -> Result<()> {
    COUNTED.into_iter().try_for_each(|table| database.execute(&format!("DELETE FROM {table}"), vec![]))
}

/// Whether feed and KV have yet to get stubs of these keys.
pub(super) fn is_untold(database: &Database, tenant: &TenantId) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let one: Option<One> = database.row(
        &format!(
            "SELECT 1 AS one FROM outbox WHERE stage IN ('publish', 'put', 'confirm') AND subject IN {THEIRS} LIMIT 1"
        ),
        vec![tenant.as_str().into()],
    )?;
    Ok(one.is_some())
}

/// Whether the ledger got a key since, which it lost before and which the feed still had: none of these is a stub.
pub(super) fn has_got_others(database: &Database, tenant: &TenantId, search: &str) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let one: Option<One> = database.row(
        "SELECT 1 AS one FROM keys WHERE tenant = ? AND (state <> 'revoked' OR search <> ?) LIMIT 1",
        vec![tenant.as_str().into(), search.into()],
    )?;
    Ok(one.is_some())
}

/// Whether the audit log got entries since: in the operators' ledger about keys of the tenant, which the feed had revoked
/// and this ledger had as they were before; in the tenant's ledger of anybody, whose act was under way as it began.
pub(super) fn has_later_entries(database: &Database, erasure: &Erasure, of: Eraser) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let (tenant, last_seq) = (erasure.tenant.as_str().into(), erasure.last_seq.into());
    let one: Option<One> = match of {
        Eraser::Tenant => {
            database.row("SELECT 1 AS one FROM audit WHERE seq > ? AND action <> 'erased' LIMIT 1", vec![last_seq])?
        }
        Eraser::Operators => database.row(
            &format!(
                "SELECT 1 AS one FROM audit WHERE seq > ?2 AND (key_id IN {THEIRS} OR actor_id IN {THEIRS}) LIMIT 1"
            ),
            vec![tenant, last_seq],
        )?,
    };
    Ok(one.is_some())
}

/// Goes on with the entries that came since.
pub(super) fn go_back_to_audit(database: &Database, tenant: &TenantId, now: Timestamp) -> Result<()> {
    database.execute(
        "UPDATE erasures SET step = ?, due_at = ?, attempts = 0, last_seq = (SELECT max(seq) FROM audit)
         WHERE tenant = ?",
        vec![Step::Audit.as_str().into(), now.as_millis().into(), tenant.as_str().into()],
    )
}

/// The number of keys of which something may be left in this ledger, the feed or KV.
pub(crate) fn keys_left(database: &Database, erasure: &Erasure) -> Result<u64> {
    #[derive(Deserialize)]
    struct Count {
        keys: u64,
    }
    let count: Option<Count> = database.row(
        "SELECT count(*) AS keys FROM keys WHERE tenant = ?1 AND (
             ((SELECT step FROM erasures WHERE tenant = ?1) IN ('feed', 'operators', 'keys') AND id > ?2)
             OR id IN (SELECT subject FROM outbox WHERE stage IN ('publish', 'put', 'confirm')))",
        vec![erasure.tenant.as_str().into(), erasure.after_id.as_str().into()],
    )?;
    Ok(count.map_or(0, |count| count.keys))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::schema::MIGRATIONS;
    use std::collections::BTreeSet;

    /// The tables of a tenant's ledger that an erasure doesn't empty.
    const STAY: [&str; 20] = [
        // Keys become stubs, entries lose names.
        "keys",
        "audit",
        // A key's status, environment, time and id.
        "key_places",
        // Ids, versions and times.
        "outbox",
        "standing",
        "erasures",
        "publishing_again",
        "adoption",
        "reminders",
        // Fingerprints, digests and numbers.
        "addressing",
        "key_counts",
        "secret_counts",
        "usage_closing",
        "restoring",
        // A report that waits has names. The erasure isn't done before it was taken.
        "reporting",
        // Empty but for a moment.
        "audit_removal",
        "audit_erasure",
        "audit_scrubbing",
        // Acts that were under way name operators. The erasure isn't done before they are entries.
        "letter_acts",
        // Of the operators' ledger alone.
        "sessions",
    ];

    /// The tables of the operators' ledger out of which an erasure takes no rows.
    const STAY_OF_OPERATORS: [&str; 28] = [
        // As in a tenant's ledger.
        "keys",
        "audit",
        "key_places",
        "outbox",
        "standing",
        "erasures",
        "publishing_again",
        "adoption",
        "reminders",
        "addressing",
        "key_counts",
        "secret_counts",
        "usage_closing",
        "restoring",
        "reporting",
        "audit_removal",
        "audit_erasure",
        "audit_scrubbing",
        // The isolates of edges, and the number of the last batch of each.
        "usage_taken",
        // The deployment's own.
        "event_endpoints",
        "event_endpoint_list",
        // Of operators of all tenants alone, until there is an audit entry.
        "letter_acts",
        // Of tenants' ledgers alone.
        "quota_additions",
        "settings",
        "events",
        "event_sending",
        "unused_keys",
        "tenant_usage",
    ];

    /// The names of all tables of a ledger.
    fn tables() -> BTreeSet<&'static str> {
        let named = |statement: &str| -> Vec<&'static str> {
            let parts = MIGRATIONS.iter().flat_map(|migration| migration.split(statement).skip(1));
            parts.filter_map(|part| part.split([' ', '(', ';']).next()).collect()
        };
        assert_eq!(named("DROP TABLE "), [""; 0]);
        named("CREATE TABLE ").into_iter().collect()
    }

    #[test]
    fn somebody_has_decided_about_each_table() {
        let emptied = OF_TENANT.iter().map(|(table, _)| *table).chain(COUNTED);
        let of_tenant: Vec<_> = emptied.chain(STAY).collect();
        let of_operators = OF_OPERATORS.iter().map(|(table, ..)| *table).chain(["sessions", "tenant_usage_folded"]);
        let of_operators: Vec<_> = of_operators.chain(STAY_OF_OPERATORS).collect();
        for decided in [of_tenant, of_operators] {
            assert_eq!(decided.iter().copied().collect::<BTreeSet<_>>(), tables());
            assert_eq!(decided.len(), tables().len(), "a table is decided about twice");
        }
    }
}
