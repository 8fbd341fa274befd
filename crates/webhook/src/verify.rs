//! Verifies a delivery.
//!
//! The engine checks in this order:
//!
//! 1. the configuration: at least one usable secret, and every parameter;
//! 2. the length of the body;
//! 3. the place and the form of the signature;
//! 4. the form of the timestamp;
//! 5. the parts of the message;
//! 6. the signature itself, with every secret;
//! 7. if the delivery is genuine, the claims, the hashes and the time.
//!
//! So `TIMESTAMP_TOO_OLD` means a genuine delivery that came late. A forged one is `NO_MATCH`, whatever its time.

pub use crate::verified::Verified;
use crate::{
    budget::Budget, delivery::Delivery, failure::Failure, json, lookup::Lookup, options::Options, requirement,
    scheme::Scheme, secret::Secrets,
};
pub use checks::{DetachedChecks, PendingChecks, SignatureCheck};
use verifier::Verifier;

mod checks;
mod matches;
mod verifier;

/// The outcome of [`verify()`].
#[derive(Debug)]
pub enum Verification<'a> {
    /// The delivery is genuine and fresh.
    Verified(Verified),
    /// The delivery is refused.
    Failed(Failure),
    /// The caller has to check signatures first. This happens with public keys whose feature is off, and with
    /// [`Options::delegate_hmac_from`].
    Pending(PendingChecks<'a>),
}

impl Verification<'_> {
    /// The outcome, if no checks are left to the caller.
    ///
    /// # Errors
    /// The reason for refusing the delivery. If checks are left, the delivery is refused too, since nobody has found
    /// the signature good.
    pub fn into_result(self) -> Result<Verified, Failure> {
        match self {
            Self::Verified(verified) => Ok(verified),
            Self::Failed(failure) => Err(failure),
            Self::Pending(checks) => checks.finish(&[]),
        }
    }
}

/// Verifies a delivery. All secrets and all signatures are tried, in constant time on decoded bytes. The time is
/// compared in whole seconds.
#[must_use]
pub fn verify<'a>(
    scheme: &'a Scheme,
    secrets: &'a Secrets,
    delivery: &'a Delivery<'a>,
    options: &'a Options<'a>,
) -> Verification<'a> {
    match prepare(scheme, secrets, delivery, options) {
        Err(failure) => Verification::Failed(failure),
        Ok(pending) if pending.checks.is_empty() => match pending.verdict() {
            Ok(verified) => Verification::Verified(verified),
            Err(failure) => Verification::Failed(failure),
        },
        Ok(pending) => Verification::Pending(pending),
    }
}

fn prepare<'a>(
    scheme: &'a Scheme,
    secrets: &'a Secrets,
    delivery: &'a Delivery<'a>,
    options: &'a Options<'a>,
) -> Result<PendingChecks<'a>, Failure> {
    if secrets.is_empty() {
        return Err(Failure::Configuration("This source has no secret that can be used.".into()));
    }
    for name in &scheme.params {
        options.param(name)?;
    }
    if delivery.body.len() > options.body_limit {
        return Err(Failure::BodyTooLarge);
    }
    let budget = Budget::new(options.work_limit);
    let whole = Lookup::whole(scheme, delivery, options, &budget);
    let (document, head) = (whole.document()?, whole.signature_head()?);
    let lookup = Lookup { document: &document, head: head.as_deref(), ..whole };
    requirement::check_signing(&lookup, |place| !(scheme.is_jws() && place.is_of_token()))?;
    let mut verifier = Verifier::new(secrets, delivery, options, scheme);
    match &scheme.each {
        _ if scheme.is_jws() => verifier.token(&lookup)?,
        None => verifier.item(&lookup)?,
        Some(path) => {
            budget.spend(json::reading(lookup.document))?;
            let items = json::each(lookup.document, path, lookup.names).map_err(|_| Failure::MalformedBody)?;
            if items.is_empty() {
                return Err(Failure::MissingField(alloc::format!("json:{path}")));
            }
            for document in &items {
                verifier.item(&Lookup { document, ..lookup })?;
            }
        }
    }
    // A signature may have been skipped once the limit was reached.
    budget.check()?;
    Ok(verifier.pending)
}
