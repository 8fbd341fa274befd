//! Reads a ledger for an export, page by page.
//!
//! Keys come first, in the order of their ids, then the audit entries, then the rows of other tables. Keys go on changing
//! meanwhile. A change is written in one transaction with its audit entry, so the key of each entry that was made since
//! the export began comes once more, with that entry. When the entries are all there, so is each key as of that moment: it
//! has either all of a change or nothing of it. A later line of a key takes the place of an earlier one.
//!
//! Uses of old hours are folded into totals at midnight, which may be between two pages. So the hours that could be folded
//! meanwhile go out as part of the totals from the beginning, and an export that lasts until others are doesn't go on.

use std::collections::BTreeSet;

use keystile_core::{
    KeyId, Keyring, TenantId, Timestamp,
    base::{fields::FieldError, id::ID_RANDOM_BYTES},
    ledger::backup::{FORMAT, Header, Mark, Place, broken, running_digest},
    usage::{first_exported_hour, first_kept_hour},
};
use keystile_runtime::{database::Database, random};
use serde::{Deserialize, Serialize};
use worker::Result;

use super::{
    lines::{self, AUDIT_MEMBERS, Closing, KEY_MEMBERS},
    restore,
    tables::TABLES,
};
use crate::{
    failure::Failure,
    ledger::{audit, open::OpenLedger, refusals, secrets},
};

/// The number of rows on a page.
const PAGE_ROWS: usize = 500;
/// The length at which a page ends, bytes. The last of its rows may go beyond, with the key that it is about.
const PAGE_BYTES: usize = 512 * 1024;

/// A page of an export.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Page {
    /// Its lines; those of the first page begin with the header.
    pub(crate) lines: String,
    /// The mark behind which the export goes on; `None` if this is the last page, or there is none.
    pub(crate) after: Option<String>,
}

/// The page behind a mark, or the first one.
pub(crate) fn page(
    ledger: &OpenLedger,
    tenant: Option<&TenantId>,
    after: Option<&str>,
    now: Timestamp,
) -> std::result::Result<Page, Failure> {
    restore::refuse_if_under_way(&ledger.database)?;
    let (mut mark, beginning) = match after {
        None => begin(ledger, tenant, now)?,
        Some(sealed) => (open(ledger, tenant, sealed)?, None),
    };
    if mark.place == Place::End {
        return Ok(Page { lines: String::new(), after: None });
    }
    if mark.hours_from > 0 && first_kept_hour(now) > mark.hours_from {
        let detail =
            "this export began too long ago: uses that it has by the hour are in totals now; begin another one";
        return Err(broken("after", detail).into());
    }
    let mut reading = Reading { database: &ledger.database, text: String::new(), rows: 0 };
    if beginning.is_some() {
        // A suspension has to be there before the keys.
        reading.tenant()?;
    }
    while mark.place != Place::End && !reading.is_full() {
        reading.go_on(&mut mark)?;
    }
    mark.number += 1;
    mark.digest = running_digest(&mark.digest, &reading.text);
    let (number, digest, sealed) = (mark.number, mark.digest, mark.seal(&ledger.deployment.keyring));
    let (closing, after) = match mark.place {
        Place::End => (Closing::End { number, digest, counts: mark.counts, at: Some(now), mark: sealed }, None),
        _ => (Closing::Page { number, digest, mark: sealed.clone() }, Some(sealed)),
    };
    let closing = serde_json::to_string(&closing).map_err(worker::Error::from)?;
    let header = beginning.map(|header| header + "\n").unwrap_or_default();
    Ok(Page { lines: [&header, &reading.text, &closing, "\n"].concat(), after })
}

/// The line of a tenant that was erased, in place of its export.
pub(crate) fn erased(keyring: &Keyring, tenant: &TenantId) -> Result<Page> {
    let line = lines::erased(tenant, Mark::of_erased(tenant.clone()).seal(keyring))?;
    Ok(Page { lines: line + "\n", after: None })
}

/// The header's line, and the mark behind it.
fn begin(
    ledger: &OpenLedger,
    tenant: Option<&TenantId>,
    now: Timestamp,
) -> std::result::Result<(Mark, Option<String>), Failure> {
    if tenant.is_some() && !ledger.has_tenant()? {
        return Err(refusals::no_such_tenant().into());
    }
    let (prefixes, imported) = Header::prefixes_of(ledger.deployment.config.key_forms());
    let nonce = random::bytes::<ID_RANDOM_BYTES>()?;
    let header = Header {
        format: FORMAT,
        keystile: env!("CARGO_PKG_VERSION").into(),
        nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
        exported_at: now.to_rfc3339(),
        tenant: tenant.cloned(),
        secrets: secrets::counts(&ledger.database, now)?,
        prefixes,
        imported,
    };
    let line = lines::header(&header)?;
    let beginning = Mark::beginning(&line, header.tenant, audit::last_entry(&ledger.database)?);
    let mark = Mark { hours_from: first_exported_hour(now), ..beginning };
    Ok((mark, Some(line)))
}

fn open(ledger: &OpenLedger, tenant: Option<&TenantId>, sealed: &str) -> std::result::Result<Mark, Failure> {
    let mark = mark(&ledger.deployment.keyring, sealed)?;
    if mark.tenant.as_ref() == tenant { Ok(mark) } else { Err(unknown_mark().into()) }
}

/// Opens the mark of a page of any ledger.
pub(crate) fn mark(keyring: &Keyring, sealed: &str) -> std::result::Result<Mark, Vec<FieldError>> {
    Mark::open(sealed, keyring).map_err(|_| unknown_mark())
}

fn unknown_mark() -> Vec<FieldError> {
    broken("after", "the `mark` of a page of this export expected")
}

/// A page that is being read.
struct Reading<'a> {
    database: &'a Database,
    text: String,
    rows: usize,
}

#[derive(Deserialize)]
struct KeyRow {
    id: KeyId,
    line: String,
}

#[derive(Deserialize)]
struct AuditRow {
    seq: u64,
    key_id: Option<String>,
    line: String,
}

#[derive(Deserialize)]
struct Line {
    line: String,
}

impl Reading<'_> {
    const fn is_full(&self) -> bool {
        self.rows >= PAGE_ROWS || self.text.len() >= PAGE_BYTES
    }

    const fn rows_left(&self) -> usize {
        PAGE_ROWS.saturating_sub(self.rows)
    }

    fn add(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.rows += 1;
    }

    /// Adds the next rows of the mark's place, and moves the mark behind them.
    fn go_on(&mut self, mark: &mut Mark) -> Result<()> {
        mark.place = match core::mem::replace(&mut mark.place, Place::End) {
            Place::Keys(after) => self.keys(mark, after)?,
            Place::Audit(after) => self.audit(mark, after)?,
            Place::Rows(number, after) => self.table(mark, number, after)?,
            Place::End => Place::End,
        };
        Ok(())
    }

    fn keys(&mut self, mark: &mut Mark, mut after: Option<KeyId>) -> Result<Place> {
        let limit = self.rows_left();
        let query = format!(
            "SELECT id, json_object('key', json_object({KEY_MEMBERS})) AS line FROM keys WHERE id > ?1
             ORDER BY id LIMIT ?2"
        );
        let from = after.as_ref().map_or("", KeyId::as_str);
        let rows: Vec<KeyRow> = self.database.rows(&query, vec![from.into(), (limit as i64).into()])?;
        let is_last = rows.len() < limit;
        for row in rows {
            if self.is_full() {
                return Ok(Place::Keys(after));
            }
            self.add(&row.line);
            mark.counts.keys += 1;
            after = Some(row.id);
        }
        Ok(if is_last { Place::Audit(0) } else { Place::Keys(after) })
    }

    fn audit(&mut self, mark: &mut Mark, mut after: u64) -> Result<Place> {
        let limit = self.rows_left();
        let query = format!(
            "SELECT seq, key_id, json_object('audit', json_object({AUDIT_MEMBERS})) AS line FROM audit WHERE seq > ?1
             ORDER BY seq LIMIT ?2"
        );
        let rows: Vec<AuditRow> = self.database.rows(&query, vec![(after as i64).into(), (limit as i64).into()])?;
        let mut is_last = rows.len() < limit;
        // The keys that are on this page as they are now.
        let mut present = BTreeSet::new();
        for row in rows {
            if self.is_full() {
                is_last = false;
                break;
            }
            self.add(&row.line);
            mark.counts.audit += 1;
            after = row.seq;
            if let Some(id) = row.key_id.filter(|id| row.seq > mark.audit_began && !present.contains(id)) {
                self.key(mark, &id)?;
                present.insert(id);
            }
        }
        mark.audit_last = after;
        if !is_last {
            return Ok(Place::Audit(after));
        }
        self.tenant()?;
        self.endpoints(mark)?;
        Ok(Place::Rows(0, None))
    }

    /// Adds the endpoints for events, of which there are few.
    fn endpoints(&mut self, mark: &mut Mark) -> Result<()> {
        let query = "SELECT json_object('event_endpoint', json(settings)) AS line FROM event_endpoints ORDER BY id";
        for Line { line } in self.database.rows(query, vec![])? {
            self.add(&line);
            mark.counts.rows += 1;
        }
        Ok(())
    }

    /// Adds a key as it is now.
    fn key(&mut self, mark: &mut Mark, id: &str) -> Result<()> {
        let query = format!("SELECT json_object('key', json_object({KEY_MEMBERS})) AS line FROM keys WHERE id = ?");
        if let Some(Line { line }) = self.database.row(&query, vec![id.into()])? {
            self.add(&line);
            mark.counts.keys += 1;
        }
        Ok(())
    }

    /// Adds the tenant's line, if anything was ever set.
    fn tenant(&mut self) -> Result<()> {
        let query = "SELECT json_object('tenant', json_object(
                 'settings', (SELECT json(settings) FROM settings),
                 'standing', (SELECT json_object('version', version, 'suspended', suspended) FROM standing)
             )) AS line WHERE EXISTS (SELECT 1 FROM settings) OR EXISTS (SELECT 1 FROM standing)";
        if let Some(Line { line }) = self.database.row(query, vec![])? {
            self.add(&line);
        }
        Ok(())
    }

    fn table(&mut self, mark: &mut Mark, number: usize, mut after: Option<String>) -> Result<Place> {
        let Some(table) = TABLES.get(number) else { return Ok(Place::End) };
        let limit = self.rows_left();
        let rows = table.rows(self.database, mark.hours_from, after.as_deref(), limit)?;
        let is_last = rows.len() < limit;
        for row in rows {
            if self.is_full() {
                return Ok(Place::Rows(number, after));
            }
            self.add(&format!("{{\"{}\":{}}}", table.name, row.row));
            mark.counts.rows += 1;
            after = Some(row.key);
        }
        Ok(if is_last { Place::Rows(number + 1, None) } else { Place::Rows(number, after) })
    }
}
