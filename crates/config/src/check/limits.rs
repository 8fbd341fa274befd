//! Checks of `[[rate_limits]]` and `[[quotas]]`, of the lists that name them, and of what routes cost.
//!
//! In place of a wrong value another is taken that causes no further mistake. It is never used, since a mistake was
//! recorded.

use std::{iter, ops::RangeInclusive};

use keystile_core::limits::{
    definition::{
        ConfiguredLimits, LimitDefinition, LimitKind, LimitList, MAX_COST, MAX_LIMIT, MAX_WINDOW_SECONDS, Per,
        WhenLimiterUnreachable,
    },
    own_patch::LimitField,
    quota::Period,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Check, another};
use crate::raw::{RawConfig, RawQuota, RawRateLimit};

/// The definitions, by the field of a list that names them.
struct Defined {
    rate_limits: Vec<LimitDefinition>,
    quotas: Vec<LimitDefinition>,
}

impl Defined {
    /// The definitions that the field may name, and those that it may not.
    fn for_field(&self, field: LimitField) -> (&[LimitDefinition], &[LimitDefinition]) {
        match field {
            LimitField::RateLimits => (&self.rate_limits, &self.quotas),
            LimitField::Quotas => (&self.quotas, &self.rate_limits),
        }
    }
}

/// The rate limits that can be defined, and the quotas.
const MAX_DEFINITIONS: usize = 16;

impl Check {
    pub(crate) fn counted_limits(&mut self, raw: &RawConfig) -> ConfiguredLimits {
        let rate_limits = self.rate_limits(&raw.rate_limits);
        let quotas = self.quotas(&raw.quotas, &rate_limits);
        let defined = Defined { rate_limits, quotas };
        for (field, defined) in [("rate_limits", &defined.rate_limits), ("quotas", &defined.quotas)] {
            self.that(defined.len() <= MAX_DEFINITIONS, &[field], || {
                format!("write {MAX_DEFINITIONS} at most; each that a key is under is in its answers' headers")
            });
        }
        let lists = [(LimitField::RateLimits, &raw.limits.rate_limits), (LimitField::Quotas, &raw.limits.quotas)];
        let without_plan = self.lists(lists, &defined, &["limits"]);
        let of_plans = raw.plans.iter().enumerate().map(|(index, plan)| {
            let lists = [(LimitField::RateLimits, &plan.rate_limits), (LimitField::Quotas, &plan.quotas)];
            (plan.name.clone(), self.lists(lists, &defined, &["plans", &index.to_string()]))
        });
        let plans = of_plans.collect();
        ConfiguredLimits { definitions: [defined.rate_limits, defined.quotas].concat(), without_plan, plans }
    }

    fn rate_limits(&mut self, raw: &[RawRateLimit]) -> Vec<LimitDefinition> {
        let mut checked: Vec<LimitDefinition> = Vec::new();
        for (index, raw) in raw.iter().enumerate() {
            let index = index.to_string();
            let at = |field| ["rate_limits", index.as_str(), field];
            self.limit_name(&raw.name, &at("name"));
            let twice = checked.iter().any(|other| other.name == raw.name);
            self.that(!twice, &at("name"), || format!("there are two rate limits \"{}\"", raw.name));
            let limit = self.limit(raw.limit.as_ref(), &at("limit"));
            let seconds = self.whole(raw.window_seconds.as_ref(), 1..=MAX_WINDOW_SECONDS.into(), &at("window_seconds"));
            let choices = "\"deny\" or \"allow_locally\"";
            let when_unreachable =
                self.choice(raw.when_unreachable.as_ref(), choices, &at("when_unreachable")).unwrap_or_default();
            checked.push(LimitDefinition {
                name: raw.name.clone(),
                kind: LimitKind::Rate(
                    seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(MAX_WINDOW_SECONDS),
                ),
                limit,
                per: self.per(raw.per.as_ref(), &at("per")),
                when_unreachable,
            });
        }
        checked
    }

    fn quotas(&mut self, raw: &[RawQuota], rate_limits: &[LimitDefinition]) -> Vec<LimitDefinition> {
        let mut checked: Vec<LimitDefinition> = Vec::new();
        for (index, raw) in raw.iter().enumerate() {
            let index = index.to_string();
            let at = |field| ["quotas", index.as_str(), field];
            self.limit_name(&raw.name, &at("name"));
            let twice = checked.iter().any(|other| other.name == raw.name);
            self.that(!twice, &at("name"), || format!("there are two quotas \"{}\"", raw.name));
            let taken = rate_limits.iter().any(|other| other.name == raw.name);
            self.that(!taken, &at("name"), || {
                format!("there is a rate limit \"{}\"; give the quota another name", raw.name)
            });
            let choices = "\"month\" or \"day\"";
            let period = self.choice(raw.period.as_ref(), choices, &at("period"));
            self.that(raw.period.is_some(), &at("period"), || format!("write {choices}"));
            checked.push(LimitDefinition {
                name: raw.name.clone(),
                kind: LimitKind::Quota(period.unwrap_or(Period::Month)),
                limit: self.limit(raw.limit.as_ref(), &at("limit")),
                per: self.per(raw.per.as_ref(), &at("per")),
                when_unreachable: WhenLimiterUnreachable::Deny,
            });
        }
        checked
    }

    fn limit_name(&mut self, name: &str, at: &[&str]) {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        self.that((1..=32).contains(&name.len()) && name.bytes().all(plain), at, || {
            "a limit's name is 1 to 32 of a-z, 0-9 and `-`, such as \"per-second\"".into()
        });
    }

    fn limit(&mut self, raw: Option<&Value>, at: &[&str]) -> u64 {
        self.whole(raw, 1..=MAX_LIMIT, at).unwrap_or(MAX_LIMIT)
    }

    fn per(&mut self, raw: Option<&Value>, at: &[&str]) -> Per {
        self.choice(raw, "\"key\" or \"tenant\"", at).unwrap_or(Per::Key)
    }

    /// Checks the lists of `[limits]` or of a plan.
    fn lists(&mut self, raw: [(LimitField, &Option<Value>); 2], defined: &Defined, at: &[&str]) -> LimitList {
        let mut list = LimitList::new();
        for (field, raw) in raw {
            let at: Vec<&str> = at.iter().copied().chain([field.as_str()]).collect();
            match raw {
                None => {}
                Some(Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        let index = index.to_string();
                        let at: Vec<&str> = at.iter().copied().chain([index.as_str()]).collect();
                        self.listed(item, field, defined, &at, &mut list);
                    }
                }
                Some(_) => self.mistake(&at, format!("write a list of names, such as [{}]", example(field).0)),
            }
        }
        list
    }

    /// Adds an item of a list: a name, or a name with a value of the list's own.
    fn listed(&mut self, item: &Value, field: LimitField, defined: &Defined, at: &[&str], list: &mut LimitList) {
        let (name, own) = match item {
            Value::String(name) => (name, None),
            Value::Object(members) => match (members.get("name"), members.get("limit"), members.len()) {
                (Some(Value::String(name)), Some(limit), 2) => (name, Some(limit)),
                _ => return self.wrong_item(field, at),
            },
            _ => return self.wrong_item(field, at),
        };
        let in_item = |member| at.iter().copied().chain([member]).collect::<Vec<&str>>();
        let name_at = if own.is_some() { in_item("name") } else { at.to_vec() };
        let (allowed, others) = defined.for_field(field);
        let Some(definition) = allowed.iter().find(|definition| definition.name == *name) else {
            let is_other = others.iter().any(|other| other.name == *name);
            return self.mistake(&name_at, not_allowed(name, field, allowed, is_other));
        };
        let limit = match own {
            Some(_) => self.limit(own, &in_item("limit")),
            None => definition.limit,
        };
        let twice = list.insert(name.clone(), limit).is_some();
        self.that(!twice, &name_at, || format!("\"{name}\" is listed twice; write it once"));
    }

    fn wrong_item(&mut self, field: LimitField, at: &[&str]) {
        let (name, with_limit) = example(field);
        self.mistake(at, format!("write a name, such as {name}, or a name with a limit, such as {with_limit}"));
    }

    /// Checks what a request on a route costs, and that some tenant could pay it.
    pub(crate) fn cost(&mut self, raw: Option<&Value>, limits: &ConfiguredLimits, at: &[&str]) -> u16 {
        let cost = match raw {
            None => 1,
            Some(_) => self.whole(raw, 0..=MAX_COST.into(), at).unwrap_or(0),
        };
        if let Some(message) = never_admitted(cost, limits) {
            self.mistake(at, message);
        }
        u16::try_from(cost).unwrap_or(MAX_COST)
    }

    /// Checks a whole number. A value of another type is a mistake like a number that is too small or too large.
    fn whole(&mut self, raw: Option<&Value>, allowed: RangeInclusive<u64>, at: &[&str]) -> Option<u64> {
        let number = raw.and_then(Value::as_u64).filter(|number| allowed.contains(number));
        self.that(number.is_some(), at, || {
            format!("write a whole number from {} to {}{}", allowed.start(), allowed.end(), in_place_of(raw))
        });
        number
    }

    /// Checks a choice, which may be left out.
    fn choice<T: DeserializeOwned>(&mut self, raw: Option<&Value>, choices: &str, at: &[&str]) -> Option<T> {
        let chosen = serde_json::from_value(raw?.clone()).ok();
        self.that(chosen.is_some(), at, || format!("write {choices}{}", in_place_of(raw)));
        chosen
    }
}

/// Items of a list, for a mistake's remedy: a name, and a name with a value.
const fn example(field: LimitField) -> (&'static str, &'static str) {
    match field {
        LimitField::RateLimits => ("\"per-second\"", "{ name = \"per-second\", limit = 100 }"),
        LimitField::Quotas => ("\"monthly\"", "{ name = \"monthly\", limit = 100000 }"),
    }
}

/// The remedy for a name that the list can't have.
fn not_allowed(name: &str, field: LimitField, allowed: &[LimitDefinition], is_other: bool) -> String {
    if is_other {
        return match field {
            LimitField::RateLimits => format!("\"{name}\" is a quota; list it in quotas"),
            LimitField::Quotas => format!("\"{name}\" is a rate limit; list it in rate_limits"),
        };
    }
    let instead = another(allowed.iter().map(|definition| definition.name.as_str()));
    format!("no [[{}]] defines \"{name}\"; define it, or {instead}", field.as_str())
}

/// The mistake if each list has a limit below the cost.
fn never_admitted(cost: u64, limits: &ConfiguredLimits) -> Option<String> {
    let lowest = |list: &LimitList| {
        let lowest = list.iter().min_by_key(|(_, limit)| **limit).filter(|(_, limit)| **limit < cost);
        lowest.map(|(name, limit)| format!("\"{name}\" admits {limit}"))
    };
    let without_plan = lowest(&limits.without_plan)?;
    let mut refused = Vec::new();
    for (plan, list) in &limits.plans {
        refused.push((plan, lowest(list)?));
    }
    let why = if refused.is_empty() {
        without_plan
    } else if refused.iter().all(|(_, lowest)| *lowest == without_plan) {
        format!("{without_plan} on every plan")
    } else {
        let of_plans = refused.iter().map(|(plan, lowest)| format!("{lowest} on \"{plan}\""));
        iter::once(format!("{without_plan} without a plan")).chain(of_plans).collect::<Vec<_>>().join(", ")
    };
    Some(format!(
        "a request here costs {cost} and {why}, so none could ever be admitted; lower the cost or raise the limit"
    ))
}

/// The end of a remedy: the value that was written, if it is one that can be shown in a line.
fn in_place_of(raw: Option<&Value>) -> String {
    match raw {
        Some(raw @ (Value::Number(_) | Value::String(_) | Value::Bool(_))) => format!(", not {raw}"),
        _ => String::new(),
    }
}
