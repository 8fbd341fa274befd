//! The feed: a log of changes with one entry per subject, and `current`.

use std::collections::BTreeMap;

use keystile_core::{
    KeyDigest, TenantId, Timestamp,
    access::record::Stored,
    feed::{
        entry::KeyEntry,
        follow::{FollowAnswer, FollowRequest, RecordRequest},
        log::{Gap, Head, given_at},
        message::{Change, CurrentAnswer, PollAnswer, PollRequest, PublishAnswer, TenantStatus},
        mirror::{Bounds, Mirror},
        outbox::KEEP_ACKNOWLEDGED_MS,
    },
};

use crate::{Millis, plan::Planted};

const DAY: Millis = 24 * 60 * 60 * 1_000;
/// The time by which the ledgers go back further than the log.
const SLACK_MS: Millis = 60_000;

/// The feed's state.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    bounds: Bounds,
    planted: Option<Planted>,
    epoch: u32,
    /// The number of epochs so far. They are random, so that none comes twice.
    epochs: u32,
    /// The number of instances so far. None comes twice, even if the feed is put back.
    instances: u32,
    last: u64,
    /// The floor of the log: entries up to here may have been trimmed.
    floor: u64,
    /// The last number when its instance began, until that one gives a number.
    began_after: Option<u64>,
    gaps: Vec<Gap>,
    /// The highest cursor beyond the log that was noticed.
    noticed: u64,
    log: BTreeMap<u64, Entry>,
    mirror: Mirror,
    keys: BTreeMap<KeyDigest, (u64, String)>,
    tenant_statuses: BTreeMap<TenantId, TenantStatus>,
    /// The staleness that polls stated, each with its time.
    staleness: Vec<(Millis, u32)>,
}

#[derive(Clone, Debug)]
struct Entry {
    change: Change,
    version: u64,
    acknowledged_at: Option<Millis>,
}

impl Feed {
    pub(crate) fn new(bounds: Bounds, planted: Option<Planted>) -> Self {
        Self {
            bounds,
            planted,
            epoch: 1,
            epochs: 1,
            instances: 1,
            last: 0,
            floor: 0,
            began_after: Some(0),
            gaps: Vec::new(),
            noticed: 0,
            log: BTreeMap::new(),
            mirror: Mirror::new(bounds),
            keys: BTreeMap::new(),
            tenant_statuses: BTreeMap::new(),
            staleness: Vec::new(),
        }
    }

    pub(crate) fn publish(&mut self, change: &Change, now: Millis) -> PublishAnswer {
        let news = match change {
            Change::Key { digest, record } => {
                let version = Stored::decode(record).unwrap().version();
                let known = self.keys.get(digest).map(|(known, _)| *known);
                let newer = known.is_none_or(|known| version > known);
                if newer {
                    self.keys.insert(*digest, (version, record.clone()));
                }
                let unlogged = known.is_none() && version == 1;
                (newer && !unlogged).then_some((version, None))
            }
            Change::Tenant(tenant_status) => {
                let newer =
                    self.tenant_statuses.get(&tenant_status.tenant).is_none_or(|known| tenant_status.supersedes(known));
                if newer {
                    self.tenant_statuses.insert(tenant_status.tenant.clone(), tenant_status.clone());
                }
                // KV has no part in statuses.
                newer.then_some((tenant_status.version, Some(now)))
            }
        };
        if let Some((version, acknowledged_at)) = news {
            self.log.retain(|_, entry| !same_subject(&entry.change, change));
            self.last = if self.planted == Some(Planted::NumbersBeginAnew) {
                self.last + 1
            } else {
                self.head().next_number(Timestamp::from_millis(now))
            };
            self.log.insert(self.last, Entry { change: change.clone(), version, acknowledged_at });
            let epoch = self.epoch_name();
            put(&mut self.mirror, self.last, change, &epoch);
            if let Some(last) = self.began_after.take() {
                self.gaps.push(Gap { last, next: Some(self.last), noticed: self.noticed });
            }
        }
        PublishAnswer { max_staleness_ms: self.stated(now), ahead: Vec::new(), refused: Vec::new() }
    }

    pub(crate) fn acknowledge(&mut self, digest: KeyDigest, version: u64, now: Millis) {
        let entries = self.log.values_mut();
        for entry in entries.filter(|entry| matches!(&entry.change, Change::Key { digest: of, .. } if *of == digest)) {
            if entry.version <= version && entry.acknowledged_at.is_none() {
                entry.acknowledged_at = Some(now);
            }
        }
    }

    /// The largest staleness that any edge stated in the last 24 hours.
    pub(crate) fn stated(&self, now: Millis) -> u32 {
        let recent = self.staleness.iter().filter(|(stated_at, _)| now - stated_at <= DAY);
        recent.map(|(_, stated)| *stated).max().unwrap_or(0)
    }

    /// Records the staleness that an edge accepts. A relay passes it on before it answers.
    pub(crate) fn note_staleness(&mut self, stated: u32, now: Millis) {
        self.staleness.push((now, stated));
    }

    pub(crate) fn poll(&mut self, request: &PollRequest, now: Millis) -> PollAnswer {
        self.trim(now);
        let mut answer = self.mirror.answer(request, &self.epoch_name(), self.head());
        if self.planted == Some(Planted::PartsClaimTooMuch)
            && let Some(part) = &mut answer.key_part
        {
            part.bits = part.bits.saturating_sub(1);
        }
        answer
    }

    /// Answers a relay.
    pub(crate) fn follow(&mut self, request: &FollowRequest, now: Millis) -> FollowAnswer {
        self.trim(now);
        self.mirror.follow(request, &self.epoch_name(), self.head(), &self.instances.to_string())
    }

    /// The record of the version that is asked for, or a later one.
    pub(crate) fn record(&self, request: &RecordRequest) -> Option<String> {
        let (version, record) = self.keys.get(&request.digest)?;
        (*version >= request.version).then(|| record.clone())
    }

    pub(crate) fn current(&self, digest: &KeyDigest, tenant: &TenantId) -> CurrentAnswer {
        let record = self.keys.get(digest).map(|(_, record)| record.clone());
        CurrentAnswer { tenant_status: record.as_ref().and(self.tenant_statuses.get(tenant).cloned()), record }
    }

    pub(crate) fn restart_with_another_epoch(&mut self) {
        self.epochs += 1;
        self.epoch = self.epochs;
        self.floor = 0;
        self.log = core::mem::take(&mut self.log).into_values().zip(1..).map(|(entry, seq)| (seq, entry)).collect();
        self.last = self.log.len() as u64;
        (self.gaps, self.noticed) = (Vec::new(), 0);
        self.restart();
    }

    /// Starts another instance, which reads what is stored.
    pub(crate) fn restart(&mut self) {
        self.instances += 1;
        self.began_after = Some(self.last);
        let epoch = self.epoch_name();
        self.mirror = Mirror::new(self.bounds);
        for (number, entry) in &self.log {
            put(&mut self.mirror, *number, &entry.change, &epoch);
        }
        for status in self.tenant_statuses.values().filter(|status| status.suspended) {
            self.mirror.put_suspension(status.entry(&epoch));
        }
        if self.planted == Some(Planted::GapsEndWithTheirInstance) {
            self.gaps.clear();
        }
    }

    /// The state of the feed after it was put back to `earlier`, which starts it again. What edges accept is known from
    /// the configuration of the deployment, too, so it isn't lost.
    pub(crate) fn put_back_to(&mut self, earlier: &Self) {
        let staleness = core::mem::take(&mut self.staleness);
        *self = Self { staleness, epochs: self.epochs, instances: self.instances, ..earlier.clone() };
        self.restart();
    }

    /// The place in the log that an isolate has which knows everything.
    pub(crate) fn place(&self) -> PollRequest {
        PollRequest { epoch: Some(self.epoch_name()), cursor: self.last, max_staleness_ms: 0, key: None, tenant: None }
    }

    /// The subjects and versions of the keys.
    pub(crate) fn keys(&self) -> Vec<(KeyDigest, u64)> {
        self.keys.iter().map(|(digest, (version, _))| (*digest, *version)).collect()
    }

    /// The time since which the ledgers have to publish again, if an isolate with this place in the log shows that for
    /// the first time; and whether anything was logged since the feed was put back.
    pub(crate) fn notice(&mut self, place: &PollRequest) -> Option<(Millis, bool)> {
        if place.epoch.as_ref() != Some(&self.epoch_name()) {
            return None;
        }
        let open = Some(self.head().open_gap(self.noticed)).filter(|_| place.cursor > self.last);
        let closed = || self.gaps.iter().rfind(|gap| gap.last < place.cursor).copied();
        let closed = || closed().filter(|_| self.planted != Some(Planted::PointIsThePresentHead));
        let gap = open.or_else(closed).filter(|gap| gap.is_news(place.cursor))?;
        match gap.next {
            Some(_) => self.gaps.retain(|known| *known != gap),
            None => self.noticed = place.cursor,
        }
        Some((since(gap.last), gap.next.is_some()))
    }

    /// The time since which the ledgers have to publish again, if one acknowledges a version that isn't here.
    pub(crate) fn notice_acknowledged(&mut self, digest: &KeyDigest, version: u64) -> Option<Millis> {
        if self.keys.get(digest).is_some_and(|(known, _)| *known >= version) {
            return None;
        }
        if self.planted == Some(Planted::PointIsThePresentHead) {
            return Some(since(self.last));
        }
        let begun = if self.began_after.is_some() { self.last } else { self.floor };
        let earliest = self.gaps.drain(..).map(|gap| gap.last).min();
        Some(since(earliest.unwrap_or(begun)))
    }

    /// The version that it has of a subject; 0 for none.
    pub(crate) fn version_of(&self, change: &Change) -> u64 {
        match change {
            Change::Key { digest, .. } => self.keys.get(digest).map_or(0, |(version, _)| *version),
            Change::Tenant(status) => self.tenant_statuses.get(&status.tenant).map_or(0, |known| known.version),
        }
    }

    fn epoch_name(&self) -> String {
        format!("epoch {}", self.epoch)
    }

    fn head(&self) -> Head {
        Head { floor: self.floor, last: self.last }
    }

    fn trim(&mut self, now: Millis) {
        let over = |entry: &Entry| entry.acknowledged_at.is_some_and(|at| now - at >= KEEP_ACKNOWLEDGED_MS);
        for (seq, _) in self.log.extract_if(.., |_, entry| over(entry)) {
            self.floor = self.floor.max(seq);
            self.mirror.trim(seq);
        }
        self.gaps.retain(|gap| gap.next.is_some_and(|next| next > self.floor));
    }
}

fn since(number: u64) -> Millis {
    given_at(number).as_millis() - SLACK_MS
}

fn put(mirror: &mut Mirror, number: u64, change: &Change, epoch: &str) {
    match change {
        Change::Key { digest, record } => {
            mirror.put_key(number, KeyEntry::of(digest, &Stored::decode(record).unwrap()));
        }
        Change::Tenant(status) => mirror.put_tenant(number, status.entry(epoch)),
    }
}

fn same_subject(a: &Change, b: &Change) -> bool {
    match (a, b) {
        (Change::Key { digest: a, .. }, Change::Key { digest: b, .. }) => a == b,
        (Change::Tenant(a), Change::Tenant(b)) => a.tenant == b.tenant,
        _ => false,
    }
}
