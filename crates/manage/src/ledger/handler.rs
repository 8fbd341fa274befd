//! Carries out commands: takes the JSON that was sent to a path, and returns the answer.

use std::{pin::Pin, rc::Rc};

use keystile_core::{
    Timestamp,
    ledger::idempotency::{self as rules, Claim, Decision},
};
use keystile_runtime::{clock, log, response};
use serde::Deserialize;
use worker::{Response, Result};

use super::{
    answer::{Answer, LedgerResult},
    idempotency,
    instance::Instance,
    open::OpenLedger,
};
use crate::{command::Command, failure::Failure};

/// A command that changes nothing.
pub(crate) trait Read: Command {
    /// Reads what the command asks for.
    fn read(&self, ledger: &OpenLedger) -> std::result::Result<Self::Answer, Failure>;
}

/// A command that changes nothing and waits: another object is asked, or others get their turn in between.
pub(crate) trait Consult: Command {
    /// Asks what the command asks for.
    async fn consult(self, ledger: &OpenLedger) -> std::result::Result<Self::Answer, Failure>;
}

/// A command that makes a change.
pub(crate) trait Change: Command {
    /// The status of the answer if the command succeeds.
    const STATUS: u16 = 200;
    /// Whether a drain starts in the background afterwards, to carry out what the change left in the outbox.
    const DRAINS: bool = true;
    /// The claim under which the change is made only once, if its request had an idempotency key.
    fn claim(&self) -> Option<&Claim>;
    /// Makes the change.
    async fn carry_out(self, ledger: &OpenLedger) -> std::result::Result<Self::Answer, Failure>;
}

/// A path, and the function that answers the commands sent to it.
pub(crate) struct Handler {
    pub(crate) path: &'static str,
    /// Whether the ledger of a tenant that was erased still answers this. It refuses all others.
    pub(crate) answered_once_erased: bool,
    /// Whether edges send this, over and over. Then it isn't a reason to ask the feed whether the tenant was erased.
    of_edges: bool,
    answer: for<'a> fn(&'a Instance, &'a str) -> Answering<'a>,
}

type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response>> + 'a>>;

impl Handler {
    const fn new(path: &'static str, answer: for<'a> fn(&'a Instance, &'a str) -> Answering<'a>) -> Self {
        Self { path, answered_once_erased: false, of_edges: false, answer }
    }

    /// The same, which the ledger of an erased tenant answers, too.
    pub(crate) const fn once_erased(self) -> Self {
        Self { answered_once_erased: true, ..self }
    }

    /// The same, which edges send.
    pub(crate) const fn of_edges(self) -> Self {
        Self { of_edges: true, ..self }
    }

    /// The handler of a command that changes nothing.
    pub(crate) const fn read<C: Read>() -> Self {
        Self::new(C::PATH, |instance, body| Box::pin(core::future::ready(read::<C>(instance, body))))
    }

    /// The handler of a command that changes nothing and waits.
    pub(crate) const fn consult<C: Consult + 'static>() -> Self {
        Self::new(C::PATH, |instance, body| consult::<C>(instance, body))
    }

    /// The handler of a command that makes a change.
    pub(crate) const fn change<C: Change + 'static>() -> Self {
        Self::new(C::PATH, |instance, body| change::<C>(instance, body))
    }
}

/// Answers the JSON that was sent to a path. Once the tenant is erased, all but a few commands are refused here.
pub(crate) async fn answer(handlers: &[Handler], instance: &Instance, path: &str, body: &str) -> Result<Response> {
    let Some(handler) = handlers.iter().find(|handler| handler.path == path) else { return unreadable(path, body) };
    // A ledger that can't be opened is the command's own failure.
    if let Ok(ledger) = instance.open() {
        if !handler.answered_once_erased
            && let Err(refused) = ledger.refuse_if_erased()
        {
            return refused.respond(&request_id_of(body));
        }
        if !handler.of_edges {
            instance.ask_if_erased_later(ledger);
        }
    }
    (handler.answer)(instance, body).await
}

fn read<C: Read>(instance: &Instance, body: &str) -> Result<Response> {
    let Ok(command) = serde_json::from_str::<C>(body) else { return unreadable(C::PATH, body) };
    match instance.open().map_err(Failure::from).and_then(|ledger| command.read(&ledger)) {
        Ok(shown) => response::json(200, &shown),
        Err(failure) => failure.respond(command.request_id()),
    }
}

fn consult<'a, C: Consult + 'static>(instance: &'a Instance, body: &str) -> Answering<'a> {
    let Ok(command) = serde_json::from_str::<C>(body) else {
        return Box::pin(core::future::ready(unreadable(C::PATH, body)));
    };
    Box::pin(async move {
        let request_id = command.request_id().to_string();
        let ledger = instance.open().map_err(Failure::from);
        let answer = match ledger {
            Ok(ledger) => command.consult(&ledger).await,
            Err(failure) => Err(failure),
        };
        match answer {
            Ok(shown) => response::json(200, &shown),
            Err(failure) => failure.respond(&request_id),
        }
    })
}

/// Makes a change. Only this part is generic: everything it calls is compiled once for all commands.
fn change<'a, C: Change + 'static>(instance: &'a Instance, body: &str) -> Answering<'a> {
    let Ok(command) = serde_json::from_str::<C>(body) else {
        return Box::pin(core::future::ready(unreadable(C::PATH, body)));
    };
    let (request_id, claim) = (command.request_id().to_string(), command.claim().cloned());
    let carry_out: CarryOut =
        Box::new(|ledger| Box::pin(async move { Ok(Answer::new(C::STATUS, &command.carry_out(&ledger).await?)?) }));
    Box::pin(changed(instance, request_id, claim, C::DRAINS, carry_out))
}

/// A change that is ready to be made to an open ledger.
type CarryOut = Box<dyn FnOnce(Rc<OpenLedger>) -> Pin<Box<dyn Future<Output = LedgerResult>>>>;

async fn changed(
    instance: &Instance,
    request_id: String,
    claim: Option<Claim>,
    drains: bool,
    carry_out: CarryOut,
) -> Result<Response> {
    let result = match instance.open() {
        Err(error) => Err(Failure::from(error)),
        Ok(ledger) => {
            let result = once(&ledger, claim.as_ref(), carry_out(Rc::clone(&ledger))).await;
            if drains {
                instance.drain_later(ledger);
            }
            result
        }
    };
    result.map_or_else(|failure| failure.respond(&request_id), Answer::respond)
}

/// Makes a change, unless its claim says that it was made before or is being made right now. Only successes are
/// remembered.
async fn once(
    ledger: &OpenLedger,
    claim: Option<&Claim>,
    change: Pin<Box<dyn Future<Output = LedgerResult>>>,
) -> LedgerResult {
    let Some(claim) = claim else { return change.await };
    let now = clock::now();
    let remembered = idempotency::find(&ledger.database, &ledger.deployment.keyring, claim)?;
    let _mark = match Decision::of(claim, ledger.in_flight.find(claim).as_ref(), remembered, now) {
        Decision::Fresh => ledger.in_flight.begin(claim, now),
        Decision::Replay(remembered) => {
            return Ok(Answer { status: remembered.status, body: remembered.replayed().to_string() });
        }
        Decision::Running => return Err(rules::in_use().into()),
        Decision::Reused => return Err(rules::reused().into()),
    };
    let answer = change.await?;
    let now = clock::now();
    let noted = ledger.database.transaction(|| {
        // The answer may name what was erased since.
        if ledger.is_erased()? {
            return Ok(());
        }
        idempotency::note(&ledger.database, &ledger.deployment.keyring, claim, &answer, now)?;
        ledger.arm(now)
    });
    // The change is made. A failure to remember the answer is no reason to deny the change.
    if let Err(error) = noted {
        log::error("answer_not_remembered", &[("reason", error.to_string().into())]);
    }
    Ok(answer)
}

/// Remembers the answer of a change under its claim, if there is one, in the transaction that makes the change.
pub(crate) fn note<C: Change>(
    ledger: &OpenLedger,
    claim: Option<&Claim>,
    answer: &C::Answer,
    now: Timestamp,
) -> Result<()> {
    match claim {
        Some(claim) => {
            let answer = Answer::new(C::STATUS, answer)?;
            idempotency::note(&ledger.database, &ledger.deployment.keyring, claim, &answer, now)
        }
        None => Ok(()),
    }
}

/// Answers a command that can't be read. Only workers of this deployment call the ledger, so it is their fault, which the
/// caller hears of under the id of their request.
fn unreadable(path: &str, body: &str) -> Result<Response> {
    Failure::Fault(format!("the ledger can't read the command {path}")).respond(&request_id_of(body))
}

/// The id of the request that a command belongs to.
fn request_id_of(body: &str) -> String {
    #[derive(Default, Deserialize)]
    struct Sent {
        request_id: Option<String>,
        origin: Option<Box<Sent>>,
    }
    let sent: Sent = serde_json::from_str(body).unwrap_or_default();
    sent.request_id.or_else(|| sent.origin?.request_id).unwrap_or_else(|| "req_none".into())
}
