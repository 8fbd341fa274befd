//! Checks of signatures that the caller has to do.

use alloc::{borrow::Cow, sync::Arc, vec::Vec};

use super::matches::{Matches, Target};
use crate::{algorithm::Algorithm, failure::Failure, mac, verified::Verified};

/// Signatures that the caller has to check, and the verdict that follows.
#[derive(Debug)]
pub struct PendingChecks<'a> {
    /// The checks, in the order in which [`finish`](Self::finish) takes their results.
    pub checks: Vec<SignatureCheck<'a>>,
    pub(super) body: &'a [u8],
    pub(super) matches: Matches,
}

/// One signature to check, as WebCrypto's `verify` does it.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureCheck<'a> {
    /// The algorithm, whose WebCrypto names [`Algorithm::web_crypto`] returns. An ECDSA signature is r and s, even if
    /// the scheme has DER. For a JWT this is only the algorithm of the signature.
    pub algorithm: Algorithm,
    /// A public key as SubjectPublicKeyInfo (RFC 5280), or the bytes of an HMAC key.
    pub key: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The signed message. All checks of a message share it, so a long one is there once.
    pub message: Arc<Cow<'a, [u8]>>,
    pub(super) target: Target,
}

/// Shows only the algorithm, since the rest may contain a secret.
impl core::fmt::Debug for SignatureCheck<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignatureCheck").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl PendingChecks<'_> {
    /// The outcome, given for each check whether the signature was good, in the order of the checks. A missing result
    /// counts as `false`.
    ///
    /// # Errors
    /// The reason for refusing the delivery.
    pub fn finish(mut self, results: &[bool]) -> Result<Verified, Failure> {
        for (check, _) in self.checks.iter().zip(results).filter(|(_, good)| **good) {
            self.matches.record(check.target, || Some(check.hash()));
        }
        self.verdict()
    }

    pub(super) fn verdict(self) -> Result<Verified, Failure> {
        self.matches.verdict(|| Some(mac::sha256(&[Cow::Borrowed(self.body)])))
    }

    /// Drops the delivery, for callers that can't keep it until the results are known.
    #[must_use]
    pub fn detach(self) -> DetachedChecks {
        let hash = |check: &SignatureCheck<'_>| self.matches.wants_hash(check.target).then(|| check.hash());
        let checks = self.checks.iter().map(|check| (check.target, hash(check))).collect();
        let body_hash = self.matches.wants_body_hash().then(|| mac::sha256(&[Cow::Borrowed(self.body)]));
        DetachedChecks { checks, body_hash, matches: self.matches }
    }
}

impl SignatureCheck<'_> {
    fn hash(&self) -> [u8; 32] {
        mac::sha256(core::slice::from_ref(&*self.message))
    }
}

/// [`PendingChecks`] without the delivery.
#[derive(Debug)]
pub struct DetachedChecks {
    checks: Vec<(Target, Option<[u8; 32]>)>,
    body_hash: Option<[u8; 32]>,
    matches: Matches,
}

impl DetachedChecks {
    /// The outcome, as for [`PendingChecks::finish`].
    ///
    /// # Errors
    /// The reason for refusing the delivery.
    pub fn finish(mut self, results: &[bool]) -> Result<Verified, Failure> {
        for ((target, hash), _) in self.checks.iter().zip(results).filter(|(_, good)| **good) {
            self.matches.record(*target, || *hash);
        }
        self.matches.verdict(|| self.body_hash)
    }
}
