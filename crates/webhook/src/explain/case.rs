//! The case that is explained, and the limits of the search for its causes.

use crate::{delivery::Delivery, options::Options, scheme::Scheme};

/// A delivery whose verdict is to be explained.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The scheme.
    pub scheme: &'a Scheme,
    /// The secrets as they are configured.
    pub secrets: &'a [&'a str],
    /// The delivery.
    pub delivery: &'a Delivery<'a>,
    /// The options. All HMACs are computed here, whatever `delegate_hmac_from` says.
    pub options: &'a Options<'a>,
}

/// The limits of the search for causes.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// The maximum number of changed deliveries that are verified.
    pub tries: usize,
    /// Whether the time is over. It is asked before each try.
    pub expired: &'a dyn Fn() -> bool,
}

impl core::fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Limits").field("tries", &self.tries).finish_non_exhaustive()
    }
}

impl Limits<'_> {
    /// 3,000 tries, without a limit of time.
    #[must_use]
    pub const fn usual() -> Self {
        Self { tries: 3_000, expired: &|| false }
    }
}
