//! The decision about each column of the schema: it is in an export, or it is left out for a reason. The test fails for one
//! that nobody has decided about.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    lines::{AUDIT_MEMBERS, KEY_MEMBERS},
    tables::TABLES,
};
use crate::ledger::schema::MIGRATIONS;

/// A table or some of its columns (all, if there are none), and the reason why an export doesn't have them.
const LEFT_OUT: &[(&str, &[&str], &str)] = &[
    ("keys", &["tenant", "created_at", "state", "expires_at", "search", "version"], "these follow from the record"),
    ("keys", &["expired"], "the alarm notices that a key has expired"),
    ("keys", &["used_in_hour"], "it follows from last_used_at"),
    (
        "keys",
        &["effective_by", "limits_effective_by"],
        "nothing is in effect in a new deployment before it is published",
    ),
    ("key_places", &[], "triggers write it"),
    ("key_counts", &[], "triggers write it"),
    ("secret_counts", &[], "triggers write it"),
    ("standing", &["tenant"], "the header has it"),
    ("standing", &["effective_by"], "nothing is in effect in a new deployment before it is published"),
    ("settings", &["one"], "there is one row"),
    ("settings", &["limits_effective_by"], "nothing is in effect in a new deployment before the limiter has it"),
    ("quota_additions", &["claim", "fingerprint"], "idempotency keys are forgotten"),
    ("tenant_usage", &["reported"], "nothing is reported to the overview of a new deployment"),
    ("event_endpoints", &["id", "created_at"], "the settings have them"),
    ("event_endpoint_list", &[], "the router of a new deployment is told of all endpoints"),
    ("events", &[], "a restore makes no events; those that wait are sent by the deployment in which they happened"),
    ("event_sending", &[], "it is about waiting events"),
    ("outbox", &[], "all that is restored is published anew"),
    ("addressing", &[], "it is about KV of one deployment"),
    ("publishing_again", &[], "it is about the feed of one deployment"),
    ("adoption", &[], "it is about the feed of one deployment"),
    ("reporting", &[], "it is about the overview of one deployment"),
    ("letter_acts", &[], "what is under way ends where it began, with an audit entry"),
    ("usage_taken", &[], "isolates of one deployment send to it alone"),
    ("audit_removal", &[], "it is empty between transactions"),
    ("audit_erasure", &[], "it is empty between transactions"),
    ("audit_scrubbing", &[], "it is empty between transactions"),
    ("erasures", &[], "an erased tenant has no export; that of all names it, so that it is erased again"),
    ("idempotency", &[], "answers are remembered for a day, and may have what nobody should find elsewhere"),
    ("sessions", &[], "people sign in again"),
    ("restoring", &[], "it is about one restore"),
];

/// The columns that lines of an export have, by table.
fn exported() -> BTreeMap<String, BTreeSet<String>> {
    let members = |text: &str| -> BTreeSet<String> {
        let names = text.split('\'').skip(1).step_by(2);
        names.filter(|name| !name.starts_with('$')).map(str::to_owned).collect()
    };
    let owned = |columns: &[&str]| columns.iter().map(|column| (*column).to_owned()).collect();
    let mut exported: BTreeMap<_, _> =
        TABLES.iter().map(|table| (table.name.to_owned(), owned(table.columns))).collect();
    exported.insert("keys".into(), members(KEY_MEMBERS));
    exported.insert("audit".into(), members(AUDIT_MEMBERS));
    // The line of the tenant, and those of endpoints.
    exported.insert("standing".into(), owned(&["version", "suspended"]));
    exported.insert("settings".into(), owned(&["settings"]));
    exported.insert("event_endpoints".into(), owned(&["settings"]));
    exported
}

/// The tables of the schema with their columns.
fn schema() -> BTreeMap<String, BTreeSet<String>> {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut table: Option<String> = None;
    for line in MIGRATIONS.iter().flat_map(|migration| migration.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (&table, words.as_slice()) {
            (_, ["CREATE", "TABLE", name, rest @ ..]) => {
                let columns = tables.entry((*name).into()).or_default();
                let inner = rest.join(" ");
                // A table of one line, or the beginning of one of several.
                match inner.trim_start_matches('(').strip_suffix(");") {
                    Some(one_line) => {
                        columns.extend(
                            one_line.split(", ").filter_map(|column| column.split(' ').next()).map(str::to_owned),
                        );
                    }
                    None => table = Some((*name).into()),
                }
            }
            (_, ["ALTER", "TABLE", name, "ADD", "COLUMN", column, ..]) => {
                tables.get_mut(*name).unwrap().insert((*column).into());
            }
            (Some(_), [end, ..]) if end.starts_with(')') => table = None,
            (Some(name), [column, ..]) if column.chars().all(|char| char.is_ascii_lowercase() || char == '_') => {
                tables.get_mut(name).unwrap().insert((*column).into());
            }
            _ => {}
        }
    }
    tables
}

#[test]
fn every_column_is_exported_or_left_out_for_a_reason() {
    let (schema, exported) = (schema(), exported());
    assert!(schema.len() > 25 && schema["keys"].len() > 25 && schema["audit_scrubbing"].len() == 2, "{schema:?}");
    let is_left_out = |table: &str, column: &str| {
        LEFT_OUT.iter().any(|(of, columns, _)| *of == table && (columns.is_empty() || columns.contains(&column)))
    };
    for (table, columns) in &schema {
        for column in columns {
            let is_exported = exported.get(table).is_some_and(|columns| columns.contains(column));
            assert!(
                is_exported != is_left_out(table, column),
                "{table}.{column}: add it to the lines of an export (KEY_MEMBERS, AUDIT_MEMBERS, TABLES), or to LEFT_OUT \
                 with the reason, and not to both"
            );
        }
    }
    let left_out = LEFT_OUT.iter().flat_map(|(table, columns, _)| columns.iter().map(move |column| (*table, *column)));
    let named = exported
        .iter()
        .flat_map(|(table, columns)| columns.iter().map(move |column| (table.as_str(), column.as_str())));
    for (table, column) in left_out.chain(named) {
        assert!(schema.get(table).is_some_and(|columns| columns.contains(column)), "there is no {table}.{column}");
    }
    for (table, _, _) in LEFT_OUT {
        assert!(schema.contains_key(*table), "there is no {table}");
    }
}
