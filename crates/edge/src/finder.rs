//! Carries out the operations of a lookup: KV, the feed, waiting.
//!
//! The feed client is borrowed for one step at a time and never across an await. A request that waits for another's
//! poll looks again on its own timer; nothing wakes it.

use std::{cell::RefCell, rc::Rc};

use futures_util::join;
use keystile_core::{
    KeyDigest, KeyRecord, Timestamp,
    access::{challenge::Challenge, record::Stored, verdict::Refusal},
    base::problem::Problem,
    feed::{
        client::Poll,
        follow::RecordRequest,
        lookup::{Basis, Lookup, LookupAnswer, Needs, Step, Unavailable, Waited},
        message::{CurrentAnswer, CurrentRequest, PollAnswer, PollRequest},
    },
    objects::{Call, feed, relay},
};
use keystile_runtime::{
    clock, kv, log,
    object::{self, text},
};
use serde_json::Value;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use crate::{incoming::Incoming, isolate::Isolate, limits::Counted, response::in_background};

/// The number of relays that one call asks, if they don't answer.
const RELAYS_ASKED: usize = 2;

/// One request's lookup, and the operations that it needs next.
pub(crate) struct Finder {
    digest: KeyDigest,
    strict: bool,
    begun: Option<(Lookup, Needs)>,
}

/// The answer of storage about a key, and its provenance.
pub(crate) struct Found {
    pub(crate) known: Result<Known, Unknown>,
    pub(crate) provenance: Provenance,
}

/// A key's record, to be judged.
pub(crate) struct Known {
    pub(crate) record: Rc<KeyRecord>,
    /// Whether its tenant is suspended.
    pub(crate) suspended: bool,
}

/// The reason why there is no record to judge.
pub(crate) enum Unknown {
    Missing,
    Unavailable(Unavailable),
}

impl Unknown {
    /// The problem that a guarded route answers with.
    pub(crate) fn problem(&self, challenge: &Challenge) -> Problem {
        Problem::unavailable(match self {
            Self::Missing => return Refusal::NotFound.problem(challenge),
            Self::Unavailable(Unavailable::Feed) => {
                "Whether this key was revoked can't be told right now; try again shortly."
            }
            Self::Unavailable(Unavailable::Storage) => {
                "Whether this key exists can't be told right now; try again shortly."
            }
            Self::Unavailable(Unavailable::RecordTooNew) => {
                "This key has restrictions that this edge is too old to understand; it is being updated."
            }
        })
    }
}

/// The costs and the basis of an answer. The default is that of an answer without storage.
#[derive(Clone, Copy, Default)]
pub(crate) struct Provenance {
    pub(crate) waited: Waited,
    /// Whether the answer rests on KV alone, since the feed was out of reach.
    pub(crate) degraded: bool,
    /// The calls to the limiter that the request waited for.
    pub(crate) limit: u32,
    /// Whether the isolate counted alone, since the limiter was out of reach.
    pub(crate) counted_alone: bool,
}

impl Provenance {
    /// Whether the request waited for anything.
    pub(crate) const fn has_waited(self) -> bool {
        self.waited.kv + self.waited.feed + self.limit > 0
    }

    /// The provenance of an answer that rests on both.
    pub(crate) fn and(self, other: Self) -> Self {
        let waited = Waited { kv: self.waited.kv + other.waited.kv, feed: self.waited.feed + other.waited.feed };
        Self {
            waited,
            degraded: self.degraded || other.degraded,
            limit: self.limit + other.limit,
            counted_alone: self.counted_alone || other.counted_alone,
        }
    }

    /// The provenance of an answer that was charged to limits besides.
    pub(crate) fn charged(self, counted: &Counted) -> Self {
        Self { limit: self.limit + counted.waited, counted_alone: self.counted_alone || counted.alone, ..self }
    }
}

impl Finder {
    pub(crate) fn new(digest: KeyDigest, strict: bool) -> Self {
        Self { digest, strict, begun: None }
    }

    /// The answer, if the isolate knows it.
    pub(crate) fn try_now(&mut self, isolate: &Rc<Isolate>, incoming: &Incoming, now: Timestamp) -> Option<Found> {
        let mut lookup = Lookup::new(self.digest, self.strict, now);
        let step = lookup.step(&mut isolate.feed.borrow_mut(), now);
        match step {
            Step::Answer(answer) => Some(finish(isolate, incoming, &lookup, answer, now)),
            Step::Do(needs) => {
                self.begun = Some((lookup, needs));
                None
            }
        }
    }

    /// The answer, from the isolate or from storage.
    pub(crate) async fn find(mut self, isolate: &Rc<Isolate>, incoming: &Incoming) -> Found {
        // Something may have been awaited since the request came.
        match self.try_now(isolate, incoming, clock::now()) {
            Some(found) => found,
            None => self.wait(isolate, incoming).await,
        }
    }

    /// The answer, when [`try_now`](Self::try_now) had none.
    pub(crate) async fn wait(self, isolate: &Rc<Isolate>, incoming: &Incoming) -> Found {
        let (mut lookup, mut needs) =
            self.begun.unwrap_or_else(|| (Lookup::new(self.digest, self.strict, clock::now()), Needs::default()));
        loop {
            carry_out(isolate, incoming, self.digest, &mut lookup, needs).await;
            let now = clock::now();
            let step = lookup.step(&mut isolate.feed.borrow_mut(), now);
            match step {
                Step::Answer(answer) => return finish(isolate, incoming, &lookup, answer, now),
                Step::Do(next) => needs = next,
            }
        }
    }
}

/// Returns the answer. Refreshes the view in the background if it is due, and logs an answer without the feed.
fn finish(isolate: &Rc<Isolate>, incoming: &Incoming, lookup: &Lookup, answer: LookupAnswer, now: Timestamp) -> Found {
    let poll = {
        let mut feed = isolate.feed.borrow_mut();
        if feed.refresh_due(now) { feed.begin_poll(now, None) } else { None }
    };
    if let Some(poll) = poll {
        start_poll(isolate, incoming, poll);
    }
    let degraded = matches!(answer, LookupAnswer::Found { basis: Basis::KvOnly, .. });
    if degraded {
        log::warn("served_without_feed", &[("request_id", incoming.request_id.as_str().into())]);
    }
    let known = match answer {
        LookupAnswer::Found { record, suspended, .. } => Ok(Known { record, suspended }),
        LookupAnswer::Missing => Err(Unknown::Missing),
        LookupAnswer::Unavailable(why) => Err(Unknown::Unavailable(why)),
    };
    Found { known, provenance: Provenance { waited: lookup.waited(), degraded, ..Provenance::default() } }
}

async fn carry_out(isolate: &Rc<Isolate>, incoming: &Incoming, digest: KeyDigest, lookup: &mut Lookup, needs: Needs) {
    let env = &incoming.env;
    let sent_at = clock::now();
    let read_kv = async {
        if needs.read_kv {
            Some(kv::read(env, &isolate.keyring, &digest, isolate.feed_timeout_ms()).await)
        } else {
            None
        }
    };
    let poll = async {
        if let Some(poll) = needs.poll {
            first_page(isolate, incoming, poll).await;
        }
    };
    let part = async {
        match needs.part {
            Some(call) => Some((poll_feed(isolate, env, &call.request).await, call)),
            None => None,
        }
    };
    let read_record = async {
        match needs.read_record {
            Some(version) => read_record(isolate, env, &RecordRequest { digest, version }).await,
            None => None,
        }
    };
    let read_current = async { if needs.read_current { Some(read_current(isolate, env, digest).await) } else { None } };
    let read_tenant_status = async {
        match needs.read_tenant_status {
            Some(tenant) => {
                let read = kv::read_tenant_status(env, &isolate.keyring, &tenant, isolate.feed_timeout_ms()).await;
                Some((tenant, read))
            }
            None => None,
        }
    };
    let wait = async {
        if let Some(millis) = needs.wait_ms {
            clock::sleep(u64::from(millis)).await;
        }
    };
    let (record, (), part, shared, current, tenant_status, ()) =
        join!(read_kv, poll, part, read_record, read_current, read_tenant_status, wait);
    let mut feed = isolate.feed.borrow_mut();
    if let Some(record) = record {
        lookup.kv_answered(&mut feed, record.map_err(|_| ()), sent_at);
    }
    if let Some((tenant, read)) = tenant_status {
        lookup.tenant_status_answered(&mut feed, tenant, read.map_err(|_| ()), sent_at);
    }
    lookup.record_answered(&mut feed, shared, sent_at);
    if let Some((answer, call)) = part {
        lookup.part_answered(&mut feed, &call, answer, sent_at, clock::now());
    }
    if let Some(current) = current {
        lookup.current_answered(&mut feed, current, sent_at, clock::now());
    }
}

/// Waits for the first page of a poll, which is the whole poll unless the log is long. The lookup does without the
/// other pages, which come in the background.
async fn first_page(isolate: &Rc<Isolate>, incoming: &Incoming, poll: Poll) {
    let next = Rc::new(RefCell::new(None));
    let page = {
        let (isolate, env, next) = (Rc::clone(isolate), incoming.env.clone(), Rc::clone(&next));
        async move {
            let following = carry_out_page(&isolate, &env, poll).await;
            next.replace(following);
        }
    };
    // This can't fail: errors are reported to the client.
    let _ = JsFuture::from(in_background(incoming, page)).await;
    if let Some(poll) = next.take() {
        start_poll(isolate, incoming, poll);
    }
}

/// Carries a poll out to its last page in the background, even if its caller ends, since other requests wait for it.
fn start_poll(isolate: &Rc<Isolate>, incoming: &Incoming, poll: Poll) {
    let (isolate, env) = (Rc::clone(isolate), incoming.env.clone());
    let pages = async move {
        let mut next = Some(poll);
        while let Some(poll) = next {
            next = carry_out_page(&isolate, &env, poll).await;
        }
    };
    let _ = in_background(incoming, pages);
}

/// Sends one poll and reports its outcome. Returns the poll for the next page.
async fn carry_out_page(isolate: &Isolate, env: &Env, poll: Poll) -> Option<Poll> {
    let answer = poll_feed(isolate, env, &poll.request).await;
    let now = clock::now();
    let mut feed = isolate.feed.borrow_mut();
    match answer {
        Some(answer) => feed.poll_answered(poll.ticket, answer, now),
        None => {
            feed.poll_failed(poll.ticket, now);
            None
        }
    }
}

async fn poll_feed(isolate: &Isolate, env: &Env, request: &PollRequest) -> Option<PollAnswer> {
    PollAnswer::decode(&ask(isolate, env, false, PollRequest::PATH, text(request)).await?)
}

async fn read_record(isolate: &Isolate, env: &Env, request: &RecordRequest) -> Option<Stored> {
    let answer = ask(isolate, env, false, RecordRequest::PATH, text(request)).await?;
    Stored::decode(answer.get("record")?.as_str()?).ok()
}

async fn read_current(isolate: &Isolate, env: &Env, digest: KeyDigest) -> Option<CurrentAnswer> {
    let request = text(&CurrentRequest { digest });
    CurrentAnswer::decode(&ask(isolate, env, true, CurrentRequest::PATH, request).await?)
}

/// Asks the isolate's relay, or the feed if there are none or `of_feed` says so. A relay that doesn't answer is passed
/// over, and if there is time left the next one is asked at once. One that answers that the feed is out of its reach
/// lives, and the next one knows no better.
async fn ask(isolate: &Isolate, env: &Env, of_feed: bool, path: &str, text: String) -> Option<Value> {
    let began = clock::now();
    for _ in 0..RELAYS_ASKED {
        let now = clock::now();
        let target = isolate.relays.borrow().as_ref().filter(|_| !of_feed).map(|relays| relays.target(now));
        let left = isolate.feed_timeout_ms().saturating_sub(now.millis_since(began).unsigned_abs());
        if left == 0 {
            break;
        }
        let is_local = target.as_ref().is_some_and(|target| target.parent.is_some());
        let left = if is_local { left.min(relay::LOCAL_TIMEOUT_MS) } else { left };
        let (binding, name, path) = match &target {
            Some(target) => (relay::BINDING, target.name.as_str(), target.path(path)),
            None => (feed::BINDING, feed::NAME, path.to_owned()),
        };
        let (lives, reason) = match object::exchange(env, binding, name, &path, &text, left).await {
            Ok((200, text)) => return serde_json::from_str(&text).ok(),
            Ok((status, _)) => (true, Value::from(status)),
            Err(error) => (false, Value::from(error.0)),
        };
        log::warn("feed_unreachable", &[("reason", reason)]);
        match (target, isolate.relays.borrow_mut().as_mut()) {
            (Some(target), Some(relays)) if !lives => relays.failed(&target, now),
            _ => break,
        }
    }
    None
}
