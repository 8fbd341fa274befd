//! The log in memory: it answers edges without reading a table.
//!
//! The feed has one of its own log, and each [relay](super::relay) a copy. It holds no record, only entries: 100,000 of
//! them take about ten megabytes.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::ops::Bound;

use serde::Serialize;

use super::{
    entry::{KeyEntry, KeyHash, Part, Place, TenantEntry, TenantHash},
    follow::{FollowAnswer, FollowRequest},
    log::{Head, Start},
    message::{PollAnswer, PollRequest},
};

/// The bounds of an answer. With those of a deployment, one to a cold isolate has 64 KiB at most, whatever the log holds,
/// as long as the suspended tenants' statuses changed fewer than 128 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most changes in a page.
    pub page: usize,
    /// The most changes in a page for a relay.
    pub relay_page: usize,
    /// The most entries in the part for an isolate that begins anew. One that has begun gets parts as large as a page.
    pub part: usize,
    /// The most suspended tenants that come whole. Of more tenants, parts come.
    pub tenants: usize,
}

/// The bounds of a deployment's feed.
pub const BOUNDS: Bounds = Bounds { page: 1_000, relay_page: 20_000, part: 150, tenants: 4_000 };

/// The entries of a log, by their numbers and by their subjects.
#[derive(Clone, Debug)]
pub struct Mirror {
    bounds: Bounds,
    log: BTreeMap<u64, Subject>,
    keys: BTreeMap<KeyHash, (u64, KeyEntry)>,
    /// The statuses that are in the log, and all suspensions, which last.
    tenants: BTreeMap<TenantHash, (u64, TenantEntry)>,
    /// The number of suspended tenants.
    suspended: usize,
}

#[derive(Clone, Copy, Debug)]
enum Subject {
    Key(KeyHash),
    Tenant(TenantHash),
}

/// The changes after a cursor, with their numbers.
struct Page {
    keys: Vec<(u64, KeyEntry)>,
    tenants: Vec<(u64, TenantEntry)>,
    /// The last number of the page, if more changes follow.
    more_after: Option<u64>,
}

impl Mirror {
    /// The mirror of an empty log.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, log: BTreeMap::new(), keys: BTreeMap::new(), tenants: BTreeMap::new(), suspended: 0 }
    }

    /// Adds the latest change of a key under its number. An older entry of the key ends.
    pub fn put_key(&mut self, number: u64, entry: KeyEntry) {
        if let Some((older, _)) = self.keys.insert(entry.key, (number, entry)) {
            self.log.remove(&older);
        }
        self.log.insert(number, Subject::Key(entry.key));
    }

    /// Adds the latest status of a tenant under its number. An older entry of the tenant ends.
    pub fn put_tenant(&mut self, number: u64, entry: TenantEntry) {
        self.stand(number, entry);
        self.log.insert(number, Subject::Tenant(entry.tenant));
    }

    /// Adds a change of a key, if it wins against what is known. Otherwise that gets this number.
    pub fn merge_key(&mut self, number: u64, entry: KeyEntry) {
        let merged = self.keys.get(&entry.key).map_or(entry, |(_, known)| known.merge(entry));
        self.put_key(number, merged);
    }

    /// Adds a status of a tenant, if it is newer than what is known. Otherwise that gets this number.
    pub fn merge_tenant(&mut self, number: u64, entry: TenantEntry) {
        let known = self.tenants.get(&entry.tenant).map(|(_, known)| *known);
        self.put_tenant(number, known.filter(|known| known.supersedes(&entry)).unwrap_or(entry));
    }

    /// Adds a suspension that is no longer in the log.
    pub fn put_suspension(&mut self, entry: TenantEntry) {
        if !self.tenants.contains_key(&entry.tenant) {
            self.stand(0, entry);
        }
    }

    fn stand(&mut self, number: u64, entry: TenantEntry) {
        self.suspended += usize::from(entry.suspended);
        if let Some((older, known)) = self.tenants.insert(entry.tenant, (number, entry)) {
            self.suspended -= usize::from(known.suspended);
            self.log.remove(&older);
        }
    }

    /// Drops an entry that was trimmed. A suspension stays.
    pub fn trim(&mut self, number: u64) {
        match self.log.remove(&number) {
            Some(Subject::Key(key)) => {
                self.keys.remove(&key);
            }
            Some(Subject::Tenant(tenant)) if self.tenants.get(&tenant).is_some_and(|(_, entry)| !entry.suspended) => {
                self.tenants.remove(&tenant);
            }
            Some(Subject::Tenant(_)) | None => {}
        }
    }

    /// Answers an edge.
    #[must_use]
    pub fn answer(&self, request: &PollRequest, epoch: &str, head: Head) -> PollAnswer {
        let mut answer = PollAnswer {
            epoch: String::from(epoch),
            reset: false,
            cursor: head.last,
            more: false,
            age_ms: 0,
            keys: Vec::new(),
            tenants: Vec::new(),
            key_part: None,
            tenant_part: None,
        };
        match head.start(request, epoch) {
            Start::After(cursor) => self.page(cursor, &mut answer),
            Start::Beginning => answer.reset = true,
        }
        answer.key_part = self.key_part(request.key, answer.reset);
        answer.tenant_part = self.tenant_part(request.tenant, answer.reset);
        answer
    }

    fn page(&self, cursor: u64, answer: &mut PollAnswer) {
        let Page { keys, tenants, more_after } = self.changes(cursor, self.bounds.page);
        answer.keys = keys.into_iter().map(|(_, entry)| entry).collect();
        answer.tenants = tenants.into_iter().map(|(_, entry)| entry).collect();
        answer.more = more_after.is_some();
        answer.cursor = more_after.unwrap_or(answer.cursor);
    }

    /// Answers a relay. `source` names this state: whoever fills a copy begins anew when it changes, since pages of two
    /// states may both lack an entry that was moved from the later page to the earlier one.
    #[must_use]
    pub fn follow(&self, request: &FollowRequest, epoch: &str, head: Head, source: &str) -> FollowAnswer {
        let ours = request.epoch.as_deref() == Some(epoch);
        let fills_on = ours && request.fills_from.as_deref() == Some(source);
        let goes_on = if request.fills_from.is_some() { fills_on } else { ours && request.cursor >= head.floor };
        let cursor = if goes_on { request.cursor } else { 0 };
        let Page { keys, tenants, more_after } = self.changes(cursor, self.bounds.relay_page);
        // A suspension may leave the log between two pages, so they come with the last.
        let is_filled = more_after.is_none() && (fills_on || !goes_on);
        let suspended = self.tenants.values().map(|(_, entry)| *entry).filter(|entry| is_filled && entry.suspended);
        FollowAnswer {
            epoch: String::from(epoch),
            source: String::from(source),
            reset: !goes_on,
            floor: head.floor,
            cursor: more_after.unwrap_or(head.last),
            more: more_after.is_some(),
            age_ms: 0,
            length: self.len() as u64,
            keys,
            tenants,
            suspended: suspended.collect(),
        }
    }

    /// The number of entries in the log.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Whether the log is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.log.is_empty()
    }

    fn changes(&self, cursor: u64, most: usize) -> Page {
        let mut changes = self.log.range((Bound::Excluded(cursor), Bound::Unbounded));
        let mut page = Page { keys: Vec::new(), tenants: Vec::new(), more_after: None };
        let mut last = cursor;
        for (number, subject) in changes.by_ref().take(most) {
            last = *number;
            match subject {
                Subject::Key(key) => page.keys.extend(self.keys.get(key).copied()),
                Subject::Tenant(tenant) => page.tenants.extend(self.tenants.get(tenant).copied()),
            }
        }
        page.more_after = changes.next().map(|_| last);
        page
    }

    /// The part that a key is in. An isolate that begins anew gets all entries in any case, if they make one part.
    fn key_part(&self, asked: Option<Place>, begins: bool) -> Option<Part<KeyEntry>> {
        let most = if begins { self.bounds.part } else { self.bounds.page };
        let all = self.keys.len();
        let place = asked.or_else(|| (begins && all <= most).then_some(Place::FIRST))?;
        part(place, all, most, |from, to| {
            let (from, to) = (KeyHash::first_at(from), KeyHash::last_at(to));
            self.keys.range(from..=to).map(|(_, (_, entry))| *entry)
        })
    }

    /// The part of the suspensions that a tenant is in; all of them, unless they are too many.
    fn tenant_part(&self, asked: Option<Place>, begins: bool) -> Option<Part<TenantEntry>> {
        let whole = self.suspended <= self.bounds.tenants;
        let most = if whole { self.bounds.tenants } else { self.bounds.part };
        let place = asked.or_else(|| (begins && whole).then_some(Place::FIRST))?;
        part(place, self.suspended, most, |from, to| {
            let (from, to) = (TenantHash::at(from), TenantHash::at(to));
            self.tenants.range(from..=to).map(|(_, (_, entry))| *entry).filter(|entry| entry.suspended)
        })
    }
}

/// The largest part around `place` that has no more than `most` entries.
fn part<E: Serialize, I: Iterator<Item = E>>(
    place: Place,
    all: usize,
    most: usize,
    entries: impl Fn(Place, Place) -> I,
) -> Option<Part<E>> {
    // No part with fewer bits than this can be expected to be small enough.
    let expected = all.div_ceil(most.max(1)).max(1).next_power_of_two().ilog2();
    (expected..=u64::BITS).find_map(|bits| {
        let (from, to) = place.bounds(bits);
        // Nothing is left out of the smallest part.
        let most_taken = if bits == u64::BITS { usize::MAX } else { most + 1 };
        let entries: Vec<_> = entries(from, to).take(most_taken).collect();
        (entries.len() <= most || bits == u64::BITS).then_some(Part { bits, place, entries })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyDigest, TenantId, access::record::KeyState, base::timestamp::Timestamp};
    use alloc::{collections::BTreeSet, format};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn key(name: u64, version: u64) -> KeyEntry {
        let key = KeyHash::of(&KeyDigest::of(&format!("{name}")));
        let expires_at = Some(Timestamp::from_millis(1_790_000_000_000));
        KeyEntry { key, version, state: KeyState::Disabled, expires_at }
    }

    fn tenant(name: u64, version: u64, suspended: bool) -> TenantEntry {
        let tenant = TenantHash::of("e", &TenantId::parse(&format!("tenant-{name}")).unwrap());
        TenantEntry { tenant, version, suspended }
    }

    /// A mirror with this many changed keys and suspended tenants.
    fn mirror(keys: u64, tenants: u64) -> (Mirror, Head) {
        let mut mirror = Mirror::new(BOUNDS);
        (1..=keys).for_each(|name| mirror.put_key(name, key(name, 300)));
        (1..=tenants).for_each(|name| mirror.put_tenant(keys + name, tenant(name, 127, true)));
        (mirror, Head { floor: 0, last: keys + tenants })
    }

    fn request(epoch: Option<&str>, cursor: u64, key: Option<Place>, tenant: Option<Place>) -> PollRequest {
        PollRequest { epoch: epoch.map(String::from), cursor, max_staleness_ms: 2_000, key, tenant }
    }

    #[test]
    fn the_answer_to_a_cold_isolate_has_64_kib_at_most_whatever_the_log_holds() {
        for (keys, tenants) in [(0, 0), (150, 0), (100_000, 0), (150, 4_000), (100_000, 4_000), (1_000, 20_000)] {
            let (mirror, head) = mirror(keys, tenants);
            let place = key(7, 1).key.place();
            let answer = mirror.answer(&request(None, 0, Some(place), None), "e", head);
            let length = serde_json::to_string(&answer).unwrap().len();
            assert!(length <= 64 * 1_024, "{keys} keys, {tenants} tenants: {length} bytes");
            assert!(answer.reset && !answer.more && answer.cursor == head.last);
            let part = answer.key_part.unwrap();
            assert_eq!(part.entries.iter().any(|entry| entry.key.place() == place), keys > 0);
            assert_eq!(part.bits == 0, keys <= 150);
            assert_eq!(answer.tenant_part.is_some(), tenants <= 4_000);
        }
    }

    #[test]
    fn the_parts_are_all_of_the_log() {
        let (mirror, head) = mirror(5_000, 5_000);
        let (mut keys, mut tenants, mut calls) = (BTreeSet::new(), BTreeSet::new(), 0);
        for name in 1..=5_000 {
            let (key, tenant) = (key(name, 300), tenant(name, 127, true));
            if keys.contains(&key.key) && tenants.contains(&tenant.tenant) {
                continue;
            }
            calls += 1;
            let asked = request(Some("e"), head.last, Some(key.key.place()), Some(tenant.tenant.place()));
            let answer = mirror.answer(&asked, "e", head);
            let (key_part, tenant_part) = (answer.key_part.unwrap(), answer.tenant_part.unwrap());
            assert!(key_part.entries.contains(&key) && tenant_part.entries.contains(&tenant));
            assert!(key_part.entries.len() <= BOUNDS.page && tenant_part.entries.len() <= BOUNDS.part);
            keys.extend(key_part.entries.into_iter().map(|entry| entry.key));
            tenants.extend(tenant_part.entries.into_iter().map(|entry| entry.tenant));
        }
        assert_eq!((keys.len(), tenants.len()), (5_000, 5_000));
        assert!(calls <= 130, "{calls} calls");
    }

    #[test]
    fn nothing_is_left_out_where_somebody_chose_digests_of_one_place() {
        let mut mirror = Mirror::new(BOUNDS);
        let digest = |last: u8| {
            let mut bytes = [7; 32];
            bytes[31] = last;
            KeyDigest::from_bytes(bytes)
        };
        for last in 0..=u8::MAX {
            let key = KeyHash::of(&digest(last));
            mirror
                .put_key(u64::from(last) + 1, KeyEntry { key, version: 2, state: KeyState::Active, expires_at: None });
        }
        let place = KeyHash::of(&digest(0)).place();
        let answer = mirror.answer(&request(None, 0, Some(place), None), "e", Head { floor: 0, last: 256 });
        assert_eq!(answer.key_part.unwrap().entries.len(), 256);
    }

    #[test]
    fn a_warm_isolate_gets_what_came_after_its_cursor_page_by_page() {
        let (mut mirror, _) = mirror(1_500, 0);
        mirror.put_key(1_501, key(1_000, 301));
        let head = Head { floor: 0, last: 1_501 };
        let page = mirror.answer(&request(Some("e"), 400, None, None), "e", head);
        assert_eq!((page.keys.len(), page.cursor, page.more), (1_000, 1_401, true));
        let rest = mirror.answer(&request(Some("e"), page.cursor, None, None), "e", head);
        assert_eq!((rest.keys.len(), rest.cursor, rest.more), (100, 1_501, false));
        assert_eq!(rest.keys.last(), Some(&key(1_000, 301)));
        let none = mirror.answer(&request(Some("e"), 1_501, None, None), "e", head);
        assert_eq!((none.keys.len(), none.cursor, none.more), (0, 1_501, false));
        assert!(none.key_part.is_none() && none.tenant_part.is_none());
    }

    #[test]
    fn the_last_page_ends_at_the_logs_end_though_its_entries_are_gone() {
        let mut mirror = mirror(3, 0).0;
        (1..=3).for_each(|number| mirror.trim(number));
        let answer = mirror.answer(&request(Some("e"), 3, None, None), "e", Head { floor: 3, last: 3 });
        assert_eq!((mirror.log.len(), answer.reset, answer.cursor), (0, false, 3));
        assert!(mirror.answer(&request(Some("e"), 2, None, None), "e", Head { floor: 3, last: 3 }).reset);
    }

    #[test]
    fn a_suspension_outlives_its_entry_and_a_resumption_does_not() {
        let mut mirror = Mirror::new(BOUNDS);
        mirror.put_tenant(1, tenant(1, 1, true));
        mirror.put_tenant(2, tenant(2, 2, false));
        mirror.put_suspension(tenant(3, 1, true));
        mirror.put_suspension(tenant(1, 1, true));
        (1..=2).for_each(|number| mirror.trim(number));
        let part = |mirror: &Mirror| {
            let answer = mirror.answer(&request(None, 0, None, None), "e", Head { floor: 2, last: 2 });
            answer.tenant_part.unwrap().entries.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(part(&mirror).len(), 2);
        mirror.put_tenant(4, tenant(1, 2, false));
        assert_eq!(part(&mirror), [tenant(3, 1, true)]);
    }
}
