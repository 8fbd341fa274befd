//! A bell that wakes all who wait for it.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
};

/// The bell.
#[derive(Default)]
pub(super) struct Bell {
    rung: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl Bell {
    /// Wakes all who wait now.
    pub(super) fn ring(&self) {
        self.rung.set(self.rung.get().wrapping_add(1));
        // One that is woken may wait again at once.
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits for the next ringing from now on.
    pub(super) fn next(&self) -> impl Future<Output = ()> + '_ {
        let rung = self.rung.get();
        poll_fn(move |context| {
            if self.rung.get() != rung {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;

    #[test]
    fn all_who_wait_hear_the_next_ringing_and_no_earlier_one() {
        let bell = Bell::default();
        bell.ring();
        let (mut first, mut second) = (pin!(bell.next()), pin!(bell.next()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending() && second.as_mut().poll(&mut context).is_pending());
        bell.ring();
        assert!(first.poll(&mut context).is_ready() && second.poll(&mut context).is_ready());
        assert!(pin!(bell.next()).poll(&mut context).is_pending());
    }
}
