//! Verifying a delivery.
//!
//! In this order: the set-up, the body's length, where the signature is and
//! what it is written like, the timestamp's form, the message; then whether
//! the signature matches; then, of what is known to be genuine, the claims,
//! the hashes and the time. So `TIMESTAMP_TOO_OLD` means a genuine delivery
//! that came late, and a forged one is `NO_MATCH` whatever its time.

pub use crate::verified::Verified;
use crate::{
    budget::Budget, delivery::Delivery, failure::Failure, json, lookup::Lookup, options::Options, scheme::Scheme,
    secret::Secrets,
};
pub use checks::{DetachedChecks, PendingChecks, SignatureCheck};
use verifier::Verifier;

mod checks;
mod matches;
mod verifier;

/// What is known of a delivery.
#[derive(Debug)]
pub enum Verification<'a> {
    /// It is genuine and fresh.
    Verified(Verified),
    /// It is not.
    Failed(Failure),
    /// That depends on arithmetic that the caller has to carry out.
    Pending(PendingChecks<'a>),
}

impl Verification<'_> {
    /// The answer, where no arithmetic is left to the caller.
    ///
    /// # Errors
    /// Why the delivery is refused. If arithmetic is left, it is refused too.
    pub fn into_result(self) -> Result<Verified, Failure> {
        match self {
            Self::Verified(verified) => Ok(verified),
            Self::Failed(failure) => Err(failure),
            Self::Pending(checks) => checks.finish(&[]),
        }
    }
}

/// Verifies a delivery.
#[must_use]
pub fn verify<'a>(
    scheme: &'a Scheme,
    secrets: &'a Secrets,
    delivery: &'a Delivery<'a>,
    options: &'a Options<'a>,
) -> Verification<'a> {
    match prepare(scheme, secrets, delivery, options) {
        Err(failure) => Verification::Failed(failure),
        Ok(pending) if pending.checks.is_empty() => match pending.matches.verdict() {
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
    let document = whole.document()?;
    let lookup = Lookup { document: &document, ..whole };
    let mut verifier = Verifier::new(secrets, delivery, options, scheme);
    match &scheme.each {
        _ if scheme.methods.iter().any(|method| method.algorithm.is_jws()) => verifier.token(&lookup)?,
        None => verifier.item(&lookup)?,
        Some(path) => {
            budget.spend(lookup.document.len())?;
            let items = json::each(lookup.document, path, lookup.names).map_err(|_| Failure::MalformedBody)?;
            if items.is_empty() {
                return Err(Failure::MissingField(alloc::format!("json:{path}")));
            }
            for document in &items {
                verifier.item(&Lookup { document, ..lookup })?;
            }
        }
    }
    // A signature may have been passed over once the limit was reached.
    budget.check()?;
    Ok(verifier.pending)
}
