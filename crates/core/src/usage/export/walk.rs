//! The way of an export through the tenants and their lines, call by call. It says which call is next, and at any time
//! where another answer would go on.

use alloc::{collections::VecDeque, vec::Vec};

use super::{LinePlace, Place};
use crate::base::id::TenantId;

/// The way of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The tenants whose lines are next.
    waiting: VecDeque<TenantId>,
    /// The last line that was read of the first one's.
    line: Option<LinePlace>,
    /// The tenants beyond those.
    rest: Rest,
    /// The place up to which everything was read.
    reached: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rest {
    /// Those of the list after this one.
    After(Option<TenantId>),
    None,
}

/// The next call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// List the tenants after this one.
    List(Option<TenantId>),
    /// Read the tenant's lines after this one.
    Read(TenantId, Option<LinePlace>),
}

impl Walk {
    /// The way through the lines of one tenant, after this one.
    #[must_use]
    pub fn of_tenant(tenant: TenantId, line: Option<LinePlace>) -> Self {
        let reached = line.clone().map(|line| Place { tenant: tenant.clone(), line: Some(line) });
        Self { waiting: [tenant].into(), line, rest: Rest::None, reached }
    }

    /// The way through the lines of all tenants by name, after this place.
    #[must_use]
    pub fn of_all_tenants(after: Option<Place>) -> Self {
        let rest = Rest::After(after.as_ref().map(|place| place.tenant.clone()));
        match &after {
            Some(Place { tenant, line: Some(line) }) => {
                Self { waiting: [tenant.clone()].into(), line: Some(line.clone()), rest, reached: after }
            }
            _ => Self { waiting: VecDeque::new(), line: None, rest, reached: after },
        }
    }

    /// The next call; `None` if everything was read.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        match (self.waiting.front(), &self.rest) {
            (Some(tenant), _) => Some(Step::Read(tenant.clone(), self.line.clone())),
            (None, Rest::After(after)) => Some(Step::List(after.clone())),
            (None, Rest::None) => None,
        }
    }

    /// The place up to which everything was read. It is there after two calls at the latest.
    #[must_use]
    pub const fn reached(&self) -> Option<&Place> {
        self.reached.as_ref()
    }

    /// Notes a page of the list of tenants, each with whether it was erased, and whether there are more. Those that were
    /// erased have no lines.
    pub fn listed(&mut self, tenants: Vec<(TenantId, bool)>, more: bool) {
        self.rest = match tenants.last() {
            Some((last, _)) if more => Rest::After(Some(last.clone())),
            _ => Rest::None,
        };
        for (tenant, erased) in tenants {
            if !erased {
                self.waiting.push_back(tenant);
            } else if self.waiting.is_empty() {
                self.reached = Some(Place { tenant, line: None });
            }
        }
    }

    /// Notes that lines of the present tenant were read up to this one, and whether it has more.
    pub fn read(&mut self, last: Option<LinePlace>, more: bool) {
        let Some(tenant) = self.waiting.front().cloned() else { return };
        self.line = last.filter(|_| more);
        if self.line.is_none() {
            self.waiting.pop_front();
        }
        self.reached = Some(Place { tenant, line: self.line.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::KeyId;
    use alloc::{collections::BTreeMap, format, vec};
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn tenant(number: usize) -> TenantId {
        TenantId::parse(&format!("tenant{number:05}")).unwrap()
    }

    fn line(hour: i64) -> LinePlace {
        LinePlace { hour, key_id: KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap(), code: "VALID".into() }
    }

    #[test]
    fn an_answer_that_met_erased_tenants_alone_is_gone_on_from_after_them() {
        let mut walk = Walk::of_all_tenants(None);
        for call in 0..40 {
            let page = (call * 100..(call + 1) * 100).map(|number| (tenant(number), true)).collect();
            walk.listed(page, true);
        }
        assert_eq!(walk.step(), Some(Step::List(Some(tenant(3_999)))));
        assert_eq!(walk.reached(), Some(&Place { tenant: tenant(3_999), line: None }));
    }

    #[test]
    fn a_tenant_without_lines_is_passed_over_and_an_export_without_tenants_is_whole() {
        let mut walk = Walk::of_tenant(tenant(1), None);
        assert_eq!(walk.step(), Some(Step::Read(tenant(1), None)));
        walk.read(None, false);
        assert_eq!(walk.step(), None);
        let mut none = Walk::of_all_tenants(None);
        none.listed(Vec::new(), true);
        assert_eq!(none.step(), None);
    }

    /// Tenants in the order of their names: how many lines each has, or that it was erased.
    type Tenants = BTreeMap<TenantId, Option<i64>>;

    /// One answer of so many calls: its lines, and where the next one goes on.
    fn answer(
        tenants: &Tenants,
        of: Option<&TenantId>,
        after: Option<Place>,
        calls: usize,
    ) -> (Vec<Place>, Option<Place>) {
        let mut walk = match of {
            Some(tenant) => Walk::of_tenant(tenant.clone(), after.and_then(|place| place.line)),
            None => Walk::of_all_tenants(after),
        };
        let mut lines = Vec::new();
        for _ in 0..calls {
            match walk.step() {
                None => break,
                Some(Step::List(after)) => {
                    let mut rest =
                        tenants.iter().filter(|(tenant, _)| after.as_ref().is_none_or(|after| *tenant > after));
                    let page = rest.by_ref().take(3).map(|(tenant, lines)| (tenant.clone(), lines.is_none())).collect();
                    walk.listed(page, rest.next().is_some());
                }
                Some(Step::Read(tenant, after)) => {
                    let first = after.map_or(0, |line| line.hour + 1);
                    let all = tenants[&tenant].unwrap();
                    let page: Vec<_> = (first..all.min(first + 2)).map(line).collect();
                    walk.read(page.last().cloned(), first + 2 < all);
                    lines.extend(page.into_iter().map(|line| Place { tenant: tenant.clone(), line: Some(line) }));
                }
            }
        }
        (lines, walk.step().map(|_| walk.reached().unwrap().clone()))
    }

    proptest! {
        #[test]
        fn however_few_calls_an_answer_makes_each_line_is_in_one(
            lines in prop::collection::vec(prop_oneof![2 => (0..7_i64).prop_map(Some), 1 => Just(None)], 0..12),
            calls in 2..9_usize,
            of in 0..12_usize,
        ) {
            let tenants: Tenants = lines.into_iter().enumerate().map(|(number, lines)| (tenant(number), lines)).collect();
            let of_one = tenants.get(&tenant(of)).copied().flatten().map(|_| tenant(of));
            for of in vec![None, of_one].into_iter() {
                let mut expected = Vec::new();
                for (tenant, lines) in tenants.iter().filter(|(tenant, _)| of.as_ref().is_none_or(|of| *tenant == of)) {
                    let places = (0..lines.unwrap_or_default()).map(line);
                    expected.extend(places.map(|line| Place { tenant: tenant.clone(), line: Some(line) }));
                }
                let (mut all, mut after) = (Vec::new(), None);
                for answers in 0.. {
                    prop_assert!(answers < 100);
                    let (lines, next) = answer(&tenants, of.as_ref(), after, calls);
                    all.extend(lines);
                    after = next;
                    if after.is_none() {
                        break;
                    }
                }
                prop_assert_eq!(all, expected);
            }
        }
    }
}
