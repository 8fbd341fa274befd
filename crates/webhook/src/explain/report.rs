//! The parts of an explanation, as they are written in JSON.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use super::code::CauseCode;
use crate::{encoding, failure::Failure};

/// An explanation of a verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The verdict of the verifier.
    pub verdict: Verdict,
    /// The steps: the values that the verifier read and computed.
    pub steps: Steps,
    /// The causes that are proved. Each cause alone explains the verdict.
    pub causes: Vec<Cause>,
    /// The possible causes, without proof.
    pub hints: Vec<Hint>,
    /// How far the search for causes went.
    pub search: Search,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether the delivery is genuine and fresh.
    pub valid: bool,
    /// `OK`, or the code of the failure.
    pub code: &'static str,
    /// A sentence.
    pub detail: String,
    /// The index of the secret that matched.
    pub secret: Option<usize>,
    /// The time of signing, seconds since 1970.
    pub timestamp: Option<u64>,
    /// The id that a repeated delivery repeats.
    pub event_id: Option<String>,
    /// The type of the event.
    pub event_type: Option<String>,
    /// Whether the signature covers the whole body.
    pub body_authenticated: bool,
}

/// The values that the verifier read and computed, in its order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Steps {
    /// The secrets and the form in which the scheme reads them.
    pub secrets: Vec<SecretStep>,
    /// The problem that prevents the verifier from starting: a parameter, the length of the body, or the JSON document.
    pub problem: Option<Problem>,
    /// One reading for each group of signatures of each signed item: usually one.
    pub readings: Vec<Reading>,
}

/// A failure, or the reason why a part is passed over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// The code of a failure.
    pub code: &'static str,
    /// A sentence.
    pub detail: String,
}

impl Problem {
    /// The problem that a failure is.
    pub(super) fn of(failure: &Failure) -> Self {
        Self { code: failure.code(), detail: failure.detail().into_owned() }
    }
}

/// A secret, without its text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SecretStep {
    /// Its index.
    pub index: usize,
    /// The lengths of the keys that it was made into, bytes. A public key counts as its SubjectPublicKeyInfo.
    pub key_lengths: Vec<usize>,
    /// The forms in which the scheme reads it.
    pub forms: Vec<&'static str>,
    /// Why it can't be used.
    pub problem: Option<String>,
}

/// The values that were read and computed for one group of signatures.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reading {
    /// The index of the signed item, if each item of a list is signed.
    pub item: Option<usize>,
    /// The places where a signature may stand, with what stands there.
    pub sources: Vec<Source>,
    /// The entries of the signature's value.
    pub entries: Vec<Entry>,
    /// Why there is nothing to compare.
    pub problem: Option<Problem>,
    /// The timestamp, if the scheme has one.
    pub timestamp: Option<TimestampStep>,
    /// The messages that may have been signed.
    pub messages: Vec<MessageStep>,
    /// Each key with each message.
    pub comparisons: Vec<Comparison>,
    /// The claims and hashes that are checked once the signature is good.
    pub checks: Vec<Check>,
}

/// A place and the text there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// The place, as in schemes.
    pub place: String,
    /// The texts there.
    pub values: Vec<String>,
}

/// One entry of a signature's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Its text.
    pub text: String,
    /// Whether it is compared as a signature.
    pub used: bool,
    /// Why it isn't, or what it is.
    pub note: String,
    /// The length of the signature, bytes.
    pub length: Option<usize>,
}

/// The timestamp.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimestampStep {
    /// The place, as in schemes.
    pub place: String,
    /// The text there.
    pub text: Option<String>,
    /// The unit of the scheme.
    pub unit: &'static str,
    /// The time that the text stands for, seconds since 1970.
    pub time: Option<u64>,
    /// The time of checking, seconds since 1970.
    pub now: u64,
    /// How long ago that was, seconds; negative if it is ahead.
    pub age: Option<i64>,
    /// The maximum age, seconds.
    pub past: u32,
    /// The maximum time ahead, seconds.
    pub future: u32,
    /// Whether the limits are enforced.
    pub enforced: bool,
    /// Whether it is part of the signed message.
    pub signed: bool,
    /// Why it can't be used.
    pub problem: Option<Problem>,
}

/// A message that may have been signed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageStep {
    /// The template, as in schemes.
    pub template: String,
    /// Its parts. A JWT has one: its first two thirds.
    pub parts: Vec<MessagePart>,
    /// The length of the whole, bytes.
    pub length: usize,
    /// Why it can't be made.
    pub problem: Option<Problem>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessagePart {
    /// The part as in schemes, such as `{body}`; a fixed text is `text`.
    pub label: String,
    /// Its bytes. Those of the secret and of parameters that may be secret are left out.
    pub bytes: Option<Bytes>,
    /// Its length, bytes.
    pub length: usize,
}

/// The beginning of some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// Up to 4,096 of them, in hex.
    pub hex: String,
    /// How many there are.
    pub length: usize,
}

impl Bytes {
    const SHOWN: usize = 4_096;

    pub(super) fn of(bytes: &[u8]) -> Self {
        let shown = bytes.get(..Self::SHOWN).unwrap_or(bytes);
        Self { hex: encoding::to_hex(shown), length: bytes.len() }
    }
}

/// One key with one message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The index of the secret.
    pub secret: usize,
    /// The index of the message.
    pub message: usize,
    /// The algorithm.
    pub algorithm: &'static str,
    /// The form in which the secret was read.
    pub form: &'static str,
    /// The signature that this key makes, written as the scheme writes it; `None` for public keys. Whoever has it can
    /// forge this delivery.
    pub computed: Option<String>,
    /// The index of the entry that matches.
    pub entry: Option<usize>,
}

/// A claim or a hash.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The place, as in schemes.
    pub place: String,
    /// The texts there.
    pub stated: Vec<String>,
    /// The text that must be there.
    pub expected: String,
    /// Whether it is.
    pub holds: bool,
}

/// A cause with its proof.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The code of its first change.
    pub code: CauseCode,
    /// The number of the cause in the documentation.
    pub number: u8,
    /// The sentences of all changes, which say what is wrong.
    pub sentence: String,
    /// The changes with which the verifier finds the delivery genuine: usually one.
    pub changes: Vec<Change>,
    /// The verifier's code for the changed delivery. Any other than `OK` comes after the signature was found good.
    pub verdict: &'static str,
    /// The advice on how to mend the cause.
    pub mend: Mend,
}

/// One change to the delivery, the secret or the scheme.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The code.
    pub code: CauseCode,
    /// The name of the changed part, such as `body`, `url`, `header:x-signature`, `secret`.
    pub subject: String,
    /// A sentence that says how the signed delivery differs from this one.
    pub sentence: String,
    /// The index of the changed secret.
    pub secret: Option<usize>,
    /// The first difference, except of secrets.
    pub difference: Option<Difference>,
}

/// The first difference between what was given and what was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its offset, bytes.
    pub offset: usize,
    /// The bytes that were given.
    pub given: Excerpt,
    /// The bytes that were signed.
    pub signed: Excerpt,
}

/// The bytes around a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The differing byte in hex; `None` at the end.
    pub byte: Option<String>,
    /// The bytes from `start` on, in hex.
    pub hex: String,
    /// The offset of the first of them.
    pub start: usize,
    /// The length of the whole.
    pub length: usize,
}

/// A possible cause without proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// The code of the cause.
    pub code: CauseCode,
    /// The number of the cause in the documentation.
    pub number: u8,
    /// A sentence that says what points to the cause.
    pub sentence: String,
    /// The advice on how to mend the cause.
    pub mend: Mend,
}

/// The advice on how to mend a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mend {
    /// A sentence.
    pub sentence: &'static str,
    /// The same for frameworks: the name, and a line of code or a sentence.
    pub frameworks: &'static [(&'static str, &'static str)],
}

/// How far the search for causes went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Search {
    /// The number of changed deliveries that were verified.
    pub tries: usize,
    /// Why it ended.
    pub ending: Ending,
}

/// The reason for the end of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The delivery is valid.
    NotNeeded,
    /// The scheme compares a token, so that nothing can be tried.
    NotPossible,
    /// A cause was found.
    Found,
    /// Everything was tried.
    Exhausted,
    /// The limit of tries was reached.
    Tries,
    /// The time was over.
    Time,
}
