//! The entries of the log as edges hold them: short, and in parts.
//!
//! An entry of a key says its version and what restricts it; the record is read from KV or from the feed when the key
//! is next used. A key is named by its whole digest, since whoever imports keys chooses digests. A tenant is named by 8
//! bytes of a digest of its name and the log's own, which nobody outside knows, so nobody can choose equal ones.
//!
//! A cold isolate gets the [`Part`] of the entries that its request needs, and other parts when it needs them. Entries
//! travel in binary, in base64.

use alloc::{string::String, vec::Vec};

use base64ct::{Base64Unpadded, Encoding as _};
use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    access::record::{KeyState, Stored},
    base::{id::TenantId, timestamp::Timestamp},
    key::KeyDigest,
};

/// A key's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KeyHash([u8; 32]);

/// The first 8 bytes of the SHA-256 of a log's name and a tenant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TenantHash([u8; 8]);

impl KeyHash {
    /// The hash of a key.
    #[must_use]
    pub const fn of(digest: &KeyDigest) -> Self {
        Self(*digest.as_bytes())
    }

    /// Its place among all hashes.
    #[must_use]
    pub fn place(self) -> Place {
        Place(u64::from_be_bytes(first_bytes(&self.0)))
    }

    pub(super) const fn first_byte(self) -> u8 {
        let [first, ..] = self.0;
        first
    }

    /// The first hash at a place.
    pub(super) fn first_at(place: Place) -> Self {
        Self::at(place, 0)
    }

    /// The last hash at a place.
    pub(super) fn last_at(place: Place) -> Self {
        Self::at(place, u8::MAX)
    }

    fn at(place: Place, rest: u8) -> Self {
        let mut bytes = [rest; 32];
        if let Some(first) = bytes.first_chunk_mut() {
            *first = place.0.to_be_bytes();
        }
        Self(bytes)
    }
}

impl TenantHash {
    /// The hash of a tenant in the log with the name `epoch`.
    #[must_use]
    pub fn of(epoch: &str, tenant: &TenantId) -> Self {
        let digest = Sha256::new().chain_update(epoch).chain_update([0]).chain_update(tenant.as_str()).finalize();
        Self(first_bytes(&digest))
    }

    /// Its place among all hashes.
    #[must_use]
    pub const fn place(self) -> Place {
        Place(u64::from_be_bytes(self.0))
    }

    /// The hash at a place.
    pub(super) const fn at(place: Place) -> Self {
        Self(place.0.to_be_bytes())
    }
}

fn first_bytes<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

/// A place among all hashes: the first 8 bytes of one. In a message it is 16 hexadecimal digits, since JavaScript's
/// numbers end at 53 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

impl Place {
    /// The first of all places.
    pub const FIRST: Self = Self(0);
    pub(super) const LAST: Self = Self(u64::MAX);

    /// The first and the last place that begin with the same bits.
    #[must_use]
    pub fn bounds(self, bits: u32) -> (Self, Self) {
        let others = u64::MAX.checked_shr(bits).unwrap_or(0);
        (Self(self.0 & !others), Self(self.0 | others))
    }

    fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base16ct::lower::encode_string(&self.0.to_be_bytes()))
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("16 hexadecimal digits expected"))
    }
}

/// The latest change of a key: its version, and what restricts it whatever else is in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KeyEntry {
    /// The key.
    pub key: KeyHash,
    /// The record's version.
    pub version: u64,
    /// The state.
    pub state: KeyState,
    /// The expiry.
    pub expires_at: Option<Timestamp>,
}

impl KeyEntry {
    /// The entry of a record. A record for newer readers restricts nothing by its entry: whoever reads it is told that
    /// it is too new.
    #[must_use]
    pub fn of(digest: &KeyDigest, stored: &Stored) -> Self {
        let (state, expires_at) = match stored {
            Stored::Known(record) => (record.state, record.expires_at),
            Stored::TooNew { .. } => (KeyState::Active, None),
        };
        Self { key: KeyHash::of(digest), version: stored.version(), state, expires_at }
    }

    /// Whether the key is refused at `now`, whatever else its record says.
    #[must_use]
    pub fn refuses(&self, now: Timestamp) -> bool {
        self.state != KeyState::Active || self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// The entry that wins of two entries of one key: a revocation, else the higher version, else the more restrictive
    /// one.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let rank = |entry: &Self| {
            let expires = core::cmp::Reverse(entry.expires_at.map_or(i64::MAX, Timestamp::as_millis));
            (entry.state == KeyState::Revoked, entry.version, entry.state, expires)
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// The latest status of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TenantEntry {
    /// The tenant.
    pub tenant: TenantHash,
    /// The version of its status.
    pub version: u64,
    /// Whether its keys are refused.
    pub suspended: bool,
}

impl TenantEntry {
    /// Whether it is newer than `other`: the higher version wins, and of equal versions the suspension.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        (self.version, self.suspended) > (other.version, other.suspended)
    }
}

/// An entry that is read from its binary form. It is read by hand: serde's derived decoders would take a hundredth of
/// the edge worker's permitted size.
pub trait Entry: Serialize + Sized {
    /// Reads the first of the bytes; `None` if they are malformed.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

impl Entry for KeyEntry {
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            key: KeyHash(take(bytes)?),
            version: number(bytes)?,
            state: match number(bytes)? {
                0 => KeyState::Active,
                1 => KeyState::Disabled,
                2 => KeyState::Revoked,
                _ => return None,
            },
            expires_at: match number(bytes)? {
                0 => None,
                _ => {
                    // Signed numbers take turns: 0, -1, 1, -2 and so on.
                    let number = number(bytes)?;
                    Some(Timestamp::from_millis((number >> 1) as i64 ^ -((number & 1) as i64)))
                }
            },
        })
    }
}

impl Entry for TenantEntry {
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self { tenant: TenantHash(take(bytes)?), version: number(bytes)?, suspended: number(bytes)? != 0 })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take(bytes)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Entries as a message has them: the binary form of postcard, in base64.
#[must_use]
pub fn write<E: Serialize>(entries: &Vec<E>) -> String {
    Base64Unpadded::encode_string(&postcard::to_allocvec(entries).unwrap_or_default())
}

/// Reads [`write()`]; `None` if the text is malformed.
#[must_use]
pub fn read<E: Entry>(text: &str) -> Option<Vec<E>> {
    let bytes = Base64Unpadded::decode_vec(text).ok()?;
    let mut rest = bytes.as_slice();
    let count = number(&mut rest)?;
    (0..count).map(|_| E::read(&mut rest)).collect()
}

/// Writes entries into a message.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<E: Serialize, S: serde::Serializer>(entries: &Vec<E>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&write(entries))
}

/// All entries whose places begin with the same bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part<E: Serialize> {
    /// The number of these bits; 0 for all entries.
    pub bits: u32,
    /// A place in the part.
    pub place: Place,
    /// The entries.
    #[serde(serialize_with = "serialize")]
    pub entries: Vec<E>,
}

impl<E: Entry> Part<E> {
    /// Reads a part; `None` if it is malformed.
    #[must_use]
    pub fn decode(json: &Value) -> Option<Self> {
        let place = Place::parse(json.get("place")?.as_str()?)?;
        let bits = u32::try_from(json.get("bits")?.as_u64()?).ok()?;
        Some(Self { bits, place, entries: read(json.get("entries")?.as_str()?)? })
    }
}

/// The places whose entries an isolate has.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// Spans that don't touch each other, in order, with their ends.
    spans: Vec<(Place, Place)>,
}

impl Coverage {
    pub(super) fn has(&self, place: Place) -> bool {
        let after = self.spans.partition_point(|(first, _)| *first <= place);
        after.checked_sub(1).and_then(|at| self.spans.get(at)).is_some_and(|(_, last)| place <= *last)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.spans == [(Place::FIRST, Place::LAST)]
    }

    pub(super) fn add<E: Serialize>(&mut self, part: &Part<E>) {
        let (mut first, mut last) = part.place.bounds(part.bits);
        self.spans.retain(|(from, to)| {
            let touches = from.0 <= last.0.saturating_add(1) && first.0 <= to.0.saturating_add(1);
            if touches {
                (first, last) = (first.min(*from), last.max(*to));
            }
            !touches
        });
        let at = self.spans.partition_point(|(from, _)| *from < first);
        self.spans.insert(at, (first, last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn entry(version: u64, state: KeyState, expires_at: Option<i64>) -> KeyEntry {
        let expires_at = expires_at.map(Timestamp::from_millis);
        KeyEntry { key: KeyHash::of(&KeyDigest::of("abc")), version, state, expires_at }
    }

    #[test]
    fn the_binary_forms_are_golden() {
        let keys = vec![entry(3, KeyState::Active, None), entry(300, KeyState::Disabled, Some(1_790_000_000_000))];
        let text =
            "Arp4Fr+PAc/qQUFA3l2uIiOwA2Gjlhd6nLQQ/2HyABWtAwAAungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa2sAgEBgLCDxZho";
        assert_eq!((write(&keys).as_str(), read::<KeyEntry>(text)), (text, Some(keys)));
        let tenants = vec![TenantEntry {
            tenant: TenantHash::of("e1", &TenantId::parse("acme").unwrap()),
            version: 2,
            suspended: true,
        }];
        let text = "ATF7SH/AVvW+AgE";
        assert_eq!((write(&tenants).as_str(), read::<TenantEntry>(text)), (text, Some(tenants)));
        assert_eq!(read::<KeyEntry>("AQ"), None, "an entry that is cut off");
        assert_eq!(read::<KeyEntry>("é"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(version: u64, state in 0..3usize, expires_at: Option<i64>, suspended: bool) {
            let state = [KeyState::Active, KeyState::Disabled, KeyState::Revoked][state];
            let keys = vec![entry(version, state, expires_at), entry(7, state, None)];
            assert_eq!(read(&write(&keys)), Some(keys));
            let tenant = TenantHash::of("e1", &TenantId::parse("acme").unwrap());
            let tenants = vec![TenantEntry { tenant, version, suspended }];
            assert_eq!(read(&write(&tenants)), Some(tenants));
        }

        #[test]
        fn any_bytes_are_entries_or_not(bytes: alloc::vec::Vec<u8>) {
            let text = Base64Unpadded::encode_string(&bytes);
            let _ = (read::<KeyEntry>(&text), read::<TenantEntry>(&text));
        }
    }

    #[test]
    fn an_entry_takes_about_forty_bytes() {
        let many = vec![entry(90, KeyState::Active, Some(1_790_000_000_000)); 1_000];
        assert!(write(&many).len() < 57_000, "{}", write(&many).len());
    }

    #[test]
    fn a_part_reads_back_and_has_bounds() {
        let place = Place(0xabcd_0000_0000_0001);
        let part = Part { bits: 8, place, entries: vec![entry(3, KeyState::Revoked, None)] };
        assert_eq!(place.bounds(8), (Place(0xab00_0000_0000_0000), Place(0xabff_ffff_ffff_ffff)));
        assert_eq!(place.bounds(0), (Place(0), Place::LAST));
        assert_eq!(place.bounds(64), (place, place));
        let json = serde_json::to_value(&part).unwrap();
        assert_eq!(json["place"], "abcd000000000001");
        assert_eq!(Part::decode(&json), Some(part));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let mut coverage = Coverage::default();
        let part = |place: u64, bits| Part::<KeyEntry> { bits, place: Place(place << 56), entries: vec![] };
        coverage.add(&part(0x80, 8));
        assert!(coverage.has(Place(0x80 << 56)) && !coverage.has(Place(0x81 << 56)) && !coverage.has(Place(0)));
        for first in (0..=0xff).rev() {
            coverage.add(&part(first, 8));
        }
        assert!(coverage.is_whole() && coverage.has(Place(0)) && coverage.has(Place::LAST));
        let mut coverage = Coverage::default();
        coverage.add(&part(0xff, 8));
        coverage.add(&part(0, 1));
        assert!(!coverage.is_whole() && coverage.has(Place(0x7f << 56)) && !coverage.has(Place(0xa0 << 56)));
        coverage.add(&part(0, 0));
        assert!(coverage.is_whole());
    }

    #[test]
    fn of_two_entries_the_revocation_wins_then_the_higher_version_then_the_more_restrictive() {
        let (active, disabled) = (entry(3, KeyState::Active, None), entry(3, KeyState::Disabled, None));
        let (later, revoked) = (entry(4, KeyState::Active, None), entry(2, KeyState::Revoked, None));
        for (winner, loser) in [(disabled, active), (later, disabled), (revoked, later)] {
            assert_eq!((winner.merge(loser), loser.merge(winner)), (winner, winner));
        }
        let expiring = entry(3, KeyState::Active, Some(7));
        assert_eq!(active.merge(expiring), expiring);
    }
}
