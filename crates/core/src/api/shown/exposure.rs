//! What became of the keys of a leak report, as its operator sees it.

use alloc::vec::Vec;

use serde::Serialize;

use crate::{
    base::{id::KeyId, timestamp::Rfc3339},
    ledger::exposure::ExposureStatus,
};

/// The outcome of each record of a report, in its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct ShownExposed {
    pub results: Vec<ShownExposedKey>,
}

/// The outcome of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct ShownExposedKey {
    /// When the key is refused everywhere, if it was revoked or disabled; null if the feed has yet to take that.
    pub effective_by: Option<Rfc3339>,
    /// Null if there is no such key, or none that the caller may know of.
    pub id: Option<KeyId>,
    pub status: ExposureStatus,
}
