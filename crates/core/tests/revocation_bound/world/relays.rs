//! Calls through relays, and the relays' own, as their worker carries them out.

use keystile_core::{
    access::record::Stored,
    feed::{
        follow::{FollowRequest, RecordAnswer},
        message::{PollAnswer, PollRequest},
        relay::{FOLLOW_TIMEOUT_MS, FollowReply, RecordReply, Reply},
    },
};
use proptest::test_runner::TestCaseError;

use super::{Job, PROMPT_MS, World, draw};
use crate::{
    Millis,
    isolate::Failure,
    plan::{CallFate, Planted},
    relay::{Answer, Asked, Back, Caller, Question, REGIONAL},
};

/// The time by which a timer of a busy isolate or relay is late.
const STARVED_MS: Millis = 3_000;

impl World<'_> {
    /// Sends a call to a relay, or to the feed if `to` is `None`.
    pub(super) fn ask(&mut self, to: Option<usize>, question: Question, caller: Caller, timeout: Millis) {
        let fate = draw(&self.plan.calls, &mut self.draws.calls);
        let (there, takes, lost_there, is_lost, late) = match fate {
            _ if self.calm => (PROMPT_MS, PROMPT_MS, false, false, 0),
            CallFate::Slow { there, back, timer_starves } => {
                (there, back, false, false, if timer_starves { STARVED_MS } else { 0 })
            }
            CallFate::RequestLost { noticed_late } => (0, 0, true, true, noticed_late),
            CallFate::AnswerLost => (PROMPT_MS, 0, false, true, 0),
            CallFate::Prompt | CallFate::Repeated { .. } => (PROMPT_MS, PROMPT_MS, false, false, 0),
        };
        self.jobs += 1;
        let call = self.jobs;
        self.open.insert(call, caller);
        self.at(self.now + timeout + late, Job::Returns { call, answer: None });
        let is_down = to.is_none() && self.now + there < self.feed_down_until;
        if !lost_there && !is_down {
            let back = Back { call, takes, is_lost };
            self.at(self.now + there, Job::Arrives { to, asked: Asked { question, back, arrived_at: None } });
        }
    }

    fn reply(&mut self, back: Back, answer: Option<Answer>) {
        if !back.is_lost {
            self.at(self.now + back.takes, Job::Returns { call: back.call, answer });
        }
    }

    pub(super) fn arrives(&mut self, to: Option<usize>, mut asked: Asked) {
        match to {
            Some(relay) => {
                asked.arrived_at = Some(self.relays[relay].clock(self.now));
                self.serve(relay, asked);
            }
            None => {
                let answer = match &asked.question {
                    Question::Poll(request) => Answer::Poll(self.poll_feed(request)),
                    Question::Follow(request) => self.follow_feed(request),
                    Question::Record(request) => Answer::Record(RecordAnswer { record: self.feed.record(request) }),
                };
                self.reply(asked.back, Some(answer));
            }
        }
    }

    /// The feed's answer to a poll.
    pub(super) fn poll_feed(&mut self, request: &PollRequest) -> PollAnswer {
        self.feed.note_staleness(request.max_staleness_ms, self.now);
        self.notice(request);
        self.feed.poll(request, self.now)
    }

    fn follow_feed(&mut self, request: &FollowRequest) -> Answer {
        self.feed.note_staleness(request.max_staleness_ms, self.now);
        for cursor in request.seen.iter().copied().chain([request.cursor]) {
            let (epoch, max_staleness_ms) = (request.epoch.clone(), request.max_staleness_ms);
            self.notice(&PollRequest { epoch, cursor, max_staleness_ms, key: None, tenant: None });
        }
        self.tally.cursors_shown_by_relays += request.seen.len() as u64;
        Answer::Follow(self.feed.follow(request, self.now))
    }

    /// Serves a call at a relay, when it arrives and whenever what it waited for has ended.
    fn serve(&mut self, relay: usize, asked: Asked) {
        let parent = (relay != REGIONAL).then_some(REGIONAL);
        let node = &mut self.relays[relay];
        let (now, life) = (node.clock(self.now), node.life);
        let arrived_at = asked.arrived_at.unwrap_or(now);
        match &asked.question {
            Question::Poll(request) => match node.relay.answer(request, arrived_at, now) {
                Reply::Answer(mut answer) => {
                    self.tally.aged_answers += u64::from(answer.age_ms > 0);
                    if self.planted == Some(Planted::AgesDoNotAddUp) {
                        answer.age_ms = 0;
                    }
                    self.reply(asked.back, Some(Answer::Poll(answer)));
                }
                Reply::Wait => self.waits(relay, asked),
                Reply::Failed => self.reply(asked.back, None),
                Reply::Pass(ticket) => {
                    self.tally.passed_on += 1;
                    let question = asked.question.clone();
                    self.ask(parent, question, Caller::Pass { relay, life, ticket, asked }, FOLLOW_TIMEOUT_MS);
                }
            },
            Question::Follow(request) => match node.relay.answer_follow(request, arrived_at, now) {
                FollowReply::Answer(mut answer) => {
                    if self.planted == Some(Planted::AgesDoNotAddUp) {
                        answer.age_ms = 0;
                    }
                    self.reply(asked.back, Some(Answer::Follow(answer)));
                }
                FollowReply::Wait => self.waits(relay, asked),
                FollowReply::Failed => self.reply(asked.back, None),
            },
            Question::Record(request) => match node.relay.record(request, now) {
                RecordReply::Answer(answer) => {
                    self.tally.shared_records += u64::from(answer.record.is_some());
                    self.reply(asked.back, Some(Answer::Record(answer)));
                }
                RecordReply::Wait => self.waits(relay, asked),
                RecordReply::Ask => {
                    let (request, question) = (*request, asked.question.clone());
                    self.ask(parent, question, Caller::Share { relay, life, request, asked }, FOLLOW_TIMEOUT_MS);
                }
            },
        }
        while let Some(follow) = self.relays[relay].relay.begin_follow(now) {
            self.send_follow(relay, follow);
        }
    }

    fn waits(&mut self, relay: usize, asked: Asked) {
        self.tally.waited_at_relays += 1;
        self.relays[relay].waiting.push(asked);
    }

    fn send_follow(&mut self, relay: usize, follow: keystile_core::feed::relay::Follow) {
        let parent = (relay != REGIONAL).then_some(REGIONAL);
        let mut request = follow.request;
        if self.planted == Some(Planted::StalenessIsNotPassedOn) {
            request.max_staleness_ms = 0;
        }
        self.tally.pages_of_copies += u64::from(request.fills_from.is_some());
        let caller = Caller::Follow { relay, life: self.relays[relay].life, ticket: follow.ticket };
        self.ask(parent, Question::Follow(request), caller, follow.timeout_ms);
    }

    /// Whoever waits at a relay is served again, unless they have given up.
    fn wake(&mut self, relay: usize) {
        for asked in core::mem::take(&mut self.relays[relay].waiting) {
            if self.open.contains_key(&asked.back.call) {
                self.serve(relay, asked);
            }
        }
    }

    /// An answer is back, or the caller gives up.
    pub(super) fn returns(&mut self, call: u64, answer: Option<Answer>) -> Result<(), TestCaseError> {
        let Some(caller) = self.open.remove(&call) else { return Ok(()) };
        match caller {
            Caller::Poll(call) => {
                let answer = answer.and_then(Answer::poll);
                if let Some(answer) = &answer {
                    self.count_page(&call.poll.request, answer);
                }
                return self.poll_reports(call, answer);
            }
            Caller::Part { request, call, sent_at, sent_clock } => {
                let answer = answer.and_then(Answer::poll);
                return self.part_reports(request, &call, sent_at, sent_clock, answer);
            }
            Caller::Record { request, sent_clock } => {
                let Some(asking) = self.requests.get_mut(&request) else { return Ok(()) };
                let record = answer.and_then(Answer::record).and_then(|answer| answer.record);
                let record = record.and_then(|record| Stored::decode(&record).ok());
                asking.lookup.record_answered(&mut self.isolates[asking.isolate].client, record, sent_clock);
                return self.operation_ended(request);
            }
            Caller::Follow { relay, life, ticket } if life == self.relays[relay].life => {
                let now = self.relays[relay].clock(self.now);
                let follow = match answer.and_then(Answer::follow) {
                    Some(mut answer) => {
                        self.tally.copies_begun_anew += u64::from(answer.reset);
                        match self.planted {
                            Some(Planted::PageIsTakenForTheWhole) => answer.more = false,
                            Some(Planted::SuspensionsAreLeftOut) => answer.suspended.clear(),
                            _ => {}
                        }
                        self.relays[relay].relay.followed(ticket, answer, now)
                    }
                    None => {
                        self.relays[relay].relay.follow_failed(ticket);
                        None
                    }
                };
                if let Some(follow) = follow {
                    self.send_follow(relay, follow);
                }
                self.wake(relay);
            }
            Caller::Pass { relay, life, ticket, asked } if life == self.relays[relay].life => {
                let passed = answer.clone().and_then(Answer::poll);
                self.relays[relay].relay.passed(ticket, passed.as_ref());
                self.reply(asked.back, answer);
                self.wake(relay);
            }
            Caller::Share { relay, life, request, asked } if life == self.relays[relay].life => {
                let now = self.relays[relay].clock(self.now);
                let shared = answer.clone().and_then(Answer::record);
                self.relays[relay].relay.record_answered(&request, shared, now);
                self.reply(asked.back, answer);
                self.wake(relay);
            }
            // The relay was started again.
            Caller::Follow { .. } | Caller::Pass { .. } | Caller::Share { .. } => {}
        }
        Ok(())
    }

    pub(super) fn note_failure(&mut self, isolate: usize, sent_at: Millis) {
        self.isolates[isolate].failures.push(Failure { sent_at, noticed_at: self.now });
    }
}
