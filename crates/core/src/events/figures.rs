//! What endpoints tell of themselves for metrics, and the totals that the router of the deployment keeps of it.
//!
//! A reader of metrics asks that router alone, however many endpoints there are. An endpoint reports once a minute at
//! most, and only if something has changed. Its attempts are counted from its beginning, so a report that is lost, or
//! comes twice, makes no total wrong.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{attempt::AttemptOutcome, health::EndpointStatus};

/// The figures of an endpoint, or the sums of those of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The endpoints by status. One that was removed has none.
    #[serde(default)]
    pub endpoints: BTreeMap<EndpointStatus, u64>,
    /// The events that wait, those between two attempts included.
    #[serde(default)]
    pub waiting: u64,
    /// The dead letters that are kept.
    #[serde(default)]
    pub dead_letters: u64,
    /// The attempts ever made, by outcome. Tests don't count.
    #[serde(default)]
    pub attempts: BTreeMap<AttemptOutcome, u64>,
}

impl Figures {
    /// Takes one endpoint's former figures out of the sums, and its new ones in.
    pub fn replace(&mut self, former: &Self, new: &Self) {
        replace(&mut self.waiting, former.waiting, new.waiting);
        replace(&mut self.dead_letters, former.dead_letters, new.dead_letters);
        replace_each(&mut self.endpoints, &former.endpoints, &new.endpoints);
        replace_each(&mut self.attempts, &former.attempts, &new.attempts);
    }
}

fn replace_each<K: Copy + Ord>(sums: &mut BTreeMap<K, u64>, former: &BTreeMap<K, u64>, new: &BTreeMap<K, u64>) {
    for key in former.keys().chain(new.keys()) {
        sums.entry(*key).or_default();
    }
    for (key, sum) in sums {
        let of = |figures: &BTreeMap<K, u64>| figures.get(key).copied().unwrap_or_default();
        replace(sum, of(former), of(new));
    }
}

const fn replace(sum: &mut u64, former: u64, new: u64) {
    *sum = sum.saturating_add(new).saturating_sub(former);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    pub(crate) const FIGURES: &str =
        r#"{"endpoints":{"active":1},"waiting":2,"dead_letters":3,"attempts":{"delivered":4,"timeout":1}}"#;

    fn figures() -> impl Strategy<Value = Figures> {
        use AttemptOutcome::{Delivered, Refused, Timeout};
        use EndpointStatus::{Active, Disabled, Paused};
        let statuses = prop::collection::btree_map(prop::sample::select(vec![Active, Paused, Disabled]), 0..2u64, 0..3);
        let outcomes = prop::sample::select(vec![Delivered, Refused, Timeout]);
        let attempts = prop::collection::btree_map(outcomes, 0..1_000u64, 0..3);
        (statuses, 0..100u64, 0..100u64, attempts).prop_map(|(endpoints, waiting, dead_letters, attempts)| Figures {
            endpoints,
            waiting,
            dead_letters,
            attempts,
        })
    }

    /// Sums without the names whose sum is nothing.
    fn without_zeros(mut sums: Figures) -> Figures {
        sums.endpoints.retain(|_, sum| *sum > 0);
        sums.attempts.retain(|_, sum| *sum > 0);
        sums
    }

    proptest! {
        #[test]
        fn totals_are_the_sums_of_what_each_endpoint_reported_last(
            reports in prop::collection::vec((0..4usize, figures()), 0..20)
        ) {
            let mut last: [Figures; 4] = core::array::from_fn(|_| Figures::default());
            let mut totals = Figures::default();
            for (endpoint, new) in reports {
                totals.replace(&last[endpoint], &new);
                last[endpoint] = new;
            }
            let mut sums = Figures::default();
            for figures in &last {
                sums.replace(&Figures::default(), figures);
            }
            prop_assert_eq!(without_zeros(totals), without_zeros(sums));
        }
    }

    #[test]
    fn figures_are_golden() {
        let figures: Figures = serde_json::from_str(FIGURES).unwrap();
        assert_eq!(serde_json::to_string(&figures).unwrap(), FIGURES);
        assert_eq!(serde_json::from_str::<Figures>("{}").unwrap(), Figures::default());
    }
}
