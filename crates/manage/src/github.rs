//! The keys with which GitHub signs its reports of leaked keys, as this isolate knows them. An object of the worker
//! that receives webhooks fetches and keeps them.
//!
//! They are asked for once a minute. An identifier that they lack is asked for at once, unless the address was asked
//! within the last minute: then nobody can have newer keys, and the sender is told to come again.

use std::cell::RefCell;

use keystile_core::{
    Timestamp,
    base::{code::Code, problem::Problem, timestamp::whole_seconds},
    objects::keys::{GetKeys, KeySetForm},
    receiver::{
        github_keys::{GithubKeys, StatedSignature},
        key_set::{CACHED_MS, FETCH_TIMEOUT_MS},
    },
};
use keystile_runtime::{clock, log, object};
use worker::Env;

use crate::{api::credential, deployment::Deployment, failure::Failure};

/// The time for which a call waits for the object, milliseconds: longer than the object waits for the address.
const TIMEOUT_MS: u64 = FETCH_TIMEOUT_MS as u64 + 2_000;

/// The time for which an object that couldn't be reached isn't asked, milliseconds.
const UNREACHABLE_MS: i64 = 1_000;

/// The keys that were received last.
struct Known {
    keys: Option<GithubKeys>,
    /// When the object is to be asked again.
    until: Timestamp,
    /// When the address may be asked again.
    next_fetch: Timestamp,
}

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// The key that a request says it is signed with, in PEM.
///
/// # Errors
/// The 401 if GitHub has no such key, and the 503 if that can't be told now.
pub(crate) async fn key(env: &Env, deployment: &Deployment, stated: &StatedSignature) -> Result<String, Failure> {
    let now = clock::now();
    if let Some(found) = with_known(|known| known.find(stated).filter(|_| now < known.until)) {
        return Ok(found);
    }
    let url = &deployment.config.github_keys_url;
    let is_fresh = with_known(|known| (known.keys.is_some() && now < known.until).then_some(())).is_some();
    // Keys that are fresh lack this one, so only newer ones help.
    for anew in if is_fresh { [true].as_slice() } else { &[false, true] } {
        let held_back = |known: &Known| (now < known.next_fetch && (*anew || known.keys.is_none())).then_some(());
        if with_known(held_back).is_some() {
            break;
        }
        let answered_anew = ask(env, url, *anew, now).await;
        if let Some(found) = with_known(|known| known.find(stated)) {
            return Ok(found);
        }
        if answered_anew && with_known(|known| known.keys.as_ref().map(|_| ())).is_some() {
            return Err(refusal(deployment).into());
        }
    }
    let wait_ms = with_known(|known| Some(known.next_fetch.millis_since(now))).unwrap_or_default();
    let detail = "Whether GitHub has this key can't be told now; send the same again.";
    let retry_after = whole_seconds(wait_ms).max(1).to_string();
    Err(Problem::new(Code::DependencyUnavailable, detail).with_header("Retry-After", retry_after).into())
}

/// The 401 for a signature that is none of GitHub's over this body.
pub(crate) fn refusal(deployment: &Deployment) -> Problem {
    let detail = "The signature is not GitHub's over this body. Sign the body as it is sent, or leave both headers of \
                  the signature out.";
    Problem { code: Code::InvalidSignature, detail: detail.into(), ..credential::missing(deployment) }
}

impl Known {
    fn find(&self, stated: &StatedSignature) -> Option<String> {
        self.keys.as_ref()?.find(&stated.identifier).map(str::to_owned)
    }
}

fn with_known<T>(of: impl FnOnce(&Known) -> Option<T>) -> Option<T> {
    KNOWN.with_borrow(|known| known.as_ref().and_then(of))
}

/// Asks the object. Returns whether the address answered to this question.
async fn ask(env: &Env, url: &str, anew: bool, now: Timestamp) -> bool {
    let call = GetKeys { url: url.into(), anew, form: KeySetForm::Github };
    let answer = match object::call(env, url, &call, TIMEOUT_MS).await {
        Ok(answer) => answer,
        Err(error) => {
            log::warn("github_keys_unreachable", &[("reason", error.0.into())]);
            hold_back(now.plus_millis(UNREACHABLE_MS));
            return false;
        }
    };
    let keys = answer.keys.as_deref().and_then(|text| GithubKeys::parse(text).ok());
    let next_fetch = now.plus_millis(answer.wait_ms);
    let known = Known { keys, until: now.plus_millis(CACHED_MS), next_fetch };
    KNOWN.set(Some(known));
    answer.anew
}

/// Leaves the object alone until then, whatever is known.
fn hold_back(until: Timestamp) {
    KNOWN.with_borrow_mut(|known| {
        let keys = known.take().and_then(|known| known.keys);
        *known = Some(Known { keys, until, next_fetch: until });
    });
}
