//! The problems that a ledger answers with.

use keystile_core::{
    base::{code::Code, fields::FieldError, problem::Problem},
    ledger::lifecycle::TransitionError,
};

use super::drain::NotTaken;
use crate::{command::Target, failure::Failure};

/// The 404: the key doesn't exist, or not for this caller.
pub(crate) fn not_found(target: &Target) -> Problem {
    if target.id.is_operators() {
        Problem::new(Code::OperatorNotFound, "There is no operator with this id.")
    } else {
        Problem::new(Code::KeyNotFound, "There is no key with this id.")
    }
}

/// The 409: the state of the key doesn't allow the change.
pub(crate) fn impossible(error: TransitionError) -> Failure {
    Problem::new(error.code(), error.detail()).into()
}

/// The 404: the tenant has no keys, nor had any, nor any settings.
pub(crate) fn no_such_tenant() -> Problem {
    let detail = "There is no tenant with this name: it has no keys and no settings. Names count letter for letter.";
    Problem::new(Code::TenantNotFound, detail)
}

/// The 410: the tenant was erased, so there is nothing more to do with it.
pub(crate) fn tenant_erased() -> Problem {
    let detail = "This tenant was erased, and its name is never used again. GET on the tenant says how far that is.";
    Problem::new(Code::TenantErased, detail)
}

/// The 503: a change is recorded, but the feed did not take it.
pub(crate) fn pending(is_revocation: bool, why: NotTaken) -> Problem {
    let (code, what) =
        if is_revocation { (Code::RevocationPending, "revocation") } else { (Code::ChangePending, "change") };
    let detail = match why {
        NotTaken::Yet => format!(
            "The {what} is recorded, but not yet in effect: the change feed has yet to take it. It is retried by \
             itself until it takes effect; ask again to see when that is."
        ),
        NotTaken::Ever => format!(
            "The {what} is recorded, but not in effect: edges know the key as another tenant's, or as one that was \
             revoked before this tenant's ledger was put back to an earlier point. Make the {what} there, or revoke \
             the key again."
        ),
    };
    Problem::new(code, detail)
}

/// The 503: a change of rate limits or quotas is recorded, but the limiter did not take it.
pub(crate) fn limits_pending() -> Problem {
    let detail = "The change is recorded, but not yet in effect: the limiter can't be reached. It is retried by itself \
                  until it takes effect; ask again to see when that is.";
    Problem::new(Code::ChangePending, detail)
}

/// The 422: the tenant's limits don't allow this expiry.
pub(crate) fn not_so_long(detail: String) -> Failure {
    vec![FieldError { field: "expires_at".into(), detail }].into()
}
