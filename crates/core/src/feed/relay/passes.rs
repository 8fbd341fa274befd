//! The requests that a relay without a copy passes on.

use alloc::vec::Vec;

use super::time::Reading;
use crate::feed::message::{PollAnswer, PollRequest};

/// The most requests in a second that are passed on. Equal ones count once.
const PASSES_A_SECOND: usize = 2;
/// The time for which the answer serves equal requests, milliseconds.
const PASS_MS: i64 = 1_000;

/// The identity of a request that is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassTicket(u64);

#[derive(Debug)]
pub(super) struct Passes {
    passes: Vec<Pass>,
    number: u64,
}

#[derive(Debug)]
struct Pass {
    number: u64,
    request: PollRequest,
    sent_at: Reading,
    answer: Option<PollAnswer>,
}

/// The reply to a request for which there is no copy.
pub(super) enum Passed {
    Answer(PollAnswer),
    Wait,
    Pass(PassTicket),
}

impl Passes {
    pub(super) const fn new() -> Self {
        Self { passes: Vec::new(), number: 0 }
    }

    pub(super) fn reply(
        &mut self,
        request: &PollRequest,
        max_age_ms: u32,
        arrived_at: Reading,
        now: Reading,
    ) -> Passed {
        self.passes.retain(|pass| now.since(pass.sent_at) < PASS_MS);
        for pass in self.passes.iter().filter(|pass| pass.request == *request) {
            let Some(answer) = &pass.answer else { return Passed::Wait };
            let age = i64::from(answer.age_ms) + arrived_at.since(pass.sent_at);
            if age <= max_age_ms.into() || pass.sent_at >= arrived_at {
                return Passed::Answer(PollAnswer { age_ms: age.try_into().unwrap_or(u32::MAX), ..answer.clone() });
            }
        }
        if self.passes.len() >= PASSES_A_SECOND {
            return Passed::Wait;
        }
        self.number += 1;
        self.passes.push(Pass { number: self.number, request: request.clone(), sent_at: now, answer: None });
        Passed::Pass(PassTicket(self.number))
    }

    /// Keeps the answer; `None` if the call failed.
    pub(super) fn answered(&mut self, ticket: PassTicket, answer: Option<&PollAnswer>) {
        match answer {
            Some(answer) => {
                if let Some(pass) = self.passes.iter_mut().find(|pass| pass.number == ticket.0) {
                    pass.answer = Some(answer.clone());
                }
            }
            None => self.passes.retain(|pass| pass.number != ticket.0),
        }
    }

    pub(super) fn clear(&mut self) {
        self.passes.clear();
    }
}
