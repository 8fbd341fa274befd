//! A budget for the work of judging a delivery.

use core::cell::Cell;

use crate::failure::Failure;

/// The cost of each lookup besides the bytes that it reads, in bytes.
pub(crate) const LOOKUP_COST: usize = 512;

/// Counts the bytes that are read or hashed. Once they exceed the limit, no more work is done, and the delivery gets no
/// verdict.
#[derive(Debug)]
pub(crate) struct Budget(Cell<Option<usize>>);

impl Budget {
    /// A budget of this many bytes.
    pub(crate) const fn new(limit: usize) -> Self {
        Self(Cell::new(Some(limit)))
    }

    /// A budget without a limit, for work whose length the receiver itself decides.
    pub(crate) const fn unlimited() -> Self {
        Self::new(usize::MAX)
    }

    /// Spends bytes that are about to be read or hashed.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), Failure> {
        let left = self.0.get().and_then(|left| left.checked_sub(bytes.saturating_add(LOOKUP_COST)));
        self.0.set(left);
        self.check()
    }

    /// Checks that everything spent so far was within the limit.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.0.get().map(drop).ok_or(Failure::TooMuchWork)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_ran_out_stays_so_however_little_is_asked_for_then() {
        let budget = Budget::new(2 * LOOKUP_COST + 10);
        assert_eq!((budget.spend(10), budget.spend(0)), (Ok(()), Ok(())));
        assert_eq!(budget.check(), Ok(()));
        assert_eq!(budget.spend(0), Err(Failure::TooMuchWork));
        assert_eq!((budget.spend(0), budget.check()), (Err(Failure::TooMuchWork), Err(Failure::TooMuchWork)));
    }
}
