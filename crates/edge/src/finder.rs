//! Carries out what a lookup asks for: KV, the feed, waiting.
//!
//! The feed client is borrowed for one step at a time and never across an
//! await. A request that waits for another's poll looks again on a timer of its
//! own; nothing wakes it.

use std::rc::Rc;

use futures_util::join;
use js_sys::Promise;
use keystile_core::{
    KeyDigest,
    feed::{
        client::Poll,
        lookup::{Answer, Basis, Lookup, Needs, Step, Waited},
        message::{CurrentAnswer, CurrentRequest, PollAnswer},
    },
};
use keystile_runtime::{clock, kv, log, object};
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use crate::{in_background, incoming::Incoming, isolate::Isolate};

/// One request's lookup, and what it asks for next.
pub(crate) struct Finder {
    digest: KeyDigest,
    strict: bool,
    begun: Option<(Lookup, Needs)>,
}

/// What was found, and what that took.
pub(crate) struct Found {
    pub(crate) answer: Answer,
    pub(crate) waited: Waited,
}

impl Found {
    /// For an answer that storage had no part in.
    pub(crate) fn without_storage() -> Self {
        Self { answer: Answer::Missing, waited: Waited::default() }
    }

    /// Whether this was served by KV alone, the feed being out of reach.
    pub(crate) fn is_degraded(&self) -> bool {
        matches!(self.answer, Answer::Found { basis: Basis::KvOnly, .. })
    }
}

impl Finder {
    pub(crate) fn new(digest: KeyDigest, strict: bool) -> Self {
        Self { digest, strict, begun: None }
    }

    /// The answer, if the isolate knows it.
    pub(crate) fn try_now(&mut self, isolate: &Rc<Isolate>, incoming: &Incoming) -> Option<Found> {
        let now = clock::now();
        let mut lookup = Lookup::new(self.digest, self.strict, now);
        let step = lookup.step(&mut isolate.feed.borrow_mut(), now);
        match step {
            Step::Answer(answer) => Some(finish(isolate, incoming, &lookup, answer)),
            Step::Do(needs) => {
                self.begun = Some((lookup, needs));
                None
            }
        }
    }

    /// The answer, whatever it takes. Follows a [`try_now`](Self::try_now) that had none.
    pub(crate) async fn find(self, isolate: &Rc<Isolate>, incoming: &Incoming) -> Found {
        let (mut lookup, mut needs) =
            self.begun.unwrap_or_else(|| (Lookup::new(self.digest, self.strict, clock::now()), Needs::default()));
        loop {
            carry_out(isolate, incoming, self.digest, &mut lookup, needs).await;
            let step = lookup.step(&mut isolate.feed.borrow_mut(), clock::now());
            match step {
                Step::Answer(answer) => return finish(isolate, incoming, &lookup, answer),
                Step::Do(next) => needs = next,
            }
        }
    }
}

/// Hands the answer out, refreshes the view in the background if it is due, and
/// logs what was served without the feed.
fn finish(isolate: &Rc<Isolate>, incoming: &Incoming, lookup: &Lookup, answer: Answer) -> Found {
    let now = clock::now();
    let poll = {
        let mut feed = isolate.feed.borrow_mut();
        if feed.refresh_due(now) { feed.begin_poll(now) } else { None }
    };
    if let Some(poll) = poll {
        let _ = start_poll(isolate, incoming, poll);
    }
    let found = Found { answer, waited: lookup.waited() };
    if found.is_degraded() {
        log::warn("served_without_feed", &[("request_id", incoming.request_id.as_str().into())]);
    }
    found
}

async fn carry_out(isolate: &Rc<Isolate>, incoming: &Incoming, digest: KeyDigest, lookup: &mut Lookup, needs: Needs) {
    let env = &incoming.env;
    let sent_at = clock::now();
    let read_kv = async { if needs.read_kv { Some(kv::read(env, &isolate.keyring, &digest).await) } else { None } };
    let poll = async {
        if let Some(poll) = needs.poll {
            // It can't fail: what goes wrong is reported to the client.
            let _ = JsFuture::from(start_poll(isolate, incoming, poll)).await;
        }
    };
    let read_current = async { if needs.read_current { Some(read_current(isolate, env, digest).await) } else { None } };
    let wait = async {
        if let Some(millis) = needs.wait_ms {
            clock::sleep(u64::from(millis)).await;
        }
    };
    let (record, (), current, ()) = join!(read_kv, poll, read_current, wait);
    let mut feed = isolate.feed.borrow_mut();
    if let Some(record) = record {
        lookup.kv_answered(&mut feed, record.map_err(|_| ()), sent_at);
    }
    if let Some(current) = current {
        lookup.current_answered(&mut feed, current, sent_at, clock::now());
    }
}

/// Carries a poll out to its end, even if the caller hangs up meanwhile: other
/// requests wait behind it.
fn start_poll(isolate: &Rc<Isolate>, incoming: &Incoming, poll: Poll) -> Promise {
    let (isolate, env) = (Rc::clone(isolate), incoming.env.clone());
    in_background(incoming, async move { carry_out_poll(&isolate, &env, poll).await })
}

/// Sends a poll, and those for the pages that follow.
async fn carry_out_poll(isolate: &Isolate, env: &Env, poll: Poll) {
    let mut next = Some(poll);
    while let Some(poll) = next {
        let answer = call_feed(isolate, env, "/poll", &poll.request).await.and_then(PollAnswer::decode);
        let now = clock::now();
        let mut feed = isolate.feed.borrow_mut();
        feed.read_clock(now);
        next = match answer {
            Some(answer) => feed.poll_answered(poll.ticket, answer, now),
            None => {
                feed.poll_failed(poll.ticket, now);
                None
            }
        };
    }
}

async fn read_current(isolate: &Isolate, env: &Env, digest: KeyDigest) -> Option<CurrentAnswer> {
    CurrentAnswer::decode(&call_feed(isolate, env, "/current", &CurrentRequest { digest }).await?)
}

async fn call_feed(isolate: &Isolate, env: &Env, path: &str, question: &impl Serialize) -> Option<Value> {
    let timeout = isolate.config.feed.timeout_ms().unsigned_abs();
    match object::call(env, object::FEED, object::FEED_NAME, path, question, timeout).await {
        Ok(answer) => Some(answer),
        Err(error) => {
            log::warn("feed_unreachable", &[("reason", error.0.into())]);
            None
        }
    }
}
