//! Rate limits, quotas, plans and costs.

use keystile_core::limits::{
    definition::{LimitDefinition, LimitKind, LimitList, Per, WhenLimiterUnreachable},
    quota::Period,
};

use super::*;

#[test]
fn limits_and_plans_fit_together() {
    let limits = "[limits]\nmax_active_keys = 2000000\ndefault_expiry_days = 400\nmax_expiry_days = 365";
    let plans = r#"
[[plans]]
name = "Free"
max_expiry_days = 0
[[plans]]
name = "pro"
[[plans]]
name = "pro"
"#;
    assert_eq!(
        mistakes(&format!("{}{plans}", EXAMPLE.replace("[limits]", limits))),
        [
            "limits.max_active_keys: write 0 to 1000000, or leave it out for no limit",
            "limits.default_expiry_days: write 365 at most, which max_expiry_days allows",
            "plans.1.max_expiry_days: write 1 to 3650 days, or leave it out",
            "plans.1.name: a plan's name is 1 to 64 of a-z, 0-9, `-` and `_`, such as \"free\"",
            "plans.3.name: there are two plans \"pro\"",
        ]
    );
}

#[test]
fn a_list_of_limits_takes_the_defined_value_or_gives_its_own() {
    let config = parse(EXAMPLE).unwrap();
    let per_second = LimitDefinition {
        name: "per-second".into(),
        kind: LimitKind::Rate(1),
        limit: 20,
        per: Per::Key,
        when_unreachable: WhenLimiterUnreachable::AllowLocally,
    };
    let monthly = LimitDefinition {
        name: "monthly".into(),
        kind: LimitKind::Quota(Period::Month),
        limit: 100_000,
        per: Per::Tenant,
        when_unreachable: WhenLimiterUnreachable::Deny,
    };
    let definitions = [per_second, monthly];
    let list =
        |limits: &[(&str, u64)]| limits.iter().map(|&(name, limit)| (name.to_string(), limit)).collect::<LimitList>();
    assert_eq!(config.limiter.definitions, definitions, "rate limits come first");
    assert_eq!(config.limiter.without_plan, list(&[("per-second", 20)]));
    assert_eq!(config.limiter.plans["team"], list(&[("per-second", 100), ("monthly", 100_000)]));
    assert_eq!(config.manage.counted_limits, config.limiter);
    assert_eq!(config.edge.limits, definitions, "the lowest value of each");
    let apart = EXAMPLE.replace("rate_limits = [{ name = \"per-second\", limit = 100 }]\n", "");
    assert_eq!(parse(&apart).unwrap().limiter.plans["team"], list(&[("monthly", 100_000)]), "[limits] isn't inherited");
}

#[test]
fn a_deployment_without_limits_gets_none() {
    let config = read(GOOD).unwrap();
    assert!(config.limiter.is_empty() && config.edge.limits.is_empty());
    let defined = &EXAMPLE[EXAMPLE.find("[[rate_limits]]").unwrap()..EXAMPLE.find("[limits]").unwrap()];
    let config = read(&format!("{GOOD}{defined}")).unwrap();
    assert_eq!(
        (config.limiter.definitions.len(), config.edge.limits.len()),
        (2, 2),
        "defined and listed nowhere: an own value may set it"
    );
}

#[test]
fn each_mistake_in_a_limit_is_placed_and_says_what_to_write() {
    let whole = |place: &str, greatest: u64, written: &str| {
        format!("{place}: write a whole number from 1 to {greatest}, not {written}")
    };
    for (setting, place, greatest, values) in [
        ("limit = 20", "rate_limits.0.limit", 1_000_000_000, ["0", "-1", "2.5", "\"20\"", "1000000001"]),
        ("limit = 100000", "quotas.0.limit", 1_000_000_000, ["0", "-1", "20.0", "true", "9223372036854775808"]),
        ("limit = 100", "plans.0.rate_limits.0.limit", 1_000_000_000, ["0", "-1", "2.5", "\"20\"", "1000000001"]),
        ("window_seconds = 1", "rate_limits.0.window_seconds", 86_400, ["0", "-1", "0.5", "\"1\"", "86401"]),
    ] {
        for written in values {
            let (name, _) = setting.split_once('=').unwrap();
            let end = if setting == "limit = 100" { " }" } else { "\n" };
            let text = EXAMPLE.replace(&format!("{setting}{end}"), &format!("{name}= {written}{end}"));
            assert_eq!(mistakes(&text), [whole(place, greatest, written)]);
        }
    }
    for (from, to, expected) in [
        ("limit = 20\n", "", "rate_limits.0.limit: write a whole number from 1 to 1000000000"),
        ("limit = 20\n", "limit = inf\n", "rate_limits.0.limit: write a whole number from 1 to 1000000000"),
        ("window_seconds = 1\n", "", "rate_limits.0.window_seconds: write a whole number from 1 to 86400"),
        ("period = \"month\"\n", "", "quotas.0.period: write \"month\" or \"day\""),
        ("\"month\"", "\"week\"", "quotas.0.period: write \"month\" or \"day\", not \"week\""),
        ("\"tenant\"", "\"plan\"", "quotas.0.per: write \"key\" or \"tenant\", not \"plan\""),
        ("limit = 20\n", "limit = 20\nper = 1\n", "rate_limits.0.per: write \"key\" or \"tenant\", not 1"),
        (
            "\"allow_locally\"",
            "\"allow\"",
            "rate_limits.0.when_unreachable: write \"deny\" or \"allow_locally\", not \"allow\"",
        ),
        (
            "[limits]",
            "[[quotas]]\nname = \"monthly\"\nlimit = 1\nperiod = \"day\"\n[limits]",
            "quotas.1.name: there are two quotas \"monthly\"",
        ),
        (
            "[limits]",
            "[[rate_limits]]\nname = \"per-second\"\nlimit = 1\nwindow_seconds = 2\n[limits]",
            "rate_limits.1.name: there are two rate limits \"per-second\"",
        ),
        (
            "[limits]",
            "[[quotas]]\nname = \"per-second\"\nlimit = 1\nperiod = \"day\"\n[limits]",
            "quotas.1.name: there is a rate limit \"per-second\"; give the quota another name",
        ),
        (
            "[\"per-second\"]",
            "[\"per-hour\"]",
            "limits.rate_limits.0: no [[rate_limits]] defines \"per-hour\"; define it, or name another: \"per-second\"",
        ),
        (
            "{ name = \"per-second\", limit",
            "{ name = \"per-hour\", limit",
            "plans.0.rate_limits.0.name: no [[rate_limits]] defines \"per-hour\"; define it, or name another: \
             \"per-second\"",
        ),
        ("[\"per-second\"]", "[\"monthly\"]", "limits.rate_limits.0: \"monthly\" is a quota; list it in quotas"),
        (
            "[\"monthly\"]",
            "[\"per-second\"]",
            "plans.0.quotas.0: \"per-second\" is a rate limit; list it in rate_limits",
        ),
        (
            "[\"monthly\"]",
            "[\"monthly\", { name = \"monthly\", limit = 5 }]",
            "plans.0.quotas.1.name: \"monthly\" is listed twice; write it once",
        ),
        ("[\"per-second\"]", "\"per-second\"", "limits.rate_limits: write a list of names, such as [\"per-second\"]"),
        (
            "[\"per-second\"]",
            "[20]",
            "limits.rate_limits.0: write a name, such as \"per-second\", or a name with a limit, such as \
             { name = \"per-second\", limit = 100 }",
        ),
        (
            "[\"monthly\"]",
            "[{ name = \"monthly\", limits = 5 }]",
            "plans.0.quotas.0: write a name, such as \"monthly\", or a name with a limit, such as \
             { name = \"monthly\", limit = 100000 }",
        ),
        ("cost = 5", "cost = -1", "routes.0.cost: write a whole number from 0 to 1000, not -1"),
        ("cost = 5", "cost = 1.5", "routes.0.cost: write a whole number from 0 to 1000, not 1.5"),
        ("cost = 5", "cost = \"5\"", "routes.0.cost: write a whole number from 0 to 1000, not \"5\""),
        ("cost = 5", "cost = 1001", "routes.0.cost: write a whole number from 0 to 1000, not 1001"),
    ] {
        assert_eq!(mistakes(&replaced(EXAMPLE, from, to)), [expected]);
    }
    let long = "x".repeat(33);
    for name in ["", "Per-Second", "per_second", "per second", &long] {
        let found = mistakes(&EXAMPLE.replace("\"per-second\"", &format!("\"{name}\"")));
        assert_eq!(
            found,
            ["rate_limits.0.name: a limit's name is 1 to 32 of a-z, 0-9 and `-`, such as \"per-second\""]
        );
    }
    let undefined = read(&format!("{GOOD}[limits]\nquotas = [\"daily\"]\n")).unwrap_err();
    assert_eq!(undefined, ["7: limits.quotas.0: no [[quotas]] defines \"daily\"; define it, or leave it out"]);
}

#[test]
fn a_cost_that_no_tenant_could_pay_is_refused() {
    let costing = |cost: u16, text: &str| parse(&text.replace("cost = 5", &format!("cost = {cost}"))).map(|_| ());
    let message = |cost, text: &str| costing(cost, text).unwrap_err().first().unwrap().to_string();
    assert_eq!(costing(100, EXAMPLE), Ok(()), "the plan admits it");
    assert_eq!(
        message(101, EXAMPLE),
        "routes.0.cost: a request here costs 101 and \"per-second\" admits 20 without a plan, \"per-second\" admits \
         100 on \"team\", so none could ever be admitted; lower the cost or raise the limit"
    );
    let same = EXAMPLE.replace("limit = 100 }", "limit = 20 }");
    assert_eq!(costing(20, &same), Ok(()));
    assert_eq!(
        message(21, &same),
        "routes.0.cost: a request here costs 21 and \"per-second\" admits 20 on every plan, so none could ever be \
         admitted; lower the cost or raise the limit"
    );
    let (head, rest) = EXAMPLE.split_once("[[plans]]").unwrap();
    let without_plans = format!("{head}{}", &rest[rest.find("[[upstreams]]").unwrap()..]);
    assert_eq!(
        message(21, &without_plans),
        "routes.0.cost: a request here costs 21 and \"per-second\" admits 20, so none could ever be admitted; lower \
         the cost or raise the limit"
    );
    let small_quota = EXAMPLE.replace("100000", "10");
    assert_eq!(costing(10, &small_quota), Ok(()));
    assert_eq!(costing(11, &small_quota), Ok(()), "tenants without a plan have no quota");
    assert!(
        message(21, &small_quota)
            .contains("\"per-second\" admits 20 without a plan, \"monthly\" admits 10 on \"team\"")
    );
    assert_eq!(costing(1_000, &EXAMPLE.replace("rate_limits = [\"per-second\"]\n", "")), Ok(()), "nothing limits it");
}

#[test]
fn there_are_sixteen_rate_limits_at_most() {
    let limits = |count: usize| {
        let limit = |number| format!("[[rate_limits]]\nname = \"limit-{number}\"\nlimit = 5\nwindow_seconds = 1\n");
        format!("{GOOD}\n{}", (0..count).map(limit).collect::<String>())
    };
    assert!(read(&limits(16)).is_ok());
    let refused = read(&limits(17)).unwrap_err();
    assert!(refused[0].contains("rate_limits: write 16 at most"), "{refused:?}");
}
