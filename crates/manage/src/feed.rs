//! The feed: one Durable Object that every ledger publishes to and that every isolate of the edge polls.
//!
//! It holds `current`, the latest record of every key, forever; a log of changes with at most one entry for each key,
//! which tells isolates what KV may not have yet; the suspensions of whole tenants; and the names of tenants that were
//! erased. Polls are answered from a
//! [`Mirror`](keystile_core::feed::mirror::Mirror) of log and suspensions in memory.
//!
//! Its calls are listed in [`objects::feed`](keystile_core::objects::feed).
//!
//! No handler awaits anything between reading and answering, so each is atomic. The output gate holds an answer back
//! until everything written before it is on disk.

mod changes;
mod claims;
mod erased;
mod gaps;
mod keys;
mod log;
mod meta;
mod owners;
mod recovery;
mod schema;
mod staleness;
mod tenants;

use std::cell::{Cell, OnceCell};

use keystile_core::{
    Timestamp,
    base::{code::Code, problem::Problem},
    feed::{
        claim::{ClaimAnswer, ClaimRequest},
        follow::{FollowAnswer, FollowRequest, RecordAnswer, RecordRequest},
        message::{
            AcknowledgeRequest, CurrentAnswer, CurrentRequest, PollAnswer, PollRequest, PublishAnswer, PublishRequest,
        },
        owners::{OwnersAnswer, OwnersRequest},
    },
    ledger::query::TenantQuery,
    objects::{
        Call, Done,
        feed::{ErasedQuery, ErasedTenants, FeedState, KeysPage, KeysRequest, NoteErased, ReadState, TenantPage},
    },
};
use keystile_runtime::{alarm, clock, log as lines, response};
use serde::{Serialize, de::DeserializeOwned};
use worker::{DurableObject, Env, Method, Request, Response, Result, State, durable_object};

use self::{
    log::{Log, Published},
    recovery::Next,
    staleness::Staleness,
};
use crate::{deployment, failure::Failure};
use keystile_runtime::database::Database;

/// The delay before the alarm is tried again after a fault.
const ALARM_RETRY_MS: i64 = 60_000;

/// The request id of feed messages, which don't come from a caller's request.
const NO_REQUEST_ID: &str = "req_none";

/// The object.
#[durable_object]
pub struct Feed {
    state: State,
    env: Env,
    opened: OnceCell<Opened>,
}

/// The state that is read at the first event.
struct Opened {
    database: Database,
    log: Log,
    staleness: Staleness,
    /// Whether an alarm is set, as far as this instance knows.
    armed: Cell<bool>,
}

impl DurableObject for Feed {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, opened: OnceCell::new() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        let answer = match (request.method(), path.as_str()) {
            (Method::Post, PollRequest::PATH) => self.handle(&body, Opened::poll),
            (Method::Post, CurrentRequest::PATH) => self.handle(&body, Opened::current),
            (Method::Post, FollowRequest::PATH) => self.handle(&body, Opened::follow),
            (Method::Post, RecordRequest::PATH) => self.handle(&body, Opened::record),
            (Method::Post, PublishRequest::PATH) => self.handle(&body, Opened::publish),
            (Method::Post, ClaimRequest::PATH) => self.handle(&body, Opened::claim),
            (Method::Post, AcknowledgeRequest::PATH) => self.handle(&body, Opened::acknowledge),
            (Method::Post, KeysRequest::PATH) => self.handle(&body, Opened::keys),
            (Method::Post, OwnersRequest::PATH) => self.handle(&body, Opened::owners),
            (Method::Post, TenantQuery::PATH) => self.handle(&body, Opened::tenants),
            (Method::Post, NoteErased::PATH) => self.handle(&body, Opened::note_erased),
            (Method::Post, ErasedQuery::PATH) => self.handle(&body, Opened::erased),
            (Method::Post, ReadState::PATH) => self.handle(&body, Opened::state),
            _ => Err(Problem::new(Code::NoSuchPath, "The feed has no such path.").into()),
        };
        answer.or_else(|failure| failure.respond(NO_REQUEST_ID))
    }

    async fn alarm(&self) -> Result<Response> {
        let work = async |now| {
            let opened = self.open()?;
            opened.trim(now)?;
            match recovery::carry_on(&opened.database, &self.env, NO_REQUEST_ID).await? {
                Next::AtOnce => opened.arm(clock::now()),
                Next::At(at) => opened.arm(at),
                Next::Never => {}
            }
            Ok(())
        };
        alarm::carry_out(self.state.storage(), "feed", ALARM_RETRY_MS, work).await
    }
}

impl Feed {
    fn handle<C: Call<Answer: Serialize> + DeserializeOwned>(
        &self,
        body: &str,
        handler: impl Fn(&Opened, &C, Timestamp) -> std::result::Result<C::Answer, Failure>,
    ) -> std::result::Result<Response, Failure> {
        let question = serde_json::from_str(body)
            .map_err(|error| Problem::new(Code::MalformedJson, format!("The feed can't read this: {error}.")))?;
        let answer = handler(self.open()?, &question, clock::now())?;
        Ok(response::json(200, &answer)?)
    }

    fn open(&self) -> Result<&Opened> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let database = Database::open(&self.state, schema::MIGRATIONS)?;
        let (log, staleness) = (Log::open(&database)?, Staleness::open(&database)?);
        let opened = Opened { database, log, staleness, armed: Cell::new(false) };
        opened.keep_armed()?;
        Ok(self.opened.get_or_init(|| opened))
    }
}

impl Opened {
    fn poll(&self, request: &PollRequest, now: Timestamp) -> std::result::Result<PollAnswer, Failure> {
        self.staleness.state(&self.database, request.max_staleness_ms, now)?;
        self.notice(request.epoch.as_deref(), request.cursor, now)?;
        Ok(self.log.poll(request))
    }

    fn follow(&self, request: &FollowRequest, now: Timestamp) -> std::result::Result<FollowAnswer, Failure> {
        self.staleness.state(&self.database, request.max_staleness_ms, now)?;
        // The cursor of a page is where the page before it ended, which needn't be a number of the log.
        let own = Some(request.cursor).filter(|_| request.fills_from.is_none());
        for cursor in own.into_iter().chain(request.seen.iter().copied()) {
            self.notice(request.epoch.as_deref(), cursor, now)?;
        }
        Ok(self.log.follow(request))
    }

    /// Notices by the cursor of an isolate or a relay that this feed was put back.
    fn notice(&self, epoch: Option<&str>, cursor: u64, now: Timestamp) -> Result<()> {
        if self.log.may_lack(epoch, cursor)
            && let Some(gap) = self.log.gap(&self.database, cursor)?
            && gap.is_news(cursor)
        {
            recovery::notice_isolate(&self.database, gap, cursor)?;
            self.arm(now);
        }
        Ok(())
    }

    fn record(&self, request: &RecordRequest, _now: Timestamp) -> std::result::Result<RecordAnswer, Failure> {
        Ok(log::record(&self.database, request)?)
    }

    fn current(&self, request: &CurrentRequest, _now: Timestamp) -> std::result::Result<CurrentAnswer, Failure> {
        Ok(log::current(&self.database, &request.digest)?)
    }

    fn publish(&self, request: &PublishRequest, now: Timestamp) -> std::result::Result<PublishAnswer, Failure> {
        let own = deployment::config()?.max_staleness_ms;
        let Published { ahead, refused } = self.log.publish(&self.database, &request.changes, now)?;
        self.keep_armed()?;
        let max_staleness_ms = self.staleness.largest(now).map_or(own, |stated| stated.max(own));
        Ok(PublishAnswer { max_staleness_ms, ahead, refused })
    }

    fn claim(&self, request: &ClaimRequest, now: Timestamp) -> std::result::Result<ClaimAnswer, Failure> {
        if recovery::may_lack_claims(&self.database, now)? {
            let detail = "The ledgers are telling the feed again what it lost, and with that whose keys these may be.";
            return Err(Problem::unavailable(detail).into());
        }
        Ok(claims::claim(&self.database, request)?)
    }

    fn acknowledge(&self, request: &AcknowledgeRequest, now: Timestamp) -> std::result::Result<Done, Failure> {
        self.log.acknowledge(&self.database, request, now)?;
        self.keep_armed()?;
        if recovery::notice_ledger(&self.database, &self.log, &request.versions)? {
            self.arm(now);
        }
        Ok(Done {})
    }

    fn keys(&self, request: &KeysRequest, _now: Timestamp) -> std::result::Result<KeysPage, Failure> {
        Ok(keys::page(&self.database, request)?)
    }

    /// While keys may be missing that the feed lost, nobody hears that a text is none.
    fn owners(&self, request: &OwnersRequest, now: Timestamp) -> std::result::Result<OwnersAnswer, Failure> {
        if recovery::may_lack_claims(&self.database, now)? {
            let detail = "The ledgers are telling the feed again what it lost, and with that whose keys these are.";
            return Err(Problem::unavailable(detail).into());
        }
        Ok(owners::of(&self.database, request)?)
    }

    fn tenants(&self, query: &TenantQuery, _now: Timestamp) -> std::result::Result<TenantPage, Failure> {
        Ok(tenants::page(&self.database, query)?)
    }

    fn note_erased(&self, request: &NoteErased, now: Timestamp) -> std::result::Result<Done, Failure> {
        erased::note(&self.database, request, now)?;
        Ok(Done {})
    }

    fn erased(&self, query: &ErasedQuery, _now: Timestamp) -> std::result::Result<ErasedTenants, Failure> {
        Ok(erased::page(&self.database, query)?)
    }

    fn state(&self, _: &ReadState, now: Timestamp) -> std::result::Result<FeedState, Failure> {
        Ok(self.log.state(&self.database, self.staleness.largest(now))?)
    }

    fn trim(&self, now: Timestamp) -> Result<()> {
        self.armed.set(false);
        let trimmed = self.log.trim(&self.database, now)?;
        if trimmed.entries > 0 {
            lines::info("feed_trimmed", &[("entries", trimmed.entries.into())]);
        }
        if let Some(next) = trimmed.next {
            self.arm(next);
        }
        Ok(())
    }

    /// Sets the alarm if this instance knows of none. An alarm of an earlier instance is replaced, so what that one was
    /// about goes on now.
    fn keep_armed(&self) -> Result<()> {
        if self.armed.get() {
            return Ok(());
        }
        let due = match recovery::is_under_way(&self.database)? {
            true => Some(clock::now()),
            false => log::next_trim(&self.database)?,
        };
        if let Some(due) = due {
            self.arm(due);
        }
        Ok(())
    }

    fn arm(&self, at: Timestamp) {
        match self.database.arm(at) {
            Ok(()) => self.armed.set(true),
            Err(error) => lines::error("feed_alarm_not_set", &[("reason", error.to_string().into())]),
        }
    }
}
