//! A grant, and what its holder tells about it.

use serde::{Deserialize, Serialize};

use crate::base::timestamp::SECOND_MS;

/// The number of a grant, in all logs that it is in. It is used only once.
pub type GrantNumber = u64;

/// The shortest lifetime of a grant, milliseconds.
pub const MIN_LIFETIME_MS: i64 = SECOND_MS;
/// The longest lifetime of a grant, milliseconds.
pub const MAX_LIFETIME_MS: i64 = 20 * SECOND_MS;

/// Units that their holder may use for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The number, under which its use is reported.
    pub number: GrantNumber,
    /// The units.
    pub units: u64,
    /// The time after which it ends, milliseconds; 0 if the units count as used already.
    pub lifetime_ms: i64,
    /// Whether a rate limit had fewer units than were wanted.
    pub scarce: bool,
}

/// The use of a grant so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The grant.
    pub number: GrantNumber,
    /// The units that were used so far.
    pub used: u64,
    /// Whether no more will be used.
    pub closed: bool,
}
