//! Calls to a relay's parent: a regional relay, or the feed.

use std::cell::RefCell;

use keystile_core::{
    feed::{
        follow::{FollowAnswer, FollowRequest, RecordAnswer, RecordRequest},
        message::{PollAnswer, PollRequest},
        relay::FOLLOW_TIMEOUT_MS,
    },
    objects::{
        Call, feed,
        relay::{BINDING, Parents},
    },
};
use keystile_runtime::{
    log,
    object::{self, CallFailed},
};
use worker::Env;

/// The timeout of a call that a request waits for, milliseconds.
const TIMEOUT_MS: u64 = FOLLOW_TIMEOUT_MS.unsigned_abs();

/// The parent.
pub(super) struct Parent {
    env: Env,
    /// The regional relays, if it is one of them; the feed otherwise.
    regional: RefCell<Option<Parents>>,
}

impl Parent {
    pub(super) const fn new(env: Env) -> Self {
        Self { env, regional: RefCell::new(None) }
    }

    /// Takes the parent that a caller names, unless one was named before.
    pub(super) fn name(&self, name: Option<&str>) {
        if let Some(name) = name {
            self.regional.borrow_mut().get_or_insert_with(|| Parents::new(name.to_owned()));
        }
    }

    pub(super) async fn poll(&self, request: &PollRequest) -> Option<PollAnswer> {
        let answer = self.ask(request, TIMEOUT_MS).await?;
        PollAnswer::decode(&serde_json::from_str(&answer).ok()?)
    }

    pub(super) async fn follow(&self, request: &FollowRequest, timeout_ms: u64) -> Option<FollowAnswer> {
        serde_json::from_str(&self.ask(request, timeout_ms).await?).ok()
    }

    pub(super) async fn record(&self, request: &RecordRequest) -> Option<RecordAnswer> {
        serde_json::from_str(&self.ask(request, TIMEOUT_MS).await?).ok()
    }

    /// The text of a 2xx answer. If a regional relay doesn't answer, another one is asked in its place. One that answers
    /// that the feed is out of its reach lives, and the others know no better.
    async fn ask<C: Call>(&self, request: &C, timeout_ms: u64) -> Option<String> {
        let question = serde_json::to_string(request).ok()?;
        let Some(target) = self.regional.borrow().as_ref().map(Parents::target) else {
            return told(object::exchange(&self.env, feed::BINDING, feed::NAME, C::PATH, &question, timeout_ms).await);
        };
        let call = async |name: &str, timeout_ms| {
            object::exchange(&self.env, BINDING, name, C::PATH, &question, timeout_ms).await
        };
        // More than a regional relay takes to say that it lives.
        let first_ms = timeout_ms * 2 / 3;
        let first = call(&target.name, first_ms).await;
        if first.is_ok() {
            return told(first);
        }
        told(first);
        let next = {
            let mut regional = self.regional.borrow_mut();
            let regional = regional.as_mut()?;
            regional.failed(&target.name);
            regional.target()
        };
        told(call(&next.name, timeout_ms - first_ms).await)
    }
}

/// The answer of a call that succeeded. The failure of another goes to the log.
fn told(answer: Result<(u16, String), CallFailed>) -> Option<String> {
    let reason = match answer {
        Ok((200..300, text)) => return Some(text),
        Ok((status, _)) => format!("the parent answered {status}"),
        Err(error) => error.0,
    };
    log::warn("relay_parent_failed", &[("reason", reason.into())]);
    None
}
