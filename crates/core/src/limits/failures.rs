//! The failures of network addresses, by which an isolate stops to spend on junk.
//!
//! A request fails if it presents no key, or none that an isolate can let through: absent, malformed, in the wrong place,
//! or of an imported form without a record. An address that fails more often than [`MAX_FAILURES`] times in
//! [`WINDOW_MS`] is told so, and its imported forms that aren't in memory wait before storage. A key with a valid tag
//! never fails here: it costs a guess of one in 62⁶ to have one, so whoever sends it is not delayed by others at the
//! same address.
//!
//! The table is the isolate's, bounded in entries. A flood from many addresses makes it forget, which delays nobody.

use alloc::collections::BTreeMap;
use core::net::IpAddr;

use crate::base::timestamp::{MINUTE_MS, Timestamp};

/// The failures of one address in a window that the edge answers like any others.
pub const MAX_FAILURES: u32 = 300;
/// The window, milliseconds.
pub const WINDOW_MS: i64 = MINUTE_MS;
/// The maximum number of addresses in the table. An entry takes some 60 bytes.
pub const MAX_ADDRESSES: usize = 8_192;

/// The failures that an isolate has seen.
///
/// Two generations replace an exact order: an address that fails moves to the young generation. When that has half
/// the addresses, the old one is dropped.
#[derive(Debug)]
pub struct Failures {
    /// The failures of one address in a window that are answered like any others.
    most: u32,
    young: BTreeMap<Network, Window>,
    old: BTreeMap<Network, Window>,
}

/// The sender of requests as far as the table tells them apart: an IPv4 address, or the /64 of an IPv6 address, of which one client has all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network(u64, bool);

/// The failures of a network since a time.
#[derive(Clone, Copy, Debug)]
struct Window {
    began_at: Timestamp,
    failures: u32,
}

impl Default for Failures {
    fn default() -> Self {
        Self::allowing(MAX_FAILURES)
    }
}

impl Failures {
    /// A table that allows each address so many failures in a window.
    #[must_use]
    pub const fn allowing(most: u32) -> Self {
        Self { most, young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// Notes that a request from this address failed. Returns the time that the address has to wait, milliseconds, if
    /// it failed too often.
    pub fn note(&mut self, address: IpAddr, now: Timestamp) -> Option<i64> {
        let network = Network::of(address);
        let window = self.take(network).filter(|window| window.left_ms(now).is_some());
        let mut window = window.unwrap_or(Window { began_at: now, failures: 0 });
        window.failures = window.failures.saturating_add(1);
        self.put(network, window);
        window.wait_ms(self.most, now)
    }

    /// The time that this address has to wait before a request may fail again, milliseconds, if there is one.
    #[must_use]
    pub fn wait_ms(&self, address: IpAddr, now: Timestamp) -> Option<i64> {
        let network = Network::of(address);
        let window = self.young.get(&network).or_else(|| self.old.get(&network))?;
        // The next failure would be one too many.
        Window { failures: window.failures.saturating_add(1), ..*window }.wait_ms(self.most, now)
    }

    fn take(&mut self, network: Network) -> Option<Window> {
        self.young.remove(&network).or_else(|| self.old.remove(&network))
    }

    fn put(&mut self, network: Network, window: Window) {
        if self.young.len() >= MAX_ADDRESSES / 2 {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(network, window);
    }

    #[cfg(test)]
    fn addresses(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(u64::from(u32::from(address)), false),
            IpAddr::V6(address) => Self((u128::from(address) >> 64) as u64, true),
        }
    }
}

impl Window {
    /// The time until the window ends; `None` if it has, or if the clock was set back to before it began.
    fn left_ms(&self, now: Timestamp) -> Option<i64> {
        let left = WINDOW_MS - now.millis_since(self.began_at);
        (1..=WINDOW_MS).contains(&left).then_some(left)
    }

    fn wait_ms(&self, most: u32, now: Timestamp) -> Option<i64> {
        if self.failures > most { self.left_ms(now) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    /// A table in which an address has failed so many times.
    fn failed(times: u32) -> Failures {
        let mut failures = Failures::default();
        for _ in 0..times {
            failures.note(ONE, NOW);
        }
        failures
    }

    #[test]
    fn the_failure_after_the_three_hundredth_of_a_minute_is_one_too_many() {
        let mut failures = failed(MAX_FAILURES - 1);
        assert_eq!(failures.wait_ms(ONE, NOW), None);
        assert_eq!(failures.note(ONE, NOW), None);
        assert_eq!(failures.wait_ms(ONE, NOW), Some(WINDOW_MS));
        let later = NOW.plus_millis(WINDOW_MS - 1);
        assert_eq!(failures.note(ONE, later), Some(1));
        assert_eq!(failures.note(OTHER, later), None, "another address");
    }

    #[test]
    fn who_waits_as_long_as_told_may_fail_again() {
        let mut failures = failed(MAX_FAILURES + 1);
        let waited = NOW.plus_millis(failures.wait_ms(ONE, NOW).unwrap());
        assert_eq!(failures.wait_ms(ONE, waited), None);
        assert_eq!(failures.note(ONE, waited), None);
    }

    #[test]
    fn a_clock_that_was_set_back_begins_anew() {
        let mut failures = failed(MAX_FAILURES + 1);
        assert_eq!(failures.note(ONE, NOW.plus_millis(-1)), None);
    }

    #[test]
    fn an_ipv6_client_is_known_by_its_64_bits() {
        let address = |last: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        let mut failures = Failures::default();
        for last in 0..=u16::try_from(MAX_FAILURES).unwrap() {
            failures.note(address(last), NOW);
        }
        assert!(failures.wait_ms(address(9_999), NOW).is_some());
        let elsewhere = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1));
        assert_eq!(failures.wait_ms(elsewhere, NOW), None);
        // An IPv4 address is the same written as IPv6.
        let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
        assert!(failed(MAX_FAILURES).wait_ms(mapped, NOW).is_some());
    }

    #[test]
    fn a_hundred_thousand_addresses_stay_in_the_bound_and_those_that_fail_on_are_remembered() {
        let mut failures = failed(MAX_FAILURES);
        for index in 0..100_000_u32 {
            failures.note(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + index)), NOW);
            if index % 1_000 == 0 {
                failures.note(ONE, NOW);
            }
            assert!(failures.addresses() <= MAX_ADDRESSES);
        }
        assert!(failures.wait_ms(ONE, NOW).is_some());
    }
}
