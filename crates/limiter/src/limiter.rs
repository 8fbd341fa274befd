//! The limiters: one Durable Object for each tenant, named like the tenant. Their calls are those of
//! [`objects::limiter`](keystile_core::objects::limiter).
//!
//! Before it answers anything, an instance learns whether the object went back to an earlier point. It can't know that
//! by itself, so it asks the object that does. While that can't be reached, nothing is answered, so nothing is granted.

use std::{
    cell::{Cell, OnceCell},
    rc::Rc,
};

use keystile_core::{
    base::{
        id::TenantId,
        problem::Problem,
        timestamp::{MINUTE_MS, Timestamp},
    },
    limits::definition::ConfiguredLimits,
    objects::{
        Call, Done,
        limiter::{Ask, Forget, Look, Restore, Tell},
        limiter_restores::{CountRestores, NoteRestore},
    },
};
use keystile_runtime::{alarm, clock, config, log, object, response};
use serde::{Serialize, de::DeserializeOwned};
use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

use crate::{NO_REQUEST_ID, counting::Counting, no_such_path, recovery};

/// The time for the object of restores, milliseconds: less than an isolate of the edge waits for an answer.
const RESTORES_TIMEOUT_MS: u64 = 1_000;
/// The delay before the alarm is tried again after a fault, milliseconds.
const ALARM_RETRY_MS: i64 = MINUTE_MS;

thread_local! {
    static CONFIG: OnceCell<Rc<ConfiguredLimits>> = const { OnceCell::new() };
}

/// The object.
#[durable_object]
pub struct Limiter {
    state: State,
    env: Env,
    counting: OnceCell<Counting>,
    /// Whether this instance knows of all restores.
    knows_restores: Cell<bool>,
    /// Whether the object is about to go back to an earlier point. Then it answers nothing more.
    going_back: Cell<bool>,
}

impl DurableObject for Limiter {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, counting: OnceCell::new(), knows_restores: Cell::default(), going_back: Cell::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        self.answer(&path, &body).await.or_else(|error| {
            log::error("limiter_failed", &[("path", path.into()), ("reason", error.to_string().into())]);
            response::problem(&Problem::internal(), NO_REQUEST_ID)
        })
    }

    async fn alarm(&self) -> Result<Response> {
        let work = async |now| {
            let counting = self.counting()?;
            counting.sweep(now)?;
            match TenantId::parse(&self.name()?) {
                Some(tenant) => counting.send_events(&self.env, &tenant).await,
                None => Ok(()),
            }
        };
        alarm::carry_out(self.state.storage(), "limiter", ALARM_RETRY_MS, work).await
    }
}

impl Limiter {
    async fn answer(&self, path: &str, body: &str) -> Result<Response> {
        self.learn_of_restores().await?;
        if self.going_back.get() {
            return unavailable("The limiter is about to go back to an earlier point.");
        }
        match path {
            Ask::PATH => self.call(body, Counting::ask),
            Tell::PATH => self.call(body, Counting::tell),
            Look::PATH => self.call(body, Counting::look),
            Forget::PATH => self.call(body, Counting::forget),
            Restore::PATH => self.restore(serde_json::from_str(body)?).await,
            _ => no_such_path(),
        }
    }

    fn call<C: Call<Answer: Serialize> + DeserializeOwned>(
        &self,
        body: &str,
        handler: impl Fn(&Counting, &C, Timestamp) -> Result<C::Answer>,
    ) -> Result<Response> {
        let call = serde_json::from_str(body)?;
        response::json(200, &handler(self.counting()?, &call, clock::now())?)
    }

    /// Learns of restores, unless this instance knows of them. Calls that come at the same time ask each for itself.
    async fn learn_of_restores(&self) -> Result<()> {
        if self.knows_restores.get() {
            return Ok(());
        }
        let asked = object::call(&self.env, &self.name()?, &CountRestores {}, RESTORES_TIMEOUT_MS).await;
        let noted = asked.map_err(|failed| Error::RustError(failed.to_string()))?;
        self.counting()?.learn_of_restores(&noted, clock::now())?;
        self.knows_restores.set(true);
        Ok(())
    }

    /// Goes back to an earlier point. That is noted outside of this object before. From the note on nothing is
    /// answered, so that no addition is made of which the note doesn't know.
    async fn restore(&self, Restore { to }: Restore) -> Result<Response> {
        let bookmark = match recovery::bookmark(&self.state, to).await {
            Ok(bookmark) => bookmark,
            Err(error) => return unavailable(format!("The platform can't go back to this point: {error}")),
        };
        let going_back = GoingBack::begin(&self.going_back)?;
        // From here on no order to forget is taken, so none is lost. One that was taken before holds.
        if self.counting()?.is_erased()? {
            return unavailable("The tenant was erased, so there is nothing to go back to.");
        }
        let note = NoteRestore { to, additions: self.counting()?.made_additions()? };
        if let Err(failed) = object::call(&self.env, &self.name()?, &note, RESTORES_TIMEOUT_MS).await {
            return unavailable(format!("The restore can't be noted, so nothing was changed: {failed}"));
        }
        recovery::go_back_at_next_start(&self.state, &bookmark).await?;
        going_back.go();
        recovery::start_again(&self.state);
        log::warn("limiter_goes_back", &[("to", to.as_millis().into())]);
        response::json(200, &Done {})
    }

    /// The name of the tenant, and of the object.
    fn name(&self) -> Result<String> {
        self.state.id().name().ok_or_else(|| Error::RustError("the object has no name".into()))
    }

    fn counting(&self) -> Result<&Counting> {
        if let Some(counting) = self.counting.get() {
            return Ok(counting);
        }
        let counting = Counting::open(&self.state, configured()?)?;
        Ok(self.counting.get_or_init(|| counting))
    }
}

/// A restore that has begun. It is given up if this is dropped.
struct GoingBack<'a>(Option<&'a Cell<bool>>);

impl<'a> GoingBack<'a> {
    fn begin(begun: &'a Cell<bool>) -> Result<Self> {
        if begun.replace(true) {
            return Err(Error::RustError("another restore has begun".into()));
        }
        Ok(Self(Some(begun)))
    }

    /// There is no other way any more.
    fn go(mut self) {
        self.0 = None;
    }
}

impl Drop for GoingBack<'_> {
    fn drop(&mut self) {
        if let Some(begun) = self.0 {
            begun.set(false);
        }
    }
}

/// The limits of the configuration, which is read once per isolate.
fn configured() -> Result<Rc<ConfiguredLimits>> {
    if let Some(configured) = CONFIG.with(|config| config.get().cloned()) {
        return Ok(configured);
    }
    let configured = Rc::new(config::load()?);
    Ok(CONFIG.with(|config| config.get_or_init(|| configured).clone()))
}

fn unavailable(detail: impl Into<std::borrow::Cow<'static, str>>) -> Result<Response> {
    response::problem(&Problem::unavailable(detail), NO_REQUEST_ID)
}
