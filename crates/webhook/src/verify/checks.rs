//! Checks of signatures that the caller computes.

use alloc::{borrow::Cow, vec::Vec};

use super::matches::{Matches, Target};
use crate::{algorithm::Algorithm, failure::Failure, mac, verified::Verified};

/// Arithmetic for the caller, and what its answers will mean.
#[derive(Debug)]
pub struct PendingChecks<'a> {
    /// Is this signature good? In the order in which the answers come.
    pub checks: Vec<SignatureCheck<'a>>,
    pub(super) matches: Matches,
}

/// One question: WebCrypto's `verify`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureCheck<'a> {
    /// What to compute with. ECDSA's signatures are r and s, whatever the
    /// scheme's form; of a JWT it is the algorithm that its own stands for.
    pub algorithm: Algorithm,
    /// A public key as SubjectPublicKeyInfo, or an HMAC's key as it is.
    pub key: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// What is signed.
    pub message: Cow<'a, [u8]>,
    pub(super) target: Target,
}

/// Redacted: it may have a secret in it.
impl core::fmt::Debug for SignatureCheck<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignatureCheck").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl PendingChecks<'_> {
    /// The verdict, with the answers in the order of the checks. One that is
    /// not there is a no.
    ///
    /// # Errors
    /// Why the delivery is refused.
    pub fn finish(mut self, answers: &[bool]) -> Result<Verified, Failure> {
        for (check, _) in self.checks.iter().zip(answers).filter(|(_, good)| **good) {
            self.matches.record(check.target, || Some(check.hash()));
        }
        self.matches.verdict()
    }

    /// The same for who can't keep the delivery until the answers are there.
    #[must_use]
    pub fn detach(self) -> DetachedChecks {
        let hash = |check: &SignatureCheck<'_>| self.matches.wants_hash(check.target).then(|| check.hash());
        let checks = self.checks.iter().map(|check| (check.target, hash(check))).collect();
        DetachedChecks { checks, matches: self.matches }
    }
}

impl SignatureCheck<'_> {
    fn hash(&self) -> [u8; 32] {
        mac::sha256(core::slice::from_ref(&self.message))
    }
}

/// What is left of [`PendingChecks`] once they are asked.
#[derive(Debug)]
pub struct DetachedChecks {
    checks: Vec<(Target, Option<[u8; 32]>)>,
    pub(super) matches: Matches,
}

impl DetachedChecks {
    /// As [`PendingChecks::finish`].
    ///
    /// # Errors
    /// Why the delivery is refused.
    pub fn finish(mut self, answers: &[bool]) -> Result<Verified, Failure> {
        for ((target, hash), _) in self.checks.iter().zip(answers).filter(|(_, good)| **good) {
            self.matches.record(*target, || *hash);
        }
        self.matches.verdict()
    }
}
