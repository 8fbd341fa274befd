//! The object of an endpoint. Its calls are those of [`objects::event_endpoint`](keystile_core::objects::event_endpoint).

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
};

use keystile_core::{
    Keyring, Timestamp,
    base::{
        id::{EventId, ID_RANDOM_BYTES, TenantId},
        problem::Problem,
        timestamp::{Rfc3339, SECOND_MS},
    },
    config::AddressRules,
    events::{
        attempt::{AT_ONCE, Next, next},
        bounds::{DeadLetterReason, PAUSED_MS, max_waiting, may_wait},
        event::{Event, NumberedEvent},
        event_type::EventType,
        figures::Figures,
        terms::{DEPLOYMENT_ROUTER, EndpointTerms},
    },
    feed::outbox::retry_delay_ms,
    metrics::points::{Kind, Label, Measured, Points},
    objects::{
        Call, Done,
        event_endpoint::{
            AttemptPage, Attempts, Configure, DeadLetterPage, DeadLetters, Deliver, Discard, Discarded, EndpointState,
            EndpointStatus, ForgetTenant, MAX_PAGE, Redrive, Redriven, Remove, ShownAttempt, State as Shown, Test,
        },
        event_router::Disabled,
    },
};
use keystile_runtime::{alarm, clock, config, log, object, points, random, response, secret};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::to_raw_value;
use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

use crate::{
    NO_REQUEST_ID, no_such_path, pump,
    queue::{Own, Queue, Waiting},
    sending::{self, Attempt},
};

/// The time for the router, milliseconds.
const ROUTER_TIMEOUT_MS: u64 = 10_000;
/// The delay before the alarm is tried again after a fault, milliseconds.
const ALARM_RETRY_MS: i64 = 10 * SECOND_MS;

/// What the object needs of the worker.
struct Means {
    keyring: Keyring,
    rules: AddressRules,
}

/// The object.
#[durable_object]
pub struct EventEndpoint {
    state: State,
    env: Env,
    queue: OnceCell<Queue>,
    means: OnceCell<Means>,
    woken: Cell<bool>,
    /// Attempts that are counted for Analytics Engine and not written yet.
    points: RefCell<Points>,
}

impl DurableObject for EventEndpoint {
    fn new(state: State, env: Env) -> Self {
        Self {
            state,
            env,
            queue: OnceCell::new(),
            means: OnceCell::new(),
            woken: Cell::default(),
            points: RefCell::new(Points::new(0)),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        self.answer(&path, &body).await.or_else(|error| {
            log::error("event_endpoint_failed", &[("path", path.into()), ("reason", error.to_string().into())]);
            response::problem(&Problem::internal(), NO_REQUEST_ID)
        })
    }

    async fn alarm(&self) -> Result<Response> {
        let work = async |_| self.work().await;
        alarm::carry_out(self.state.storage(), "event_endpoint", ALARM_RETRY_MS, work).await
    }
}

impl EventEndpoint {
    async fn answer(&self, path: &str, body: &str) -> Result<Response> {
        match path {
            Configure::PATH => self.change(body, |queue, Configure(terms), now| configure(queue, terms, now)),
            Remove::PATH => self.change(body, |queue, Remove {}, _| queue.clear().map(|()| Done {})),
            Deliver::PATH => self.change(body, |queue, events, now| {
                deliver(queue, events, now, &self.state.id().name().unwrap_or_default())
            }),
            ForgetTenant::PATH => {
                self.change(body, |queue, forget: &ForgetTenant, _| queue.forget(&forget.tenant).map(|()| Done {}))
            }
            EndpointState::PATH => self.call(body, |queue, EndpointState {}, _| shown(queue)),
            Attempts::PATH => self.call(body, attempts),
            DeadLetters::PATH => self.call(body, dead_letters),
            Redrive::PATH => self.change(body, redrive),
            Discard::PATH => self.change(body, |queue, discard: &Discard, _| {
                Ok(Discarded { discarded: queue.discard(&discard.event)? })
            }),
            Test::PATH => response::json(200, &self.test(&serde_json::from_str(body)?).await?),
            _ => no_such_path(),
        }
    }

    /// Answers a call that may change the endpoint's figures.
    fn change<C: Call<Answer: Serialize> + DeserializeOwned>(
        &self,
        body: &str,
        handler: impl Fn(&Queue, &C, Timestamp) -> Result<C::Answer>,
    ) -> Result<Response> {
        self.call(body, |queue, call: &C, now| {
            let answer = handler(queue, call, now)?;
            note_change(queue)?;
            Ok(answer)
        })
    }

    /// Answers a call in one transaction, in which the alarm is set for what it leaves.
    fn call<C: Call<Answer: Serialize> + DeserializeOwned>(
        &self,
        body: &str,
        handler: impl Fn(&Queue, &C, Timestamp) -> Result<C::Answer>,
    ) -> Result<Response> {
        let call: C = serde_json::from_str(body)?;
        let (queue, now) = (self.queue()?, clock::now());
        let answer = queue.transaction(|| {
            let answer = handler(queue, &call, now)?;
            arm(queue, &queue.own()?)?;
            Ok(answer)
        })?;
        self.woken.set(true);
        response::json(200, &answer)
    }

    /// Does all that is due: buries and sweeps, reports, and sends.
    async fn work(&self) -> Result<()> {
        let queue = self.queue()?;
        let now = clock::now();
        queue.transaction(|| {
            let own = queue.own()?;
            if let Some(at) = own.paused_at.filter(|at| now.millis_since(*at) >= PAUSED_MS) {
                let before = now.plus_millis(-PAUSED_MS).max(at);
                queue.bury_waiting(Some(before), DeadLetterReason::PausedTooLong, now)?;
                note_change(queue)?;
            }
            if queue.sweep(now)? { note_change(queue) } else { Ok(()) }
        })?;
        self.report(now).await?;
        let due = |under_way: &[String], now| {
            let own = queue.own()?;
            let sends = own.terms.is_some_and(|terms| own.health.status(terms.paused) == EndpointStatus::Active);
            let free = AT_ONCE.saturating_sub(under_way.len());
            if sends && free > 0 { queue.due(under_way, free, now) } else { Ok(Vec::new()) }
        };
        let done = pump::run(&self.woken, due, |waiting| self.attempt(waiting)).await;
        points::write(&self.env, &mut self.points.borrow_mut());
        done?;
        // A disabling that just happened is reported at once.
        self.report(clock::now()).await?;
        self.report_figures().await?;
        queue.transaction(|| arm(queue, &queue.own()?))
    }

    /// Sends an event that is due, and takes the next step.
    async fn attempt(&self, waiting: Waiting) -> Result<()> {
        let queue = self.queue()?;
        let Some(terms) = queue.own()?.terms else { return Ok(()) };
        let means = self.means()?;
        let attempt = sending::send(&means.keyring, &means.rules, &terms, &waiting.event).await;
        let random = u32::from_le_bytes(random::bytes()?);
        let made = waiting.attempts + 1;
        let step = next(attempt.outcome, made, attempt.ended_at, attempt.asked_ms, random);
        self.count(&terms, &waiting.event, &attempt);
        queue.transaction(|| {
            let mut own = queue.own()?;
            // It was removed in between.
            if own.terms.is_none() {
                return Ok(());
            }
            queue.step(&waiting, &attempt, step, attempt.ended_at)?;
            let mut reporting = queue.reporting()?;
            reporting.count(attempt.outcome);
            queue.put_reporting(&reporting)?;
            let is_disabled_by_it = own.health.note(attempt.outcome, attempt.ended_at);
            let shown_step = if is_disabled_by_it { Next::GiveUp } else { step };
            queue.note_attempt(&shown_attempt(&waiting.event, &attempt, shown_step))?;
            if is_disabled_by_it {
                log::warn("event_endpoint_disabled", &[("endpoint", terms.id.as_str().into())]);
                own.report = Some((0, attempt.ended_at));
                queue.bury_waiting(None, DeadLetterReason::EndpointDisabled, attempt.ended_at)?;
            }
            queue.put_own(&own)
        })
    }

    /// Counts an attempt for Analytics Engine.
    fn count(&self, terms: &EndpointTerms, event: &NumberedEvent, attempt: &Attempt) {
        if !points::are_bound(&self.env) {
            return;
        }
        let label = Label {
            kind: Kind::Attempt,
            tenant: terms.tenant.as_ref().map_or("", TenantId::as_str),
            name: terms.id.as_str(),
            outcome: attempt.outcome.as_str(),
            detail: event.event_type.as_str(),
        };
        let took_ms = Some(attempt.ended_at.millis_since(attempt.began_at));
        self.points.borrow_mut().add(label, Measured { took_ms, age_ms: None });
    }

    /// Sends a test, once.
    async fn test(&self, Test { request_id }: &Test) -> Result<ShownAttempt> {
        let queue = self.queue()?;
        let terms = queue.own()?.terms.ok_or_else(|| fault("the endpoint was never configured"))?;
        let id = EventId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?).ok_or_else(|| fault("no randomness"))?;
        let data = to_raw_value(&serde_json::json!({ "endpoint": { "id": terms.id }, "request_id": request_id }))?;
        let event = Event { id, event_type: EventType::EndpointTest, at: clock::now(), key: None, data };
        let event =
            NumberedEvent::new(&event, terms.tenant.as_ref(), None).map_err(|error| fault(&error.to_string()))?;
        let means = self.means()?;
        let attempt = sending::send(&means.keyring, &means.rules, &terms, &event).await;
        let shown = shown_attempt(&event, &attempt, Next::GiveUp);
        queue.transaction(|| {
            let own = queue.own()?;
            // It may have been removed in between.
            if own.terms.is_some() {
                queue.note_attempt(&shown)?;
            }
            arm(queue, &own)
        })?;
        Ok(shown)
    }

    /// Reports its figures to the router of the deployment, if that is due.
    async fn report_figures(&self) -> Result<()> {
        let (queue, now) = (self.queue()?, clock::now());
        let reporting = queue.reporting()?;
        if !reporting.is_due(now) {
            return Ok(());
        }
        let Some(report) = reporting.report(figures(queue)?) else { return Ok(()) };
        let taken = object::call(&self.env, DEPLOYMENT_ROUTER, &report, ROUTER_TIMEOUT_MS).await.is_ok();
        queue.transaction(|| {
            let mut reporting = queue.reporting()?;
            reporting.sent(report.number, taken, now);
            queue.put_reporting(&reporting)
        })
    }

    /// Reports a disabling to the router, if that is due.
    async fn report(&self, now: Timestamp) -> Result<()> {
        let queue = self.queue()?;
        let own = queue.own()?;
        let (Some(terms), Some(at), Some((failures, due_at))) = (own.terms, own.health.disabled_at, own.report) else {
            return Ok(());
        };
        if now < due_at {
            return Ok(());
        }
        let router = terms.tenant.as_ref().map_or(DEPLOYMENT_ROUTER, |tenant| tenant.as_str());
        let report = Disabled { endpoint: terms.id.clone(), active_since: terms.active_since, at };
        let reported = object::call(&self.env, router, &report, ROUTER_TIMEOUT_MS).await;
        queue.transaction(|| {
            let mut own = queue.own()?;
            if own.terms.as_ref().is_some_and(|now| now.active_since == terms.active_since) {
                let later = || Some((failures.saturating_add(1), now.plus_millis(retry_delay_ms(failures))));
                own.report = if reported.is_ok() { None } else { later() };
                queue.put_own(&own)?;
            }
            Ok(())
        })
    }

    fn queue(&self) -> Result<&Queue> {
        if let Some(queue) = self.queue.get() {
            return Ok(queue);
        }
        let queue = Queue::open(&self.state)?;
        Ok(self.queue.get_or_init(|| queue))
    }

    fn means(&self) -> Result<&Means> {
        if let Some(means) = self.means.get() {
            return Ok(means);
        }
        let means = Means { keyring: secret::keyring(&self.env)?, rules: config::load()? };
        Ok(self.means.get_or_init(|| means))
    }
}

/// Notes that the endpoint's figures may have changed.
fn note_change(queue: &Queue) -> Result<()> {
    let mut reporting = queue.reporting()?;
    reporting.changed(queue.own()?.terms.as_ref().map(|terms| &terms.id));
    queue.put_reporting(&reporting)
}

/// Sets the alarm for what is due next. An endpoint that was removed has yet to report that.
fn arm(queue: &Queue, own: &Own) -> Result<()> {
    let sends = match own.terms.as_ref().map(|terms| own.health.status(terms.paused)) {
        Some(EndpointStatus::Active) => queue.next_due()?,
        // What came before the pause waits from its beginning on.
        Some(EndpointStatus::Paused) => {
            queue.oldest()?.map(|oldest| oldest.max(own.paused_at.unwrap_or(oldest)).plus_millis(PAUSED_MS))
        }
        Some(EndpointStatus::Disabled) | None => None,
    };
    let report = own.report.map(|(_, due_at)| due_at);
    let next = [sends, report, queue.next_sweep()?, queue.reporting()?.due_at()].into_iter().flatten().min();
    // The platform takes no alarm for long ago.
    next.map_or(Ok(()), |at| queue.arm(at.max(clock::now())))
}

/// The endpoint's figures, but for its attempts.
fn figures(queue: &Queue) -> Result<Figures> {
    let own = queue.own()?;
    let status = own.terms.as_ref().map(|terms| own.health.status(terms.paused));
    Ok(Figures {
        endpoints: status.into_iter().map(|status| (status, 1)).collect(),
        waiting: queue.waiting()?,
        dead_letters: queue.dead_letters()?,
        attempts: BTreeMap::new(),
    })
}

/// Takes terms, unless they are older than those that are there, or the endpoint was removed.
fn configure(queue: &Queue, terms: &EndpointTerms, now: Timestamp) -> Result<Done> {
    let mut own = queue.own()?;
    let version = own.terms.as_ref().map(|terms| terms.version);
    if own.removed || version.is_some_and(|version| terms.version <= version) {
        return Ok(Done {});
    }
    if own.terms.as_ref().is_some_and(|known| known.active_since < terms.active_since) {
        own.health.enable();
        own.report = None;
    }
    own.paused_at = terms.paused.then(|| own.paused_at.unwrap_or(now));
    own.terms = Some(terms.clone());
    queue.put_own(&own)?;
    Ok(Done {})
}

/// Takes events that it hasn't had, but those of a tenant that was erased. An endpoint that was removed, or never
/// configured, takes none: a router that hands events over to it was put back, or has lost its answer.
fn deliver(queue: &Queue, Deliver { events }: &Deliver, now: Timestamp, name: &str) -> Result<Done> {
    let own = queue.own()?;
    let Some(terms) = &own.terms else {
        log::warn("events_dropped", &[("endpoint", name.into()), ("events", events.len().into())]);
        return Ok(Done {});
    };
    let status = own.health.status(terms.paused);
    let mut waiting = queue.waiting_at_most(events.len() as u64, max_waiting(status))?;
    for event in events {
        if queue.is_of_erased(event)? || !queue.is_new(&event.id, now)? {
            continue;
        }
        match may_wait(status, waiting) {
            Ok(()) => {
                queue.push(event, now)?;
                waiting += 1;
            }
            Err(reason) => queue.bury_new(event, reason, now)?,
        }
    }
    Ok(Done {})
}

fn shown(queue: &Queue) -> Result<Shown> {
    let own = queue.own()?;
    let health = own.health;
    Ok(Shown {
        status: health.status(own.terms.is_some_and(|terms| terms.paused)),
        waiting: queue.waiting()?,
        dead_letters: queue.dead_letters()?,
        last_success_at: health.last_success_at.map(Rfc3339),
        failing_since: health.failing_since.map(Rfc3339),
        disabled_at: health.disabled_at.map(Rfc3339),
    })
}

fn attempts(queue: &Queue, asked: &Attempts, _now: Timestamp) -> Result<AttemptPage> {
    queue.attempts(asked.event.as_ref(), asked.before, asked.limit.min(MAX_PAGE))
}

fn dead_letters(queue: &Queue, asked: &DeadLetters, _now: Timestamp) -> Result<DeadLetterPage> {
    queue.dead_letter_page(asked.before, asked.limit.min(MAX_PAGE))
}

/// Puts dead letters back. While the endpoint is disabled they stay.
fn redrive(queue: &Queue, Redrive { event }: &Redrive, now: Timestamp) -> Result<Redriven> {
    if queue.own()?.health.disabled_at.is_some() {
        return Ok(Redriven { redriven: 0, disabled: true });
    }
    Ok(Redriven { redriven: queue.redrive(event.as_ref(), now)?, disabled: false })
}

fn shown_attempt(event: &NumberedEvent, attempt: &Attempt, step: Next) -> ShownAttempt {
    ShownAttempt {
        event: event.id.clone(),
        event_type: event.event_type,
        at: Rfc3339(attempt.began_at),
        status: attempt.status,
        duration_ms: u32::try_from(attempt.ended_at.millis_since(attempt.began_at)).unwrap_or(0),
        outcome: attempt.outcome,
        next_attempt_at: if let Next::Retry(at) = step { Some(Rfc3339(at)) } else { None },
    }
}

fn fault(reason: &str) -> Error {
    Error::RustError(reason.to_owned())
}
