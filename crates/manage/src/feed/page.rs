//! The choice of the page that answers a poll. No I/O.

use keystile_core::{
    KeyDigest, TenantId,
    feed::{
        log::Head,
        message::{Change, PAGE_ENTRIES, TenantStatus},
    },
};
use serde::Deserialize;

/// The approximate number of bytes of records in a page, so that an isolate can read it quickly.
const PAGE_BYTES: usize = 1024 * 1024;

/// A row of the log, joined with the present state of its subject.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) digest: Option<KeyDigest>,
    pub(super) record: Option<String>,
    pub(super) tenant: Option<TenantId>,
    pub(super) version: Option<u64>,
    pub(super) suspended: Option<u8>,
}

/// One page.
#[derive(Debug, PartialEq)]
pub(super) struct Page {
    pub(super) changes: Vec<Change>,
    pub(super) cursor: u64,
    pub(super) more: bool,
}

/// Cuts a page off entries in the order of the log. They reach to its end, unless there are more than fit into a page.
/// Entries below the floor are never cut off, since the cursor of the page may not be below the floor.
pub(super) fn cut(entries: Vec<Entry>, head: Head) -> Page {
    let mut page = Page { changes: Vec::new(), cursor: head.last, more: false };
    let (mut above_floor, mut bytes, mut last) = (0, 0, head.floor);
    for entry in entries {
        if entry.seq > head.floor {
            if above_floor == PAGE_ENTRIES || (bytes >= PAGE_BYTES && above_floor > 0) {
                return Page { cursor: last, more: true, ..page };
            }
            above_floor += 1;
            last = entry.seq;
        }
        bytes += entry.record.as_ref().map_or(0, String::len);
        page.changes.extend(entry.into_change());
    }
    page
}

impl Entry {
    fn into_change(self) -> Option<Change> {
        match self {
            Self { digest: Some(digest), record: Some(record), .. } => Some(Change::Key { digest, record }),
            Self { tenant: Some(tenant), version: Some(version), suspended: Some(suspended), .. } => {
                Some(Change::Tenant(TenantStatus { tenant, version, suspended: suspended != 0 }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { floor: 10, last: 5_000 };

    fn entry(seq: u64, bytes: usize) -> Entry {
        let digest = Some(KeyDigest::of(&seq.to_string()));
        Entry { seq, digest, record: Some("x".repeat(bytes)), tenant: None, version: None, suspended: None }
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let all: Vec<_> = (11..=3_010).map(|seq| entry(seq, 1)).collect();
        let head = Head { floor: 10, last: 3_010 };
        let (mut cursor, mut seen) = (10, 0);
        loop {
            let rest = all.iter().filter(|entry| entry.seq > cursor).take(PAGE_ENTRIES + 1).cloned().collect();
            let page = cut(rest, head);
            seen += page.changes.len();
            cursor = page.cursor;
            if !page.more {
                break;
            }
            assert_eq!(page.changes.len(), PAGE_ENTRIES);
        }
        assert_eq!((cursor, seen), (3_010, 3_000));
    }

    #[test]
    fn the_last_page_ends_at_the_logs_end_though_its_entries_are_gone() {
        assert_eq!(cut(vec![], HEAD), Page { changes: vec![], cursor: 5_000, more: false });
    }

    #[test]
    fn what_lingers_below_the_floor_comes_whole_so_that_the_cursor_is_above_it() {
        let lingering = (1..=10).map(|seq| entry(seq, PAGE_BYTES));
        let above = (11..=20).map(|seq| entry(seq, PAGE_BYTES));
        let page = cut(lingering.chain(above).collect(), HEAD);
        assert_eq!((page.changes.len(), page.cursor, page.more), (11, 11, true));
        assert!(page.cursor >= HEAD.floor);
    }

    #[test]
    fn large_records_make_short_pages_and_never_none() {
        let page = cut(vec![entry(11, 2 * PAGE_BYTES), entry(12, 1), entry(13, 1)], HEAD);
        assert_eq!((page.changes.len(), page.cursor, page.more), (1, 11, true));
    }
}
