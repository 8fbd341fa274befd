//! Options of verifying and signing.

use core::time::Duration;

use crate::{
    failure::Failure,
    secret::{Nfkd, nfkd},
};

/// The time, the parameters of the scheme, and the limits. [`Options::at`] returns the usual ones.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The time since 1970-01-01T00:00:00Z.
    pub now: Duration,
    /// The names and texts of the scheme's `params`.
    pub params: &'a [(&'a str, &'a str)],
    /// The maximum length of a body, bytes. A longer one is refused before anything is computed.
    pub body_limit: usize,
    /// The message length, in bytes, from which HMACs are left to the caller
    /// ([`Verification::Pending`](crate::Verification::Pending)). Above some length the platform's hash is faster than
    /// this one.
    pub delegate_hmac_from: usize,
    /// The maximum number of bytes that are read and hashed. A message counts once for each secret that it is tried
    /// with, the body once for each lookup in it, as JSON eight times, and each lookup adds 512.
    pub work_limit: usize,
    /// Whether [`Verified::replay_keys`](crate::Verified::replay_keys) are wanted. They cost a hash of the body, and
    /// another of the message if it is not the body and has no signed id.
    pub replay_keys: bool,
    /// The normal form NFKD of a secret that signing uses, as for
    /// [`Secrets::parse_with`](crate::Secrets::parse_with).
    pub nfkd: Nfkd,
}

impl Options<'_> {
    /// The usual options at this time since 1970-01-01T00:00:00Z: no parameters, bodies
    /// of up to 8 MiB, every HMAC computed here, no limit of work, and replay keys.
    #[must_use]
    pub const fn at(now: Duration) -> Self {
        let body_limit = 8 * 1024 * 1024;
        Self {
            now,
            params: &[],
            body_limit,
            delegate_hmac_from: usize::MAX,
            work_limit: usize::MAX,
            replay_keys: true,
            nfkd,
        }
    }

    pub(crate) fn param(&self, name: &str) -> Result<&str, Failure> {
        let found = self.params.iter().find(|(other, value)| *other == name && !value.is_empty());
        let missing = || Failure::Configuration(alloc::format!("The parameter `{name}` is not set.").into());
        found.map(|(_, value)| *value).ok_or_else(missing)
    }
}
