//! The mistakes of a scheme.

use alloc::{string::String, vec::Vec};
use core::{error::Error, fmt, ops::Deref};

use serde::Serialize;

/// One mistake of a scheme: its place, such as `handshake.0.when`, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemeError {
    /// The axis; empty for a mistake that concerns the whole scheme.
    pub at: String,
    /// A sentence that says what is wrong and what to write.
    pub message: String,
}

impl fmt::Display for SchemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.at, self.message) }
    }
}

impl Error for SchemeError {}

/// All mistakes of a scheme, at least one. As a text they are on one line, separated by `; `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeErrors(pub(super) Vec<SchemeError>);

impl fmt::Display for SchemeErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl Error for SchemeErrors {}

impl Deref for SchemeErrors {
    type Target = [SchemeError];

    fn deref(&self) -> &[SchemeError] {
        &self.0
    }
}

impl IntoIterator for SchemeErrors {
    type Item = SchemeError;
    type IntoIter = alloc::vec::IntoIter<SchemeError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
