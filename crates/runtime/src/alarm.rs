//! An object's alarm: work that is retried until it succeeds.

use keystile_core::Timestamp;
use worker::{Response, Result, Storage};

use crate::{clock, database, log};

/// Does the work of the alarm of an object of this class. It never fails, because the platform drops an alarm that
/// fails too often. A fault is logged as `{class}_alarm_failed`, and the alarm is set again `retry_ms` later.
///
/// # Errors
/// The error of making an empty response.
pub async fn carry_out(
    storage: Storage,
    class: &str,
    retry_ms: i64,
    work: impl AsyncFnOnce(Timestamp) -> Result<()>,
) -> Result<Response> {
    let now = clock::now();
    if let Err(error) = work(now).await {
        log::error(&format!("{class}_alarm_failed"), &[("reason", error.to_string().into())]);
        if let Err(error) = database::arm(&storage, now.plus_millis(retry_ms)) {
            log::error("alarm_not_set", &[("class", class.into()), ("reason", error.to_string().into())]);
        }
    }
    Response::empty()
}
