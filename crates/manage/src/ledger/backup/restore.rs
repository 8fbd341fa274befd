//! Writes the pages of an export into this ledger.
//!
//! The table `restoring` has how far that has come, to the line: lines and progress are written in one transaction, so an
//! interrupted restore goes on where it was, and a page that is sent twice changes nothing. Keys work from the moment
//! when they are published, which is while later pages still come. So changes may already be made. They stand: of a key's
//! versions the highest holds, and nothing brings a revoked key back.
//!
//! A restore makes no events. Reminders wait until the last page, which is where an export has the places up to which
//! they have told.

use std::collections::BTreeSet;

use keystile_core::{
    KeyDigest, TenantId, Timestamp,
    access::record::KeyState,
    base::{fields::FieldError, problem::Problem},
    events::{
        sealing::NONCE_BYTES,
        settings::{EndpointPatch, EndpointSettings},
    },
    feed::claim::ClaimRequest,
    key::keyring::OpenExportError,
    ledger::backup::{Counts, FORMAT, Header, Mark, Place, RestorePart, broken, refused, running_digest},
    objects::feed,
};
use keystile_runtime::{clock, database::Database, log, object, random};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::{
    lines::{self, Closing, KeyLine, Line, TenantLine},
    tables,
};
use crate::{
    command::{Origin, Target},
    failure::Failure,
    ledger::{
        audit,
        drain::{FEED_BATCH, FEED_TIMEOUT_MS},
        keys,
        open::OpenLedger,
        outbox::{self, Changed},
        settings, suspension, usage,
    },
};
/// The number of lines that one transaction writes.
const LINES_AT_ONCE: usize = 100;

/// The state of a restore.
#[derive(Debug, Serialize)]
pub(crate) struct Progress {
    /// Whether all pages are here.
    complete: bool,
    /// The export, by the SHA-256 of its header's line.
    export: KeyDigest,
    /// The number of its pages.
    pages: u64,
    /// The keys of this page that were refused.
    refused: Vec<RefusedKey>,
    /// The number of keys that were refused so far.
    refused_keys: u64,
    /// The number of pages that are here. The next one to send is the one after them.
    restored_pages: u64,
}

/// A key that was refused.
#[derive(Debug, Serialize)]
pub(crate) struct RefusedKey {
    detail: &'static str,
    id: String,
    /// The line in its page, from 0.
    line: usize,
}

/// The row of the table `restoring`.
#[derive(Deserialize)]
struct Row {
    export: KeyDigest,
    pages: u64,
    restored_pages: u64,
    restored_lines: usize,
    digest: KeyDigest,
    refused: u64,
}

impl Row {
    fn find(database: &Database) -> worker::Result<Option<Self>> {
        database.row("SELECT export, pages, restored_pages, restored_lines, digest, refused FROM restoring", vec![])
    }

    fn write(&self, database: &Database) -> worker::Result<()> {
        database.execute(
            "INSERT OR REPLACE INTO restoring (one, export, pages, restored_pages, restored_lines, digest, refused)
             VALUES (1, ?, ?, ?, ?, ?, ?)",
            vec![
                self.export.to_hex().into(),
                (self.pages as i64).into(),
                (self.restored_pages as i64).into(),
                (self.restored_lines as i64).into(),
                self.digest.to_hex().into(),
                (self.refused as i64).into(),
            ],
        )
    }

    fn progress(self, refused: Vec<RefusedKey>) -> Progress {
        let Self { export, pages, restored_pages, refused: refused_keys, .. } = self;
        Progress { complete: restored_pages == pages, export, pages, refused, refused_keys, restored_pages }
    }
}

impl OpenLedger {
    /// Takes a part of an export.
    pub(crate) async fn restore(
        &self,
        origin: &Origin,
        tenant: Option<&TenantId>,
        part: RestorePart,
    ) -> Result<Progress, Failure> {
        match part {
            RestorePart::Begin { header, end } => self.begin_restore(origin, tenant, &header, &end),
            RestorePart::Page(page) => self.restore_page(origin, tenant, &page).await,
            RestorePart::Erased(line) => self.check_erased(origin, tenant, &line),
        }
    }

    /// Checks that a deployment with the same secrets exported this line of the tenant, which has no pages. It changes
    /// nothing: whoever restores erases the tenant then, which is for good, so nobody should do it for a line that anybody
    /// could have written.
    fn check_erased(&self, origin: &Origin, tenant: Option<&TenantId>, line: &str) -> Result<Progress, Failure> {
        self.judge(origin, clock::now())?;
        self.refuse_if_erased()?;
        let lines::Erased { tenant: erased, mark } = lines::read_erased(line)
            .ok_or_else(|| broken("erased", "the line of a tenant that was erased expected"))?;
        let mark = Mark::open(&mark, &self.deployment.keyring).map_err(|error| match error {
            OpenExportError::MissingSecret(fingerprint) => {
                let detail = format!("This deployment lacks the KEYSTILE_SECRET with the fingerprint {fingerprint}.");
                Failure::from(refused(detail).with("missing_secrets", json!([fingerprint])))
            }
            OpenExportError::Broken => unsealed("erased").into(),
        })?;
        if mark != Mark::of_erased(erased.clone()) {
            return Err(unsealed("erased").into());
        }
        if tenant != Some(&erased) {
            return Err(refused(format!("This is the line of {erased}; send it there.")).into());
        }
        let Mark { export, number: pages, .. } = mark;
        Ok(Progress { complete: true, export, pages, refused: Vec::new(), refused_keys: 0, restored_pages: 0 })
    }

    /// Checks that this ledger can take the export, and notes that it does. Nothing else of it is written yet.
    fn begin_restore(
        &self,
        origin: &Origin,
        tenant: Option<&TenantId>,
        header_line: &str,
        end_line: &str,
    ) -> Result<Progress, Failure> {
        let keyring = &self.deployment.keyring;
        let header =
            lines::read_header(header_line).ok_or_else(|| broken("header", "the first line of an export expected"))?;
        if header.format > FORMAT {
            let detail = "A newer version of Keystile wrote this export; deploy that one, and restore it then.";
            return Err(refused(detail).into());
        }
        let sealed = Closing::read(end_line);
        let (end, sealed_with) = match sealed.as_ref().map(Closing::mark) {
            Some((mark, true)) => match Mark::open(mark, keyring) {
                Ok(mark) => (Some(mark), None),
                Err(OpenExportError::MissingSecret(fingerprint)) => (None, Some(fingerprint)),
                Err(OpenExportError::Broken) => (None, None),
            },
            _ => {
                return Err(
                    broken("end", "the last line of an export expected: an export without one is not whole").into()
                );
            }
        };
        header.check(self.deployment.config.key_forms(), keyring, sealed_with.as_deref())?;
        // The place is sealed, the kind of the line isn't: the line of an earlier page may be made to look like the last.
        let is_end = |end: &Mark| end.place == Place::End && end.export == KeyDigest::of(header_line);
        let end = end.filter(is_end).ok_or_else(|| unsealed("end"))?;
        if header.tenant.as_ref() != tenant {
            let whose = header.tenant.as_ref().map_or("the operators", TenantId::as_str);
            return Err(refused(format!("This is the export of {whose}; restore it there.")).into());
        }
        let now = clock::now();
        let row = self.change_for(origin, now, || {
            if let Some(row) = Row::find(&self.database)? {
                return if row.export == end.export { Ok(row) } else { Err(not_empty().into()) };
            }
            if !self.is_empty()? {
                return Err(not_empty().into());
            }
            let row = Row {
                export: end.export,
                pages: end.number,
                restored_pages: 0,
                restored_lines: 0,
                digest: end.export,
                refused: 0,
            };
            row.write(&self.database)?;
            // Its number is behind those that are to come, and that of each later entry is behind this one.
            let detail = restored(&header, &end.counts);
            audit::restored(&self.database, origin, end.audit_last + 1, detail, now)?;
            self.arm(now)?;
            Ok(row)
        })?;
        Ok(row.progress(Vec::new()))
    }

    /// Writes a page, unless it is here, and publishes its keys.
    async fn restore_page(&self, origin: &Origin, tenant: Option<&TenantId>, page: &str) -> Result<Progress, Failure> {
        let Some(mut row) = Row::find(&self.database)? else {
            return Err(refused("No restore has begun here: send `header` and `end` first.").into());
        };
        let page = page.strip_suffix('\n').unwrap_or(page);
        let (text, closing) = page.rsplit_once('\n').map_or(("", page), |(text, closing)| (text, closing));
        let closing =
            Closing::read(closing).ok_or_else(|| broken("page", "it doesn't end with the line that ends a page"))?;
        let mark = Mark::open(closing.mark().0, &self.deployment.keyring)
            .map_err(|_| broken("page", "its seal is broken: nothing of it was taken"))?;
        if mark.export != row.export {
            return Err(refused("Another export is being restored here, or was.").into());
        }
        if mark.number <= row.restored_pages {
            return Ok(row.progress(Vec::new()));
        }
        if mark.number != row.restored_pages + 1 {
            let detail = format!("Send page {} first: its number is in the line that ends it.", row.restored_pages + 1);
            return Err(refused(detail).with("next_page", json!(row.restored_pages + 1)).into());
        }
        let with_ends = if text.is_empty() { String::new() } else { [text, "\n"].concat() };
        if running_digest(&row.digest, &with_ends) != mark.digest {
            return Err(broken("page", "its lines are not those that were exported: nothing of it was taken").into());
        }
        let lines = text.lines().enumerate().map(|(at, line)| {
            let read = lines::read(line);
            read.map(|read| (at, read)).ok_or_else(|| unreadable(at))
        });
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let claims = self.claim_imported(tenant, &lines).await?;
        let (mut refused_keys, mut published, total) = (Vec::new(), Vec::new(), lines.len());
        let mut left = lines.into_iter().skip(row.restored_lines).peekable();
        loop {
            let some: Vec<_> = left.by_ref().take(LINES_AT_ONCE).collect();
            let now = clock::now();
            let mut pending = Some(some);
            let is_last = left.peek().is_none();
            let (here, changed, not_taken) = self.change_for(origin, now, || {
                let mut row = current(&self.database, &mark, row.restored_lines)?;
                let (mut changed, mut not_taken) = (Vec::new(), Vec::new());
                for (at, line) in pending.take().into_iter().flatten() {
                    self.restore_line(tenant, at, line, &claims, &mut changed, &mut not_taken, now)?;
                    row.restored_lines = at + 1;
                }
                row.refused += not_taken.len() as u64;
                if is_last {
                    row = Row { restored_pages: mark.number, restored_lines: 0, digest: mark.digest, ..row };
                }
                row.write(&self.database)?;
                self.arm(now)?;
                Ok((row, changed, not_taken))
            })?;
            row = here;
            published.extend(changed);
            refused_keys.extend(not_taken);
            if is_last {
                break;
            }
            // Others get their turn in between.
            clock::sleep(0).await;
        }
        log::info("page_restored", &[("page", mark.number.into()), ("lines", total.into())]);
        self.publish_restored(&published).await;
        Ok(row.progress(refused_keys))
    }

    /// Publishes what was restored, the tenant's status first. What isn't taken now is retried from the outbox.
    async fn publish_restored(&self, changed: &[Changed]) {
        let (limits, others): (Vec<_>, Vec<_>) = changed
            .iter()
            .cloned()
            .partition(|changed| matches!(changed, Changed::KeyLimits(_) | Changed::TenantLimits));
        if !limits.is_empty() {
            self.tell_of_new(&limits).await;
        }
        for some in others.chunks(FEED_BATCH) {
            if self.publish_now(some).await.is_err() {
                break;
            }
        }
    }

    /// Whether nothing was ever done here.
    fn is_empty(&self) -> worker::Result<bool> {
        Ok(!self.has_tenant()? && audit::last_entry(&self.database)? == 0)
    }

    /// Claims the digests of keys that another system issued. Returns those that the feed refuses.
    async fn claim_imported(
        &self,
        tenant: Option<&TenantId>,
        lines: &[(usize, Line<'_>)],
    ) -> Result<BTreeSet<KeyDigest>, Failure> {
        let imported = lines.iter().filter_map(|(_, line)| match line {
            Line::Key(key) if key.is_imported() => Some(key.digest),
            _ => None,
        });
        let digests: Vec<_> = imported.collect();
        let Some(tenant) = tenant.filter(|_| !digests.is_empty()) else { return Ok(BTreeSet::new()) };
        let request = ClaimRequest { tenant: tenant.clone(), digests };
        let answer = object::call(&self.env, feed::NAME, &request, FEED_TIMEOUT_MS).await.map_err(|error| {
            log::warn("claim_failed", &[("reason", error.0.into())]);
            Problem::unavailable("The change feed can't say now whose keys these may be; send the same again.")
        })?;
        Ok(answer.refused.into_iter().collect())
    }

    #[allow(clippy::too_many_arguments, reason = "the two lists are what comes of the line")]
    fn restore_line(
        &self,
        tenant: Option<&TenantId>,
        at: usize,
        line: Line<'_>,
        refused_digests: &BTreeSet<KeyDigest>,
        changed: &mut Vec<Changed>,
        not_taken: &mut Vec<RefusedKey>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match line {
            Line::Tenant(line) => changed.extend(self.restore_tenant(tenant, line, now)?),
            Line::Audit(entry) => self.database.execute(lines::RESTORE_AUDIT, vec![entry.into()])?,
            Line::Endpoint(endpoint) => self.restore_endpoint(tenant, *endpoint, now)?,
            Line::Row(name, row) => {
                tables::find(name).ok_or_else(|| unreadable(at))?.restore(&self.database, row, now)?;
            }
            Line::Key(key) => {
                let id = key.id.to_string();
                match self.restore_key(tenant, *key, refused_digests, changed, now)? {
                    Ok(()) => {}
                    Err(detail) => {
                        log::error("key_not_restored", &[("key_id", id.as_str().into()), ("reason", detail.into())]);
                        not_taken.push(RefusedKey { detail, id, line: at });
                    }
                }
            }
        }
        Ok(())
    }

    fn restore_tenant(
        &self,
        tenant: Option<&TenantId>,
        line: TenantLine,
        now: Timestamp,
    ) -> Result<Vec<Changed>, Failure> {
        let (database, mut changed) = (&self.database, Vec::new());
        let TenantLine { settings: stated, standing } = line;
        if let Some((standing, tenant)) = standing.zip(tenant) {
            let status = standing.of(tenant.clone());
            let here = suspension::find(database)?.map(|here| here.stated);
            if here.is_none_or(|here| status.version > here.version) {
                suspension::write(database, &status)?;
                outbox::enqueue(database, &Changed::Tenant, status.version, now)?;
                changed.push(Changed::Tenant);
            }
        }
        if let Some(stated) = stated {
            let here = settings::find(database)?;
            if here == Default::default() || stated.version > here.version {
                settings::write(database, &stated)?;
                settings::limits_changed(database)?;
                outbox::enqueue(database, &Changed::TenantLimits, stated.limits_version, now)?;
                changed.push(Changed::TenantLimits);
            }
        }
        Ok(changed)
    }

    /// Writes a key, unless it is here in this version or a later one. The inner error says why the key is refused.
    fn restore_key(
        &self,
        tenant: Option<&TenantId>,
        line: KeyLine,
        refused_digests: &BTreeSet<KeyDigest>,
        changed: &mut Vec<Changed>,
        now: Timestamp,
    ) -> Result<Result<(), &'static str>, Failure> {
        let (database, id, digest) = (&self.database, line.id.clone(), line.digest);
        if refused_digests.contains(&digest) {
            return Ok(Err("there is another key with this digest, or another tenant has claimed it"));
        }
        let (first_used_at, last_used_at) = (line.first_used_at, line.last_used_at);
        let (expiry_set_at, exposure) = (line.expiry_set_at, line.exposure.clone());
        let Ok(keys::KeyRow { key, .. }) = line.row() else {
            return Ok(Err("its record can't be read, or only by a newer version of Keystile"));
        };
        if key.record.tenant() != tenant || key.record.id != id {
            return Ok(Err("it is not a key of this tenant"));
        }
        let target = Target { id: id.clone(), within: None };
        let is_news = match keys::find(database, &target)? {
            Some(keys::KeyRow { key: here, .. }) => {
                let is_news = here.record.version < key.record.version && here.record.state != KeyState::Revoked;
                if is_news {
                    self.store_changed(&here, &key, now)?;
                }
                is_news
            }
            None if keys::by_digest(database, &digest)?.is_some() => {
                return Ok(Err("this ledger has another key with this digest"));
            }
            None => {
                keys::insert(database, &key, now)?;
                self.enqueue_new(&key, now)?;
                true
            }
        };
        // These change without a new version.
        if let Some((first, last)) = first_used_at.zip(last_used_at) {
            usage::note_allowed(database, &id, first, last)?;
        }
        if let Some(exposure) = exposure {
            keys::restore_exposure(database, &id, &exposure)?;
        }
        if is_news {
            keys::restore_expiry_set_at(database, &id, expiry_set_at)?;
            if key.has_limit_terms() {
                changed.push(Changed::KeyLimits(id.clone()));
            }
            changed.push(Changed::Key(id));
        }
        Ok(Ok(()))
    }

    /// Writes an endpoint for events, paused: whoever rehearses a restore sends nothing to those who get the events of
    /// the deployment that is in use.
    fn restore_endpoint(
        &self,
        tenant: Option<&TenantId>,
        endpoint: EndpointSettings,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let paused = endpoint.patched(EndpointPatch { paused: Some(true), ..EndpointPatch::default() }, true, now);
        let resealed = paused.resealed(&self.deployment.keyring, now, random::bytes::<NONCE_BYTES>)?;
        Ok(self.store_endpoint(&resealed.unwrap_or(paused), tenant, now)?)
    }
}

/// Whether pages of an export have yet to come.
pub(crate) fn is_under_way(database: &Database) -> worker::Result<bool> {
    Ok(Row::find(database)?.is_some_and(|row| row.restored_pages < row.pages))
}

/// Refuses to export what is half here: nobody could see later that the rest is missing.
pub(crate) fn refuse_if_under_way(database: &Database) -> Result<(), Failure> {
    if !is_under_way(database)? {
        return Ok(());
    }
    Err(Problem::unavailable(
        "This is being restored, and half of it is missing yet; ask again once all of it is here.",
    )
    .into())
}

/// The row, if it is as this request has left it: two requests may send the same page.
fn current(database: &Database, mark: &Mark, restored_lines: usize) -> Result<Row, Failure> {
    let stands = |row: &Row| {
        row.export == mark.export && row.restored_pages + 1 == mark.number && row.restored_lines == restored_lines
    };
    let row = Row::find(database)?.filter(stands);
    Ok(row.ok_or_else(|| Problem::unavailable("Another request is restoring this page; send it again."))?)
}

fn restored(header: &Header, counts: &Counts) -> Map<String, serde_json::Value> {
    let fact = |value: serde_json::Value| json!({ "from": null, "to": value });
    Map::from_iter([
        ("audit_entries".into(), fact(json!(counts.audit))),
        ("exported_at".into(), fact(json!(header.exported_at))),
        ("keys".into(), fact(json!(counts.keys))),
        ("rows".into(), fact(json!(counts.rows))),
    ])
}

fn unreadable(at: usize) -> Vec<FieldError> {
    broken("page", format!("line {} of it can't be read; does a newer version of Keystile write such lines?", at + 1))
}

fn unsealed(field: &str) -> Vec<FieldError> {
    broken(field, "its seal is broken: this is not what a deployment with your secrets exported")
}

fn not_empty() -> Problem {
    refused(
        "There is something here already: keys, settings, or audit entries. A restore goes into an empty place, or on \
         with the export that it began with.",
    )
}
