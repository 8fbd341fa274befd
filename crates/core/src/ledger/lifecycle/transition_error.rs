//! The reasons why a key can't change as it was asked to.

use core::{error::Error, fmt};

use crate::base::code::Code;

/// The reason why a transition is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionError {
    /// The key was revoked, for good.
    Revoked,
    /// The key has expired, for good.
    Expired,
    /// The key was replaced already.
    AlreadyRotated,
    /// The key is disabled, and its successor would not be.
    Disabled,
    /// The key was replaced, and the rotation sets its end.
    RotationPending,
    /// The key has no end that could be cancelled.
    NoPendingEnd,
}

impl TransitionError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Revoked => Code::KeyRevoked,
            Self::Expired => Code::KeyExpired,
            Self::AlreadyRotated => Code::AlreadyRotated,
            Self::Disabled => Code::KeyDisabled,
            Self::RotationPending => Code::RotationPending,
            Self::NoPendingEnd => Code::NoPendingEnd,
        }
    }

    /// A sentence for the caller.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Revoked => "This key was revoked and can't be changed or brought back; create a new one.",
            Self::Expired => "This key has expired and can't be changed or brought back; create a new one.",
            Self::AlreadyRotated => "This key was rotated already; rotate its successor, or cancel its pending end.",
            Self::Disabled => "This key is disabled; enable it before it is rotated.",
            Self::RotationPending => "This key was rotated, which sets its end; cancel that before you set another.",
            Self::NoPendingEnd => "This key has no pending end by rotation that could be cancelled.",
        }
    }
}

impl fmt::Display for TransitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail())
    }
}

impl Error for TransitionError {}
