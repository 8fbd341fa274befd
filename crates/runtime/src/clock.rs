//! The clock and timers.

use core::{future::Future, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use keystile_core::Timestamp;
use worker::Delay;

/// The time now. In production it stands still between I/O, so it is read once and passed on.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

/// Waits for `millis` milliseconds.
pub async fn sleep(millis: u64) {
    Delay::from(Duration::from_millis(millis)).await;
}

/// The result of `future`, or `None` if it takes longer than `millis` milliseconds.
pub async fn within<F: Future>(millis: u64, future: F) -> Option<F::Output> {
    match select(pin!(future), pin!(sleep(millis))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}
