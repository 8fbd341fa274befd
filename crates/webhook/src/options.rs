//! Options of verifying and signing.

use core::time::Duration;

use crate::failure::Failure;

/// The time, the parameters of the scheme, and the limits. [`Options::at`] has the
/// usual ones.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The time since 1970-01-01T00:00:00Z.
    pub now: Duration,
    /// Names and texts of the scheme's `params`.
    pub params: &'a [(&'a str, &'a str)],
    /// Bytes of a body, at most. A longer one is refused before anything is computed.
    pub body_limit: usize,
    /// HMACs over messages of at least so many bytes are left to the caller
    /// ([`Verification::Pending`](crate::Verification::Pending)): from some length on
    /// the hash of the platform is faster than this one.
    pub delegate_hmac_from: usize,
    /// Bytes that may be read and hashed, at most. A message counts for each secret
    /// that it is tried with, the body for each lookup in it, and a lookup for 512.
    pub work_limit: usize,
    /// Whether [`Verified::replay_keys`](crate::Verified::replay_keys) are
    /// wanted. Without a signed id they cost another hash of the message.
    pub replay_keys: bool,
}

impl Options<'_> {
    /// The usual options at this time since 1970-01-01T00:00:00Z: no parameters, bodies
    /// of up to 8 MiB, every HMAC computed here, no limit of work, and replay keys.
    #[must_use]
    pub const fn at(now: Duration) -> Self {
        let body_limit = 8 * 1024 * 1024;
        Self { now, params: &[], body_limit, delegate_hmac_from: usize::MAX, work_limit: usize::MAX, replay_keys: true }
    }

    pub(crate) fn param(&self, name: &str) -> Result<&str, Failure> {
        let found = self.params.iter().find(|(other, value)| *other == name && !value.is_empty());
        let missing = || Failure::Configuration(alloc::format!("The parameter `{name}` is not set.").into());
        found.map(|(_, value)| *value).ok_or_else(missing)
    }
}
