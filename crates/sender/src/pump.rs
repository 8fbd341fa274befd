//! Work of an alarm that runs in several lanes at once, and takes up new work while some is under way.

use std::cell::Cell;

use futures_util::{
    future::{Either, select},
    stream::{FuturesUnordered, StreamExt as _},
};
use keystile_core::base::timestamp::{MINUTE_MS, Timestamp};
use keystile_runtime::clock;
use worker::Result;

/// The time after which an alarm takes up no more work, milliseconds. The platform ends alarms after 15 minutes.
const TAKES_UP_FOR_MS: i64 = MINUTE_MS;
/// The pieces of work of one alarm: each calls out, and an invocation's subrequests are limited, to 50 on the free plan.
/// The next alarm does the rest.
const PIECES: usize = 40;
/// The delay with which new work is noticed beside work that is under way, milliseconds.
const NOTICED_AFTER_MS: u64 = 100;
/// The number of these delays after which work is looked for that has become due by itself.
const LOOKS_AFTER: u32 = 10;

/// Does work until none is due. `due` chooses work, given the lanes that are under way; `work` does a piece of it. `woken`
/// says that there may be new work. After a fault no more work is taken up, but what is under way is done.
pub(crate) async fn run<T: Lane, W: Future<Output = Result<()>>>(
    woken: &Cell<bool>,
    due: impl Fn(&[T::Id], Timestamp) -> Result<Vec<T>>,
    work: impl Fn(T) -> W,
) -> Result<()> {
    let began = clock::now();
    let (mut left, mut outcome) = (PIECES, Ok(()));
    let mut lanes: Vec<T::Id> = Vec::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        let now = clock::now();
        if left > 0 && outcome.is_ok() && now.millis_since(began) < TAKES_UP_FOR_MS {
            woken.set(false);
            match due(&lanes, now) {
                Ok(pieces) => {
                    for piece in pieces.into_iter().take(left) {
                        left = left.saturating_sub(1);
                        let lane = piece.lane();
                        lanes.push(lane.clone());
                        let done = work(piece);
                        under_way.push(async move { (lane, done.await) });
                    }
                }
                Err(error) => outcome = Err(error),
            }
        }
        for _ in 0..LOOKS_AFTER {
            match select(under_way.next(), std::pin::pin!(clock::sleep(NOTICED_AFTER_MS))).await {
                Either::Left((None, _)) => return outcome,
                Either::Left((Some((lane, done)), _)) => {
                    outcome = outcome.and(done);
                    lanes.retain(|other| *other != lane);
                    break;
                }
                Either::Right(_) if woken.get() => break,
                Either::Right(_) => {}
            }
        }
    }
}

/// A piece of work.
pub(crate) trait Lane {
    /// The name of a lane. Of each lane one piece is under way at a time.
    type Id: Clone + PartialEq;

    /// The lane of this piece.
    fn lane(&self) -> Self::Id;
}
