//! The object of a tenant's events, and of the deployment's. Its calls are those of
//! [`objects::event_router`](keystile_core::objects::event_router).

use std::cell::{Cell, OnceCell};

use futures_util::future::join_all;
use keystile_core::{
    Timestamp,
    base::{
        id::{EventId, ID_RANDOM_BYTES},
        problem::Problem,
        timestamp::SECOND_MS,
    },
    events::{event::Event, event_type::EventType, settings::without_path, terms::DEPLOYMENT_ROUTER},
    objects::{
        Call, Done,
        event_endpoint::{self, Configure, Deliver, Remove},
        event_router::{Disabled, Erase, Erased, ForgetTenant, Record, Relay, Report, RouterState, Tell},
    },
};
use keystile_runtime::{alarm, clock, log, object, random, response};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::to_raw_value;
use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

use crate::{
    NO_REQUEST_ID, no_such_path,
    pump::{self, Lane},
    routing::{Due, Routing, What},
};

/// The time for another object, milliseconds.
const TIMEOUT_MS: u64 = 10_000;
/// The time for an endpoint's object while a ledger waits for the router, milliseconds: less than the ledger waits.
const TOLD_TIMEOUT_MS: u64 = 1_000;
/// The objects that are called at once: an invocation has six connections.
const AT_ONCE: usize = 4;
/// The delay before the alarm is tried again after a fault, milliseconds.
const ALARM_RETRY_MS: i64 = 10 * SECOND_MS;

impl Lane for Due {
    type Id = String;

    fn lane(&self) -> String {
        self.target.clone()
    }
}

/// The object.
#[durable_object]
pub struct EventRouter {
    state: State,
    env: Env,
    routing: OnceCell<Routing>,
    woken: Cell<bool>,
}

impl DurableObject for EventRouter {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, routing: OnceCell::new(), woken: Cell::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        self.answer(&path, &body).await.or_else(|error| {
            log::error("event_router_failed", &[("path", path.into()), ("reason", error.to_string().into())]);
            response::problem(&Problem::internal(), NO_REQUEST_ID)
        })
    }

    async fn alarm(&self) -> Result<Response> {
        let work = async |_| self.work().await;
        alarm::carry_out(self.state.storage(), "event_router", ALARM_RETRY_MS, work).await
    }
}

impl EventRouter {
    async fn answer(&self, path: &str, body: &str) -> Result<Response> {
        match path {
            Record::PATH => self.call(body, record),
            Tell::PATH => {
                let told = self.call(body, |routing, told, _| tell(routing, told, &self.name()?))?;
                self.configure().await?;
                Ok(told)
            }
            Relay::PATH => self.call(body, relay),
            Disabled::PATH => self.call(body, |routing, report, _| disabled(routing, report, &self.name()?)),
            Report::PATH => {
                self.call(body, |routing, report: &Report, _| routing.take_report(report).map(|()| Done {}))
            }
            RouterState::PATH => self.call(body, |routing, RouterState {}, _| routing.counts()),
            Erase::PATH => self.call(body, |routing, Erase {}, _| {
                let is_finished = routing.erase(&self.name()?)?;
                Ok(Erased { is_finished })
            }),
            ForgetTenant::PATH => self.call(body, |routing, ForgetTenant { tenant }, _| {
                let is_finished = routing.forget(tenant)?;
                Ok(Erased { is_finished })
            }),
            _ => no_such_path(),
        }
    }

    /// Answers a call in one transaction, in which the alarm is set for what it leaves.
    fn call<C: Call<Answer: Serialize> + DeserializeOwned>(
        &self,
        body: &str,
        handler: impl Fn(&Routing, &C, Timestamp) -> Result<C::Answer>,
    ) -> Result<Response> {
        let call: C = serde_json::from_str(body)?;
        let (routing, now) = (self.routing()?, clock::now());
        let answer = routing.transaction(|| {
            let answer = handler(routing, &call, now)?;
            routing.arm(now)?;
            Ok(answer)
        })?;
        self.woken.set(true);
        response::json(200, &answer)
    }

    /// Has the endpoints take their terms before whoever changed them is answered, so that what is asked of an endpoint next
    /// finds the change. The alarm does that too, and goes on where this ends: an endpoint takes the same terms once.
    async fn configure(&self) -> Result<()> {
        let to_configure = self.routing()?.to_configure(AT_ONCE)?;
        let calls = to_configure.into_iter().map(|due| self.make(due, TOLD_TIMEOUT_MS));
        join_all(calls).await.into_iter().collect()
    }

    /// Makes all calls that are due.
    async fn work(&self) -> Result<()> {
        let routing = self.routing()?;
        routing.sweep(clock::now())?;
        let due = |under_way: &[String], now| routing.due(under_way, AT_ONCE.saturating_sub(under_way.len()), now);
        pump::run(&self.woken, due, |due| self.make(due, TIMEOUT_MS)).await?;
        routing.transaction(|| routing.arm(clock::now()))
    }

    async fn make(&self, due: Due, timeout_ms: u64) -> Result<()> {
        let target = due.target.as_str();
        let called = match due.what.clone() {
            What::Configure(terms) => object::call(&self.env, target, &Configure(terms), timeout_ms).await,
            What::Remove => object::call(&self.env, target, &Remove {}, timeout_ms).await,
            What::ForgetTenant(tenant) => {
                object::call(&self.env, target, &event_endpoint::ForgetTenant { tenant }, timeout_ms).await
            }
            What::Events(events, _) if target == DEPLOYMENT_ROUTER => {
                object::call(&self.env, target, &Relay { events }, timeout_ms).await
            }
            What::Events(events, _) => object::call(&self.env, target, &Deliver { events }, timeout_ms).await,
        };
        let routing = self.routing()?;
        routing.transaction(|| match &called {
            Ok(Done {}) => routing.done(&due),
            Err(failed) => {
                let fields = [("target", target.into()), ("reason", failed.to_string().into())];
                log::warn("events_not_handed_over", &fields);
                routing.failed(&due, clock::now())
            }
        })
    }

    /// The name of the tenant, and of the object.
    fn name(&self) -> Result<String> {
        self.state.id().name().ok_or_else(|| Error::RustError("the object has no name".into()))
    }

    fn routing(&self) -> Result<&Routing> {
        if let Some(routing) = self.routing.get() {
            return Ok(routing);
        }
        let routing = Routing::open(&self.state)?;
        Ok(self.routing.get_or_init(|| routing))
    }
}

/// Takes a list of endpoints. Of a tenant that was erased it comes too late.
fn tell(routing: &Routing, told: &Tell, name: &str) -> Result<Done> {
    if !routing.is_erased(name)? {
        routing.tell(told.version, &told.endpoints)?;
    }
    Ok(Done {})
}

/// Takes events. Of a tenant that was erased they come too late.
fn record(routing: &Routing, Record { tenant, events }: &Record, now: Timestamp) -> Result<Done> {
    if routing.is_erased(tenant.as_str())? {
        return Ok(Done {});
    }
    let endpoints = routing.terms()?;
    for event in events {
        if routing.is_new(&event.id, now)? {
            routing.record(event, Some(tenant), &endpoints)?;
        }
    }
    Ok(Done {})
}

/// Hands events of a tenant over. An event that comes again goes to the endpoints again: they know it by its id.
fn relay(routing: &Routing, Relay { events }: &Relay, _now: Timestamp) -> Result<Done> {
    let endpoints = routing.terms()?;
    for event in events {
        let is_late = event.tenant.as_ref().map_or(Ok(false), |tenant| routing.is_erased(tenant.as_str()))?;
        if !is_late {
            routing.hand_over(event, &endpoints)?;
        }
    }
    Ok(Done {})
}

/// Tells the other endpoints that one disabled itself, once for each time that somebody made it active.
fn disabled(routing: &Routing, report: &Disabled, name: &str) -> Result<Done> {
    let (disabled, others): (Vec<_>, Vec<_>) =
        routing.terms()?.into_iter().partition(|terms| terms.id == report.endpoint);
    let Some(terms) = disabled.first() else { return Ok(Done {}) };
    if !routing.note_disabled(terms.id.as_str(), report.active_since)? {
        return Ok(Done {});
    }
    let id = EventId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?);
    let id = id.ok_or_else(|| Error::RustError("no randomness".into()))?;
    let url = without_path(&terms.url);
    let data = to_raw_value(&serde_json::json!({ "endpoint": { "id": terms.id, "url": url } }))?;
    let event = Event { id, event_type: EventType::EndpointDisabled, at: report.at, key: None, data };
    let tenant = terms.tenant.as_ref().filter(|_| name != DEPLOYMENT_ROUTER);
    routing.record(&event, tenant, &others)?;
    Ok(Done {})
}
