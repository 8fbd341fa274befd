//! The bound: what a ledger has said to be in effect holds at every edge.
//!
//! A simulation in discrete time, driven by a generated [`Plan`](plan::Plan).
//! Ledgers change keys and suspend tenants, and tell the feed and KV through
//! their outboxes ([`ledger`]). The feed keeps a log that is read in small
//! pages, trimmed, and now and then begun anew ([`feed`]); in some plans all
//! keys are imported, whose first record it does not log; some edges read it
//! through a relay that lags. KV lags, fails, and lets puts land late
//! ([`kv`]). Edge isolates run the real `FeedClient` and `Lookup`, which are
//! what is tested ([`isolate`]); around them messages are delayed, overtake
//! each other, come twice or are lost, requests are abandoned half-way,
//! isolates restart, clocks differ and step ([`world`]).
//!
//! Every answer to a request is then held against the ledgers' history
//! ([`promise`]):
//!
//! - (a) a request that starts after a change's `effective_by` is never
//!   accepted on an older state; on KV's word alone only where the setting
//!   allows it, and only right after a call to the feed failed;
//! - (b) nor is it refused on an older state, and a key that the feed has is
//!   never said to be missing;
//! - (c) nobody is turned away for want of storage unless a call to the feed failed;
//! - (d) every request is answered in bounded time, steps and operations;
//! - (e) once all is calm, every isolate, old or new, says what the ledgers say.
//!
//! Time is true time; each isolate and each ledger reads it through a clock of
//! its own. Assumed of clocks: a ledger's is wrong by 200 ms at most; readings
//! of one isolate that follow each other closely may be out of order by
//! 40 ms; and a step back falls between two readings that show it. (A step
//! back by less than has passed since the last reading can't be noticed by
//! anyone.) Assumed of KV: no read returns what was overwritten more than 24
//! hours before it began, and a put lands within a minute or never.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod feed;
mod isolate;
mod kv;
mod ledger;
mod plan;
mod promise;
mod world;

use std::cell::RefCell;

use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::{promise::Tally, world::World};

/// Milliseconds of true time, or between two instants of it.
type Millis = i64;

#[test]
fn the_bound_holds_whatever_the_network_the_clocks_and_kv_do() {
    let tally = RefCell::new(Tally::default());
    let config = Config {
        max_shrink_iters: 20_000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(number("PROPTEST_RNG_SEED").unwrap_or(1)),
        ..Config::with_cases(number("PROPTEST_CASES").and_then(|cases| cases.try_into().ok()).unwrap_or(1_500))
    };
    let outcome = TestRunner::new(config).run(&plan::plans(), |plan| {
        tally.borrow_mut().add(&mut World::new(&plan).run()?);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let tally = tally.into_inner();
    println!("{tally:#?}");
    tally.assert_that_everything_happened();
}

/// The same 1,500 plans every time, so that a failure is the change's and not
/// chance's; others, and more, by `PROPTEST_RNG_SEED` and `PROPTEST_CASES`.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
