//! The bound: a change that a ledger reports as effective holds at every edge.
//!
//! A simulation in discrete time, driven by a generated [`Plan`](plan::Plan). Ledgers change keys and suspend tenants,
//! and tell the feed and KV through their outboxes ([`ledger`]). The feed keeps a log that is read in small pages,
//! trimmed, and now and then begun anew ([`feed`]). Some edges ask
//! relays, the real `Relay` in two tiers ([`relay`]). KV lags, fails, and lets puts land late ([`kv`]).
//! Edge isolates run the real `FeedClient` and `Lookup`, which are the subject of the test ([`isolate`]). Around them
//! messages are delayed, overtake each other, come twice or are lost; requests are abandoned half-way; isolates and
//! relays restart; clocks differ and step ([`world`]).
//!
//! Every answer to a request is then compared with the ledgers' history ([`promise`]):
//!
//! - (a) A request that starts after a change's `effective_by` is never accepted on an older state. It is accepted on
//!   KV alone only if the setting allows it, and only right after a call to the feed failed.
//! - (b) It is not refused on an older state either, and a key that the feed has is never reported missing.
//! - (c) No request is turned away for want of storage unless a call to the feed failed.
//! - (d) Every request is answered in bounded time, steps and operations.
//! - (e) Once all is calm, every isolate, old or new, answers as the ledgers say.
//! - (f) An answer to an operator is relied on as it stands: the version that it shows, its `effective_by`, the moment
//!   until which it made a caller wait, and `holds`. Keys, tenants' statuses and operators' acts
//!   are judged by it.
//!
//! Now and then the feed is put back to an earlier point. What it had learned since is promised again once the ledgers
//! have published it again; all other promises go on. Sooner or later, and however much was published since, an isolate
//! or a ledger that knows more shows the feed that it was put back. What edges accept is assumed to be no more than the
//! feed knows.
//!
//! A simulation that found nothing would prove nothing, so faults are planted, and each is found.
//!
//! Time is true time; each isolate, relay and ledger reads it through a clock of its own. Assumptions about clocks: a
//! ledger's clock is wrong by 200 ms at most; consecutive readings in one isolate may be out of order by 40 ms, those of a relay are in order; a step
//! back falls between two readings that show it. (A step back that is smaller than the time since the last reading
//! can't be noticed.) Assumptions about KV: no read returns a value that was overwritten more than 24 hours before the
//! read began, and a put lands within a minute or never.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod feed;
mod isolate;
mod kv;
mod ledger;
mod plan;
mod promise;
mod relay;
mod world;

use std::cell::RefCell;

use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::{plan::Planted, promise::Tally, world::World};

/// Milliseconds of true time: a length or an instant.
type Millis = i64;

#[test]
fn the_bound_holds_whatever_the_network_the_clocks_and_kv_do() {
    let tally = RefCell::new(Tally::default());
    let outcome = runner(20_000, 1).run(&plan::plans(), |plan| {
        tally.borrow_mut().add(&mut World::new(&plan, None).run()?);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let tally = tally.into_inner();
    println!("{tally:#?}");
    tally.assert_that_everything_happened();
}

#[test]
fn each_planted_fault_is_found() {
    use Planted::*;
    for (planted, broken) in [
        (NumbersBeginAnew, "(a) "),
        (PointIsThePresentHead, "(e) "),
        (GapsEndWithTheirInstance, "(e) "),
        (PartsClaimTooMuch, "(c) "),
        (AnswerSpeaksOfTheRow, "(a) "),
        (InEffectAtOnce, "(a) "),
        (NobodyWaits, "(a) "),
        (HoldsAlways, "(f) "),
        (JudgementsOutliveTheEnd, "(f) "),
        (FailureIsNoFailure, "(a) "),
        (AgesDoNotAddUp, "(a) "),
        (StalenessIsNotPassedOn, "(a) "),
        (RelaySaysMissing, "(b) "),
        (PageIsTakenForTheWhole, "(a) "),
        (SuspensionsAreLeftOut, "(a) "),
    ] {
        let outcome = runner(0, 4).run(&plan::plans(), |plan| World::new(&plan, Some(planted)).run().map(drop));
        let found = outcome.map_err(|failure| failure.to_string()).expect_err(&format!("{planted:?} was not found"));
        println!("{planted:?}: {}", found.lines().next().unwrap_or_default());
        let as_promised = [broken, "(a) ", "(b) "].iter().any(|broken| found.contains(broken));
        assert!(as_promised, "{planted:?} broke another promise than {broken}: {found}");
    }
}

fn runner(max_shrink_iters: u32, times: u32) -> TestRunner {
    TestRunner::new(Config {
        max_shrink_iters,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(number("PROPTEST_RNG_SEED").unwrap_or(1)),
        ..Config::with_cases(times * number("PROPTEST_CASES").and_then(|cases| cases.try_into().ok()).unwrap_or(1_500))
    })
}

/// Reads a number from the environment. The test runs the same 1,500 plans every time, so a failure comes from a change
/// and not from chance. `PROPTEST_RNG_SEED` chooses other plans, `PROPTEST_CASES` more.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
