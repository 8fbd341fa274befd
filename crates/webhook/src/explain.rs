//! Explains a verdict: what was read, what was signed, and what is likely wrong.
//!
//! [`explain()`] takes what [`verify()`](crate::verify()) takes, as texts. The explanation's verdict is that of the
//! verifier. A cause is only named when it is proved: the delivery is changed, for example by a line feed at its end,
//! and the verifier finds the changed one genuine. What can't be proved so is a hint.
//!
//! An explanation contains no secret. It contains the signatures that were computed with the secrets, so it is for
//! whoever holds them, never for the sender of a delivery.

use alloc::vec::Vec;

use crate::{failure::Failure, options::Options, verified::Verified};
pub use case::{Case, Limits};
pub use code::CauseCode;
pub use pasted::{PastedRequest, read_request};
pub use report::{
    Bytes, Cause, Change, Check, Comparison, Difference, Ending, Entry, Excerpt, Explanation, Hint, Mend, MessagePart,
    MessageStep, Problem, Reading, Search, SecretStep, Source, Steps, TimestampStep, Verdict,
};
pub use sample::{Sample, can_sign, sample, sample_secret};

pub use urls::{reads_method, reads_url};

mod body;
mod case;
mod charset;
mod code;
mod difference;
mod form_text;
mod headers;
mod hints;
mod json_text;
mod mend;
mod pasted;
mod report;
mod sample;
mod schemes;
mod search;
mod secrets;
mod signature_text;
mod steps;
mod times;
mod trial;
mod urls;

/// Explains the verdict on a delivery.
#[must_use]
pub fn explain(case: &Case<'_>, limits: &Limits<'_>) -> Explanation {
    let options = Options { delegate_hmac_from: usize::MAX, ..*case.options };
    let case = &Case { options: &options, ..*case };
    let judged = trial::Trial::of(case).judge(case);
    let steps = steps::steps(case);
    let found = match &judged {
        Ok(_) => search::Found::nothing(Ending::NotNeeded),
        // A token that is sent as it is can't be changed on the way and still be known again.
        Err(_) if schemes::is_equality(case.scheme) => search::Found::nothing(Ending::NotPossible),
        Err(failure) => search::search(case, failure, limits),
    };
    let hints: Vec<Hint> = match &judged {
        Ok(_) => Vec::new(),
        Err(failure) => hints::hints(case, failure, &found.causes),
    };
    Explanation { verdict: verdict(&judged), steps, causes: found.causes, hints, search: found.search }
}

fn verdict(judged: &Result<Verified, Failure>) -> Verdict {
    match judged {
        Ok(verified) => Verdict {
            valid: true,
            code: "OK",
            detail: match verified.timestamp {
                Some(_) => "The delivery is genuine and fresh.".into(),
                None => "The delivery is genuine.".into(),
            },
            secret: Some(verified.secret_index),
            timestamp: verified.timestamp.map(|time| time.as_secs()),
            event_id: verified.event_id.clone(),
            event_type: verified.event_type.clone(),
            body_authenticated: verified.body_authenticated,
        },
        Err(failure) => Verdict {
            valid: false,
            code: failure.code(),
            detail: failure.detail().into_owned(),
            secret: None,
            timestamp: None,
            event_id: None,
            event_type: None,
            body_authenticated: false,
        },
    }
}

#[cfg(test)]
mod tests;
