//! Counts uses of keys, and sends the counts to the ledgers in the background.
//!
//! [`UsageCounter`](keystile_core::usage::counter) decides which uses are counted and when batches are sent or sent
//! again. A request that it asks for a flush holds the timer by `waitUntil` and then sends the batches that are due.
//! None of that crosses to another request.

use std::rc::Rc;

use js_sys::{Array, Promise};
use keystile_core::{
    KeyRecord, TenantId, Timestamp,
    access::verdict::{self, Refusal},
    objects::{Call as _, ledger},
    usage::{
        batch::UsageBatch,
        counter::{Batch, Flush, TIMEOUT_MS},
    },
};
use keystile_runtime::{clock, crossing::promise, log, object};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use crate::{incoming::Incoming, isolate::Isolate, response::in_background};

/// Counts a verdict on a key.
pub(crate) fn count(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    record: &KeyRecord,
    verdict: Result<(), &Refusal>,
    now: Timestamp,
) {
    let ledger = record.tenant().map_or(ledger::OPERATORS, TenantId::as_str);
    let flush = isolate.usage.borrow_mut().count(ledger, &record.id, verdict::code(verdict), now);
    if let Some(flush) = flush {
        let _ = in_background(incoming, carry_out(Rc::clone(isolate), incoming.env.clone(), flush));
    }
}

async fn carry_out(isolate: Rc<Isolate>, env: Env, mut flush: Flush) {
    clock::sleep(flush.after_ms).await;
    loop {
        let batches = isolate.usage.borrow_mut().batches(&mut flush, clock::now());
        if batches.is_empty() {
            break;
        }
        let send = |batch| promise(Box::pin(send(Rc::clone(&isolate), env.clone(), batch)));
        let sent: Array = batches.into_iter().map(send).collect();
        // None of these can fail: errors are reported to the counter.
        let _ = JsFuture::from(Promise::all(&sent)).await;
    }
    let lost = isolate.usage.borrow_mut().take_lost();
    if lost > 0 {
        log::warn("usage_lost", &[("uses", lost.into())]);
    }
}

async fn send(isolate: Rc<Isolate>, env: Env, batch: Batch) -> JsValue {
    let timeout_ms = TIMEOUT_MS.unsigned_abs();
    let answer =
        object::exchange(&env, UsageBatch::BINDING, &batch.ledger, UsageBatch::PATH, &batch.body, timeout_ms).await;
    let mut usage = isolate.usage.borrow_mut();
    match answer {
        Ok((200, _)) => usage.taken(&batch),
        failure => {
            usage.failed(&batch, clock::now());
            let reason = failure.map_or_else(|error| error.0, |(status, _)| format!("the ledger answered {status}"));
            log::warn("usage_not_taken", &[("ledger", batch.ledger.as_ref().into()), ("reason", reason.into())]);
        }
    }
    JsValue::UNDEFINED
}
