//! Checks of `[limits]` and `[[plans]]`, but for the rate limits and quotas that they list.

use keystile_core::ledger::plan::{KeyLimits, MAX_DAYS, MAX_KEYS, Plan};

use super::Check;
use crate::raw::RawPlan;

impl Check {
    pub(crate) fn limits(&mut self, limits: KeyLimits, at: &[&str]) -> KeyLimits {
        let KeyLimits { max_active_keys, default_expiry_days, max_expiry_days } = limits;
        let place = |field| at.iter().copied().chain([field]).collect::<Vec<&str>>();
        self.that(max_active_keys.is_none_or(|keys| keys <= MAX_KEYS), &place("max_active_keys"), || {
            format!("write 0 to {MAX_KEYS}, or leave it out for no limit")
        });
        for (field, days) in [("default_expiry_days", default_expiry_days), ("max_expiry_days", max_expiry_days)] {
            self.that(days.is_none_or(|days| (1..=MAX_DAYS).contains(&days)), &place(field), || {
                format!("write 1 to {MAX_DAYS} days, or leave it out")
            });
        }
        if let (Some(usual), Some(longest)) = (default_expiry_days, max_expiry_days) {
            self.that(usual <= longest, &place("default_expiry_days"), || {
                format!("write {longest} at most, which max_expiry_days allows")
            });
        }
        limits
    }

    pub(crate) fn plans(&mut self, raw: &[RawPlan]) -> Vec<Plan> {
        let mut plans: Vec<Plan> = Vec::new();
        for (index, plan) in raw.iter().enumerate() {
            let index = index.to_string();
            let RawPlan { name, description, .. } = plan;
            let limits = KeyLimits {
                max_active_keys: plan.max_active_keys,
                default_expiry_days: plan.default_expiry_days,
                max_expiry_days: plan.max_expiry_days,
            };
            let limits = self.limits(limits, &["plans", &index]);
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
            let fits = (1..=64).contains(&name.len()) && name.bytes().all(plain);
            self.that(fits, &["plans", &index, "name"], || {
                "a plan's name is 1 to 64 of a-z, 0-9, `-` and `_`, such as \"free\"".into()
            });
            let twice = plans.iter().any(|plan| plan.name == *name);
            self.that(!twice, &["plans", &index, "name"], || format!("there are two plans \"{name}\""));
            plans.push(Plan { name: name.clone(), description: description.clone(), limits });
        }
        plans
    }
}
