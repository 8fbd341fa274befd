//! A relay: a Durable Object between the edge and the feed, which answers as the feed does from a copy of its log.
//!
//! It carries out what the pure [`Relay`](keystile_core::feed::relay::Relay) decides. All of it is memory: a relay that
//! is started again fills its copy anew. [`objects::relay`](keystile_core::objects::relay) says which relays there are.
//!
//! Calls to the parent are tasks of their own, so they end well though the request that caused them is gone. Requests
//! that wait look at the relay's state again when any call has ended. An object's requests run in one context of the
//! platform, so they may wake each other; and none waits for long, in case a task is lost.

mod bell;
mod parent;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use keystile_core::{
    base::{code::Code, problem::Problem},
    feed::{
        follow::{FollowRequest, RecordRequest},
        message::PollRequest,
        mirror::BOUNDS,
        relay::{Follow, FollowReply, PassTicket, Reading, RecordReply, Relay as Copied, Reply},
    },
    objects::{
        Call,
        relay::{self, LOCAL_ANSWERS_WITHIN_MS, REGIONAL_ANSWERS_WITHIN_MS},
    },
};
use keystile_runtime::{clock, random, response};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen_futures::spawn_local;
use worker::{DurableObject, Env, Method, Request, Response, Result, State, durable_object};

use self::{bell::Bell, parent::Parent};
use crate::failure::Failure;

/// The request id of relays' messages, which don't come from a caller's request.
const NO_REQUEST_ID: &str = "req_none";

/// The object.
#[durable_object]
pub struct Relay {
    opened: Rc<Opened>,
}

/// The state of a relay, which its tasks share.
struct Opened {
    copied: RefCell<Copied>,
    parent: Parent,
    /// Rings when a call to the parent has ended.
    ended: Bell,
}

type Answered = std::result::Result<Response, Failure>;

impl DurableObject for Relay {
    fn new(_state: State, env: Env) -> Self {
        // A constructor can't fail. The platform always has random bytes.
        let copied = Copied::new(BOUNDS).named(random::name().unwrap_or_default());
        Self {
            opened: Rc::new(Opened { copied: RefCell::new(copied), parent: Parent::new(env), ended: Bell::default() }),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let arrived_at = self.opened.now();
        let url = request.url()?;
        let address = [url.path(), url.query().map_or("", |_| "?"), url.query().unwrap_or_default()].concat();
        let (path, parent) = relay::split(&address);
        self.opened.parent.name(parent);
        let (method, body) = (request.method(), request.text().await?);
        let answer = async {
            match (method, path) {
                (Method::Post, PollRequest::PATH) => self.opened.poll(&body, arrived_at).await,
                (Method::Post, FollowRequest::PATH) => self.opened.follow(&body, arrived_at).await,
                (Method::Post, RecordRequest::PATH) => self.opened.record(&body).await,
                _ => Err(Problem::new(Code::NoSuchPath, "A relay has no such path.").into()),
            }
        };
        let within_ms = if parent.is_some() { LOCAL_ANSWERS_WITHIN_MS } else { REGIONAL_ANSWERS_WITHIN_MS };
        let answer = clock::within(within_ms, answer).await.unwrap_or_else(|| Err(out_of_reach()));
        answer.or_else(|failure| failure.respond(NO_REQUEST_ID))
    }
}

impl Opened {
    async fn poll(self: &Rc<Self>, body: &str, arrived_at: Reading) -> Answered {
        let request: PollRequest = parse(body)?;
        let failed = Rc::new(Cell::new(false));
        self.answered(|now| {
            if failed.get() {
                return Some(Err(out_of_reach()));
            }
            let reply = self.copied.borrow_mut().answer(&request, arrived_at, now);
            match reply {
                Reply::Answer(answer) => Some(respond(&answer)),
                Reply::Failed => Some(Err(out_of_reach())),
                Reply::Wait => None,
                Reply::Pass(ticket) => {
                    self.pass(ticket, request.clone(), Rc::clone(&failed));
                    None
                }
            }
        })
        .await
    }

    async fn follow(self: &Rc<Self>, body: &str, arrived_at: Reading) -> Answered {
        let request: FollowRequest = parse(body)?;
        self.answered(|now| match self.copied.borrow_mut().answer_follow(&request, arrived_at, now) {
            FollowReply::Answer(answer) => Some(respond(&answer)),
            FollowReply::Failed => Some(Err(out_of_reach())),
            FollowReply::Wait => None,
        })
        .await
    }

    async fn record(self: &Rc<Self>, body: &str) -> Answered {
        let request: RecordRequest = parse(body)?;
        let failed = Rc::new(Cell::new(false));
        self.answered(|now| {
            if failed.get() {
                return Some(Err(out_of_reach()));
            }
            let reply = self.copied.borrow_mut().record(&request, now);
            match reply {
                RecordReply::Answer(answer) => Some(respond(&answer)),
                RecordReply::Wait => None,
                RecordReply::Ask => {
                    self.ask_record(request, Rc::clone(&failed));
                    None
                }
            }
        })
        .await
    }

    /// The answer, once `reply` gives one. It is asked again whenever a call to the parent has ended.
    async fn answered(self: &Rc<Self>, mut reply: impl FnMut(Reading) -> Option<Answered>) -> Answered {
        loop {
            let now = self.now();
            let answer = reply(now);
            let follow = || self.copied.borrow_mut().begin_follow(now);
            while let Some(follow) = follow() {
                self.start(follow);
            }
            match answer {
                Some(answer) => return answer,
                None => self.ended.next().await,
            }
        }
    }

    /// Carries out a follow poll to its last page.
    fn start(self: &Rc<Self>, follow: Follow) {
        let this = Rc::clone(self);
        spawn_local(async move {
            let mut next = Some(follow);
            while let Some(Follow { ticket, request, timeout_ms }) = next {
                let answer = this.parent.follow(&request, timeout_ms.unsigned_abs()).await;
                let now = this.now();
                let mut copied = this.copied.borrow_mut();
                next = match answer {
                    Some(answer) => copied.followed(ticket, answer, now),
                    None => {
                        copied.follow_failed(ticket);
                        None
                    }
                };
                drop(copied);
                this.ended.ring();
            }
        });
    }

    /// Passes a poll on. Sets `failed` if there is no answer.
    fn pass(self: &Rc<Self>, ticket: PassTicket, request: PollRequest, failed: Rc<Cell<bool>>) {
        let this = Rc::clone(self);
        spawn_local(async move {
            let answer = this.parent.poll(&request).await;
            this.copied.borrow_mut().passed(ticket, answer.as_ref());
            failed.set(answer.is_none());
            this.ended.ring();
        });
    }

    /// Asks the parent for a record. Sets `failed` if there is no answer.
    fn ask_record(self: &Rc<Self>, request: RecordRequest, failed: Rc<Cell<bool>>) {
        let this = Rc::clone(self);
        spawn_local(async move {
            let answer = this.parent.record(&request).await;
            failed.set(answer.is_none());
            let now = this.now();
            this.copied.borrow_mut().record_answered(&request, answer, now);
            this.ended.ring();
        });
    }

    fn now(&self) -> Reading {
        self.copied.borrow_mut().read_clock(clock::now())
    }
}

fn parse<T: DeserializeOwned>(body: &str) -> std::result::Result<T, Failure> {
    serde_json::from_str(body)
        .map_err(|error| Problem::new(Code::MalformedJson, format!("The relay can't read this: {error}.")).into())
}

fn respond(answer: &impl Serialize) -> Answered {
    Ok(response::json(200, answer)?)
}

fn out_of_reach() -> Failure {
    Problem::unavailable("The feed is out of this relay's reach.").into()
}
