//! The tables of which an export has every row as it is.

use keystile_core::{Timestamp, objects::limiter::Addition};
use keystile_runtime::database::Database;
use serde::Deserialize;
use serde_json::Value;
use worker::Result;

use super::super::outbox::{self, Changed};

/// A table. Its rows are JSON objects with its columns as members.
pub(super) struct Table {
    /// The name, and the member that a line has.
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    source: Source,
    /// The columns of its key, which order its rows.
    key: &'static [&'static str],
    /// The statement that restores the row `?1` into `{table}`. Uses that were counted since the keys are back are added to.
    restore: &'static str,
}

/// The part of a table that an export has.
enum Source {
    /// All rows.
    All,
    /// The rows of hours that go out by the hour.
    Hours,
    /// The rows, with the counts of hours that don't: a query. `{from}` is the first hour that does, `{key}` the first
    /// column of the place behind which the page is.
    Totals(&'static str),
}

/// A statement counts each key at once, in both tables. Both find the keys of a page first, each by its index; those that
/// the page has in part are one of them.
const TOTALS: Source = Source::Totals(
    "WITH some AS MATERIALIZED (
         SELECT key_id FROM usage_folded WHERE key_id >= {key}
         UNION
         SELECT id FROM keys WHERE id >= {key}
             AND EXISTS (SELECT 1 FROM usage WHERE usage.key_id = keys.id AND hour < {from})
         ORDER BY 1 LIMIT ?1 + 1
     )
     SELECT key_id, code, sum(count) AS count FROM (
         SELECT key_id, code, count FROM some CROSS JOIN usage_folded USING (key_id)
         UNION ALL
         SELECT key_id, code, count FROM some CROSS JOIN usage USING (key_id) WHERE hour < {from}
     ) GROUP BY key_id, code",
);

/// There are few hours before the first.
const TENANT_TOTALS: Source = Source::Totals(
    "SELECT code, sum(count) AS count FROM (
         SELECT code, count FROM tenant_usage_folded UNION ALL SELECT code, count FROM tenant_usage WHERE hour < {from}
     ) GROUP BY code",
);

/// The tables, in the order of an export.
///
/// Nobody has reported the counts of a tenant to the overview of a new deployment. So they come in as not reported, and
/// those of hours that are no longer kept as uses of the hour 0, where a report finds them.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "quota_additions",
        columns: &["id", "quota", "key", "units", "ends_at", "made_at"],
        source: Source::All,
        key: &["id"],
        restore: "INSERT OR IGNORE INTO quota_additions (id, quota, key, units, ends_at, made_at)
                  SELECT ?1 ->> 'id', ?1 ->> 'quota', ?1 ->> 'key', ?1 ->> 'units', ?1 ->> 'ends_at', ?1 ->> 'made_at'",
    },
    counted("usage"),
    counted("usage_late"),
    Table {
        name: "usage_closing",
        columns: &["one", "closed_before"],
        source: Source::All,
        key: &["one"],
        restore: "INSERT INTO usage_closing (one, closed_before) SELECT ?1 ->> 'one', ?1 ->> 'closed_before' WHERE true
                  ON CONFLICT (one) DO UPDATE SET closed_before = max(closed_before, excluded.closed_before)",
    },
    Table {
        name: "usage_folded",
        columns: &["key_id", "code", "count"],
        source: TOTALS,
        key: &["key_id", "code"],
        restore: "INSERT INTO usage_folded (key_id, code, count)
                  SELECT ?1 ->> 'key_id', ?1 ->> 'code', ?1 ->> 'count' WHERE true
                  ON CONFLICT (key_id, code) DO UPDATE SET count = count + excluded.count",
    },
    Table {
        name: "tenant_usage",
        columns: &["hour", "code", "count"],
        source: Source::Hours,
        key: &["hour", "code"],
        restore: "INSERT INTO tenant_usage (hour, code, count, reported)
                  SELECT ?1 ->> 'hour', ?1 ->> 'code', ?1 ->> 'count', 0 WHERE true
                  ON CONFLICT (hour, code) DO UPDATE SET count = count + excluded.count",
    },
    Table {
        name: "tenant_usage_folded",
        columns: &["code", "count"],
        source: TENANT_TOTALS,
        key: &["code"],
        restore: "INSERT INTO tenant_usage (hour, code, count, reported)
                  SELECT 0, ?1 ->> 'code', ?1 ->> 'count', 0 WHERE true
                  ON CONFLICT (hour, code) DO UPDATE SET count = count + excluded.count",
    },
    Table {
        name: "exposures",
        columns: &["key_id", "reporter", "place", "source", "url", "at"],
        source: Source::All,
        key: &["key_id", "reporter", "place"],
        restore:
            "INSERT OR IGNORE INTO exposures (key_id, reporter, place, source, url, at)
                  SELECT ?1 ->> 'key_id', ?1 ->> 'reporter', ?1 ->> 'place', ?1 ->> 'source', ?1 ->> 'url', ?1 ->> 'at'",
    },
    Table {
        name: "reminders",
        columns: &["name", "time", "tie"],
        source: Source::All,
        key: &["name"],
        // A place between keys of the same time names a row, and rows have other numbers here. So all of that time are
        // told of again.
        restore: "INSERT OR REPLACE INTO reminders (name, time, tie)
                  SELECT ?1 ->> 'name', iif(?1 ->> 'tie' IS NULL, ?1 ->> 'time', (?1 ->> 'time') - 1), NULL",
    },
    Table {
        name: "unused_keys",
        columns: &["key_id", "since", "due_at", "told"],
        source: Source::All,
        key: &["key_id"],
        // Nobody knows of uses since the export. So a key that was to be disabled is told of once more, and gets its
        // notice again.
        restore: "INSERT OR IGNORE INTO unused_keys (key_id, since, due_at, told)
                  SELECT ?1 ->> 'key_id', ?1 ->> 'since', iif(?1 ->> 'told', 0, ?1 ->> 'due_at'), 0",
    },
];

/// A table of counts by key, hour and code.
const fn counted(name: &'static str) -> Table {
    Table {
        name,
        columns: &["key_id", "hour", "code", "count"],
        source: Source::Hours,
        key: &["key_id", "hour", "code"],
        restore: "INSERT INTO {table} (key_id, hour, code, count)
                  SELECT ?1 ->> 'key_id', ?1 ->> 'hour', ?1 ->> 'code', ?1 ->> 'count' WHERE true
                  ON CONFLICT (key_id, hour, code) DO UPDATE SET count = count + excluded.count",
    }
}

/// A row, as JSON, and its key, as a JSON list.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) row: String,
    pub(super) key: String,
}

impl Table {
    /// The next rows behind the one with this key. `hours_from` is the first hour of which uses go out by the hour.
    pub(super) fn rows(
        &self,
        database: &Database,
        hours_from: i64,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let limit = (limit as i64).into();
        match after {
            None => database.rows(&self.query(hours_from, false), vec![limit]),
            Some(key) => database.rows(&self.query(hours_from, true), vec![limit, key.into()]),
        }
    }

    /// The statement that reads the first `?1` rows, or those behind the key `?2`. These are two texts, since SQLite finds
    /// the place by the index only if nothing but the place is asked for: else each page would read all before it again.
    fn query(&self, hours_from: i64, is_behind: bool) -> String {
        let members: Vec<_> = self.columns.iter().map(|column| format!("'{column}', {column}")).collect();
        let keys = self.key.join(", ");
        // Of a list with one value SQLite makes a row value of one column, which is that value.
        let place: Vec<_> = (0..self.key.len()).map(|at| format!("?2 ->> {at}")).collect();
        let (members, name) = (members.join(", "), self.name);
        let (source, hours) = match self.source {
            Source::All => (name.to_owned(), None),
            // The plus keeps SQLite from looking for the hour in an index: the place has to be found in one.
            Source::Hours => (name.to_owned(), Some(format!("+hour >= {hours_from}"))),
            Source::Totals(query) => {
                let key = if is_behind { "?2 ->> 0" } else { "''" };
                (format!("({})", query.replace("{from}", &hours_from.to_string()).replace("{key}", key)), None)
            }
        };
        let behind = is_behind.then(|| format!("({keys}) > ({})", place.join(", ")));
        let conditions: Vec<_> = behind.into_iter().chain(hours).collect();
        let conditions =
            if conditions.is_empty() { String::new() } else { format!("WHERE {} ", conditions.join(" AND ")) };
        format!(
            "SELECT json_object({members}) AS row, json_array({keys}) AS key FROM {source} {conditions}\
             ORDER BY {keys} LIMIT ?1"
        )
    }

    /// Restores a row, in the transaction of the caller.
    pub(super) fn restore(&self, database: &Database, row: &str, now: Timestamp) -> Result<()> {
        database.execute(&self.restore.replace("{table}", self.name), vec![row.into()])?;
        if self.name == "quota_additions" {
            let addition: Addition = serde_json::from_str(row)?;
            outbox::enqueue(database, &Changed::Addition(addition.id), 1, now)?;
        }
        Ok(())
    }
}

/// The table of this name.
pub(super) fn find(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// Whether a text is a JSON object.
pub(super) fn is_object(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Object(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_are_golden() {
        let query = |table: &str, is_behind| {
            find(table).unwrap().query(486_000, is_behind).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            query("exposures", false),
            "SELECT json_object('key_id', key_id, 'reporter', reporter, 'place', place, 'source', source, 'url', url, \
             'at', at) AS row, json_array(key_id, reporter, place) AS key FROM exposures \
             ORDER BY key_id, reporter, place LIMIT ?1"
        );
        assert_eq!(
            query("usage", true),
            "SELECT json_object('key_id', key_id, 'hour', hour, 'code', code, 'count', count) AS row, \
             json_array(key_id, hour, code) AS key FROM usage \
             WHERE (key_id, hour, code) > (?2 ->> 0, ?2 ->> 1, ?2 ->> 2) AND +hour >= 486000 \
             ORDER BY key_id, hour, code LIMIT ?1"
        );
        assert_eq!(
            query("tenant_usage_folded", true),
            "SELECT json_object('code', code, 'count', count) AS row, json_array(code) AS key FROM \
             (SELECT code, sum(count) AS count FROM ( SELECT code, count FROM tenant_usage_folded UNION ALL \
             SELECT code, count FROM tenant_usage WHERE hour < 486000 ) GROUP BY code) \
             WHERE (code) > (?2 ->> 0) ORDER BY code LIMIT ?1"
        );
        assert!(query("usage_folded", false).contains("WHERE key_id >= '' UNION"));
        assert!(query("usage_folded", true).contains("WHERE key_id >= ?2 ->> 0 UNION"));
    }

    #[test]
    fn every_column_that_goes_out_comes_in() {
        for table in TABLES {
            for column in table.columns {
                assert!(table.restore.contains(&format!("'{column}'")), "{} {column}", table.name);
            }
        }
    }
}
