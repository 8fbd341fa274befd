//! The relays: objects between the edge and the feed. A relay answers `/poll`, `/follow` and `/record` as the
//! [feed](super::feed) does, from a copy of its log.
//!
//! There are two tiers. A **local** relay is for the isolates of one location of Cloudflare's; it follows a **regional**
//! one of their continent, which follows the feed. Whoever calls a local relay names the regional one in the address of
//! the call ([`Target::path`]), so an object needs to know nothing of itself. A relay that fails is passed over, and the
//! next of its kind is asked; nobody asks the feed in its place.

use alloc::{
    format,
    string::{String, ToString},
};

use crate::base::timestamp::Timestamp;

/// The binding.
pub const BINDING: &str = "RELAY";

/// The number of regional relays on a continent. Seven continents make 28.
const REGIONAL: u64 = 4;
/// The number of locations that isolates spread over which don't know their own: no request told them.
const UNKNOWN_LOCATIONS: u64 = 64;
/// The time within which a local relay answers, milliseconds; the isolate has time left to ask another one. A relay that
/// answers so late says that it lives and the feed is out of its reach.
pub const LOCAL_ANSWERS_WITHIN_MS: u64 = 600;
/// The time after which an isolate gives a local relay up, milliseconds.
pub const LOCAL_TIMEOUT_MS: u64 = 650;
/// The time within which a regional relay answers, milliseconds: less than a local one waits for it.
pub const REGIONAL_ANSWERS_WITHIN_MS: u64 = 400;
/// The time for which a regional relay is asked in place of a local one that failed, milliseconds.
const LOCAL_RETRY_MS: i64 = 30_000;
/// The place in the names of relays of isolates that don't know their location or continent. No location or continent of
/// Cloudflare's is named so, and the two differ: else a relay could be local and regional, and follow itself.
const UNKNOWN_LOCATION: &str = "unknown";
const UNKNOWN_CONTINENT: &str = "elsewhere";
/// The name of the query's member that names the parent.
const PARENT: &str = "?parent=";

/// A relay to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The object's name.
    pub name: String,
    /// The name of the relay that it follows; `None` for a regional relay, which follows the feed.
    pub parent: Option<String>,
}

impl Target {
    /// The path of the call `path` at this relay.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        match &self.parent {
            Some(parent) => [path, PARENT, parent].concat(),
            None => path.to_string(),
        }
    }
}

/// Splits what [`Target::path`] made: the path of the call, and the name of the relay's parent.
#[must_use]
pub fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once(PARENT).map_or((path, None), |(path, parent)| (path, Some(parent)))
}

/// The relays of an isolate, and the one that it asks now.
#[derive(Clone, Debug)]
pub struct Route {
    local: String,
    continent: String,
    /// The number of the regional relay, of those of the continent.
    regional: u64,
    /// The time at which the local relay failed last.
    failed_at: Option<Timestamp>,
}

impl Route {
    /// The relays of an isolate at the location `colo`, asked from `continent`, as a request states them (empty if it
    /// doesn't). `random` is the isolate's own: it chooses among `per_location` local relays.
    #[must_use]
    pub fn new(colo: &str, continent: &str, per_location: u8, random: u64) -> Self {
        let locations = if colo.is_empty() { UNKNOWN_LOCATIONS } else { 1 };
        let local = random % (u64::from(per_location.max(1)) * locations);
        let place = if colo.is_empty() { local } else { colo.bytes().map(u64::from).sum() };
        let regional = place % REGIONAL;
        let known = |stated, unknown| if str::is_empty(stated) { unknown } else { stated };
        let local = format!("{}.{local}", known(colo, UNKNOWN_LOCATION));
        Self { local, continent: known(continent, UNKNOWN_CONTINENT).into(), regional, failed_at: None }
    }

    /// The relay to ask now.
    #[must_use]
    pub fn target(&self, now: Timestamp) -> Target {
        let regional = format!("{}.{}", self.continent, self.regional);
        // A clock that was set back ends the time for which the local relay is passed over, too.
        match self.failed_at.map(|at| now.millis_since(at)) {
            Some(0..LOCAL_RETRY_MS) => Target { name: regional, parent: None },
            _ => Target { name: self.local.clone(), parent: Some(regional) },
        }
    }

    /// Records that a relay failed, or was too slow. The next one is another.
    pub fn failed(&mut self, target: &Target, now: Timestamp) {
        if target.parent.is_some() {
            self.failed_at = Some(now);
        } else if *target == self.target(now) {
            self.regional = (self.regional + 1) % REGIONAL;
        }
    }
}

/// The regional relays of a continent, beginning with the one to ask now.
#[derive(Clone, Debug)]
pub struct Parents {
    first: String,
}

impl Parents {
    /// These relays, beginning with `first`.
    #[must_use]
    pub const fn new(first: String) -> Self {
        Self { first }
    }

    /// The one to ask now.
    #[must_use]
    pub fn target(&self) -> Target {
        Target { name: self.first.clone(), parent: None }
    }

    /// Records that a relay failed. If it is the first one, the next one takes its place.
    pub fn failed(&mut self, name: &str) {
        if name == self.first
            && let Some((continent, number)) = name.rsplit_once('.')
        {
            let number: u64 = number.parse().unwrap_or_default();
            self.first = format!("{continent}.{}", (number + 1) % REGIONAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    /// Another name is another object, which begins without a copy of the log.
    #[test]
    fn names_stay_as_deployed_versions_know_them() {
        let names = |colo, continent, per_location, random| {
            let Target { name, parent } = Route::new(colo, continent, per_location, random).target(NOW);
            (name, parent.unwrap())
        };
        assert_eq!(names("FRA", "EU", 1, 7), ("FRA.0".into(), "EU.1".into()));
        assert_eq!(names("FRA", "EU", 4, 7), ("FRA.3".into(), "EU.1".into()));
        assert_eq!(names("", "", 4, 7 + 256 * 66), ("unknown.7".into(), "elsewhere.3".into()));
    }

    #[test]
    fn no_relay_is_local_and_regional() {
        let places = [("", ""), ("", "EU"), ("FRA", ""), ("FRA", "EU")];
        let targets = places
            .iter()
            .flat_map(|(colo, continent)| (0..256).map(|random| Route::new(colo, continent, 4, random).target(NOW)));
        let (local, regional): (BTreeSet<_>, BTreeSet<_>) =
            targets.map(|target| (target.name, target.parent.unwrap())).unzip();
        assert_eq!(local.intersection(&regional).count(), 0);
    }

    #[test]
    fn all_isolates_of_a_location_have_one_parent_and_share_its_relays() {
        let targets = (0..1_000).map(|random| Route::new("SYD", "OC", 3, random * 257).target(NOW));
        let (names, parents): (BTreeSet<_>, BTreeSet<_>) = targets.map(|target| (target.name, target.parent)).unzip();
        assert_eq!((names.len(), parents.len()), (3, 1));
    }

    #[test]
    fn isolates_that_know_no_location_spread_over_64() {
        let names: BTreeSet<_> = (0..100_000).map(|random| Route::new("", "", 1, random).target(NOW).name).collect();
        assert_eq!(names.len(), 64);
    }

    #[test]
    fn a_local_relay_that_fails_is_passed_over_for_half_a_minute() {
        let mut route = Route::new("FRA", "EU", 1, 0);
        let local = route.target(NOW);
        route.failed(&local, NOW);
        let regional = Target { name: "EU.1".into(), parent: None };
        assert_eq!(route.target(NOW), regional);
        assert_eq!(route.target(NOW.plus_millis(29_000)), regional);
        assert_eq!(route.target(NOW.plus_millis(30_000)), local);
        assert_eq!(route.target(NOW.plus_millis(-1)), local, "the clock was set back");
    }

    #[test]
    fn the_next_regional_relay_takes_the_place_of_one_that_fails_once_for_all_its_callers() {
        let mut route = Route::new("FRA", "EU", 1, 0);
        route.failed(&route.target(NOW), NOW);
        let mut asked = BTreeSet::new();
        for _ in 0..4 {
            let target = route.target(NOW);
            asked.insert(target.name.clone());
            route.failed(&target, NOW);
            // A call of another request that was under way fails, too.
            route.failed(&target, NOW);
        }
        assert_eq!(asked.len(), 4);
        assert_eq!(route.target(NOW).name, "EU.1");
        let mut parents = Parents::new("EU.3".into());
        parents.failed("EU.1");
        assert_eq!(parents.target().name, "EU.3");
        parents.failed("EU.3");
        assert_eq!(parents.target(), Target { name: "EU.0".into(), parent: None });
    }

    #[test]
    fn a_call_names_the_parent_in_its_address() {
        let route = Route::new("FRA", "EU", 1, 0);
        let path = route.target(NOW).path("/poll");
        assert_eq!(path, "/poll?parent=EU.1");
        assert_eq!(split(&path), ("/poll", Some("EU.1")));
        assert_eq!(split(&Parents::new("EU.1".into()).target().path("/follow")), ("/follow", None));
    }
}
