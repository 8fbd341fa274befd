//! Slows down those who guess operators' keys: an address that has failed too often waits before it may sign in.
//!
//! The count is the isolate's, so an attacker who reaches many isolates guesses faster. What protects the keys is their
//! 190 bits; this keeps logs and ledgers quiet.

use core::{cell::RefCell, net::IpAddr};

use keystile_core::{
    base::{code::Code, problem::Problem, timestamp::whole_seconds},
    limits::failures::Failures,
};
use keystile_runtime::clock;
use worker::{Request, Result};

use crate::failure::Failure;

/// The failures of an address within a minute after which it waits.
const MAX_FAILURES: u32 = 10;
/// The address that stands for requests without one: those that don't come through Cloudflare's network.
const UNKNOWN: IpAddr = IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED);

thread_local! {
    static FAILURES: RefCell<Failures> = const { RefCell::new(Failures::allowing(MAX_FAILURES)) };
}

/// Checks whether the sender may try to sign in now.
///
/// # Errors
/// The 429 that says how long to wait.
pub(crate) fn may_try(request: &Request) -> core::result::Result<(), Failure> {
    let address = address(request)?;
    let wait_ms = FAILURES.with_borrow(|failures| failures.wait_ms(address, clock::now()));
    wait_ms.map_or(Ok(()), |wait_ms| Err(too_many(wait_ms).into()))
}

/// Notes that an attempt failed, if its credential was refused.
pub(crate) fn note(request: &Request, failure: &Failure) -> Result<()> {
    if matches!(failure, Failure::Problem(problem) if problem.status() == 401) {
        let address = address(request)?;
        FAILURES.with_borrow_mut(|failures| failures.note(address, clock::now()));
    }
    Ok(())
}

fn address(request: &Request) -> Result<IpAddr> {
    let stated = request.headers().get("CF-Connecting-IP")?;
    Ok(stated.and_then(|address| address.parse().ok()).unwrap_or(UNKNOWN))
}

fn too_many(wait_ms: i64) -> Problem {
    let detail =
        format!("More than {MAX_FAILURES} attempts to sign in from this address failed within a minute; wait.");
    Problem::new(Code::TooManyFailures, detail).with_header("Retry-After", whole_seconds(wait_ms).to_string())
}
