//! Takes reports of leaked keys: of GitHub's secret scanning by its signature, of an operator by their key, of anybody.
//!
//! Junk is told by its form and its tag, and costs no call. The feed says whose the others are, many in one call. Then
//! each ledger does in one transaction what the policy says. Whatever can't be told now is a 503 for the whole report;
//! sending it again does the rest, since a repeat does nothing to what is done. A report that one request can't do is done
//! in [`parts`], but for an operator's: they hear how many records fit.
//!
//! An anonymous report is answered at once, before its texts are judged and anybody is asked, so neither the answer nor
//! its time says whether a key exists. Its bounds count requests, whatever they hold.

use core::net::IpAddr;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use futures_util::future::join_all;
use keystile_core::{
    KeyDigest, TenantId, Timestamp,
    access::{operator::OperatorScope, record::Reach},
    api::{
        exposures::{MAX_BODY_BYTES, Record, Suspect, parse, to_ask},
        shown::{ShownExposed, ShownExposedKey},
    },
    base::{
        code::Code,
        problem::Problem,
        timestamp::{MINUTE_MS, Rfc3339, whole_seconds},
    },
    feed::owners::{MAX_DIGESTS, Owner, OwnersRequest},
    ledger::exposure::{ExposureStatus, Place, Reporter},
    limits::failures::{Failures, Network},
    objects::{feed, ledger::OPERATORS},
    receiver::github_keys::{IDENTIFIER_HEADER, SIGNATURE_HEADER, StatedSignature},
};
use keystile_runtime::{clock, log, object, random, response};
use serde_json::json;
use worker::{Context, Env, Request};

use self::parts::{Outcomes, Owners};
use super::expose::{BATCH, Expose, ExposedKey, Found};
use crate::{
    api::{
        ask::{self, ask},
        body::{self, JSON},
        call::ApiCall,
        credential,
        path::Parameters,
        query,
        reply::{Answering, ApiResult},
    },
    command::Origin,
    deployment::Deployment,
    failure::Failure,
    github,
    ledger::drain::FEED_TIMEOUT_MS,
};

mod parts;

/// The most texts of imported forms that an anonymous report has looked up: they have no tag, so any text may be one. The
/// others of it are left out.
const MOST_IMPORTED_ANONYMOUS: usize = 50;
/// The most calls to the feed for one report, of [`MAX_DIGESTS`] texts each. With those to ledgers, for the caller and
/// for GitHub's keys they stay below the 50 calls that an invocation has in Cloudflare's free plan.
const MOST_FEED_CALLS: usize = 10;
/// The most texts that one report has looked up.
const MOST_LOOKUPS: usize = MOST_FEED_CALLS * MAX_DIGESTS;
/// The most calls to ledgers for one report, of [`BATCH`] keys each. So many records always fit.
const MOST_LEDGER_CALLS: usize = 30;
/// The calls to ledgers that are made at the same time: a worker has six connections.
const AT_ONCE: usize = 6;
/// The time after which no further call begins: GitHub waits for 30 seconds.
const LONGEST_MS: i64 = 18_000;
/// The same of calls to the feed. What was looked up by then still gets its turn.
const LONGEST_LOOKUP_MS: i64 = 9_000;
/// The bodies with a signature that may be on their way at a time: they take 4 MiB each, and who sends them is known
/// at their end.
const MOST_READING: usize = 12;
/// The same from one network. A sender who stalls holds up no other.
const MOST_READING_OF_ONE: usize = 4;
/// The signatures of one address that may be refused in a minute. From then on its bodies aren't received.
const MOST_FORGED: u32 = 60;
/// The time for which GitHub hears nothing of a key that the feed lacks, milliseconds. Ledgers publish a new key within
/// five minutes after the feed can be reached again.
const UNPUBLISHED_MS: i64 = 10 * MINUTE_MS;

/// The maximum length of an anonymous report, bytes.
const MAX_ANONYMOUS_BYTES: u32 = 64 * 1024;
/// The anonymous reports of one address in a minute.
const MOST_ANONYMOUS: u32 = 60;
/// The time from the answer to the first attempt at an anonymous report, milliseconds.
const ANONYMOUS_DELAY_MS: u64 = 20;
/// The attempts at an anonymous report, and the time between two of them, milliseconds.
const ANONYMOUS_ATTEMPTS: u32 = 3;
const ANONYMOUS_PAUSE_MS: u64 = 2_000;

/// Takes a report of anybody.
pub(super) fn of_keys<'a>(
    request: &'a Request,
    env: &'a Env,
    context: &'a Context,
    request_id: &'a str,
) -> Answering<'a> {
    Box::pin(async move {
        query::none(request)?;
        let deployment = Deployment::load(env)?;
        let headers = request.headers();
        let (identifier, signature) = (headers.get(IDENTIFIER_HEADER)?, headers.get(SIGNATURE_HEADER)?);
        let is_signed = identifier.is_some() || signature.is_some();
        let has_caller = headers.has("Authorization")? || headers.has("Keystile-Session")?;
        match (is_signed, has_caller) {
            (true, true) => Err(Problem::new(
                Code::ConflictingCredentials,
                "Send either an operator key or the headers of GitHub's signature.",
            )
            .into()),
            (true, false) => {
                let stated = StatedSignature::parse(identifier.as_deref(), signature.as_deref());
                let stated = stated.ok_or_else(|| github::refusal(&deployment))?;
                by_github(request, env, deployment, request_id, &stated).await
            }
            (false, true) => by_operator(request, env, deployment, request_id).await,
            (false, false) => by_anybody(request, env, context, deployment, request_id).await,
        }
    })
}

async fn by_github(
    request: &Request,
    env: &Env,
    deployment: Rc<Deployment>,
    request_id: &str,
    stated: &StatedSignature,
) -> ApiResult {
    let address = address(request)?;
    let wait_ms = FORGED.with_borrow(|forged| forged.wait_ms(address, clock::now()));
    if let Some(wait_ms) = wait_ms {
        return Err(too_often(MOST_FORGED, "signatures that are not GitHub's", wait_ms).into());
    }
    let key = github::key(env, &deployment, stated).await?;
    let bytes = read_signed(request, address).await?;
    if !stated.is_of(&key, &bytes) {
        FORGED.with_borrow_mut(|forged| forged.note(address, clock::now()));
        return Err(github::refusal(&deployment).into());
    }
    let (records, mistakes) = parse(body::parse(&bytes)?, deployment.secrets())?;
    drop(bytes);
    if let Some(first) = mistakes.first() {
        log::warn("exposures_unreadable", &[("request_id", request_id.into()), ("first", json!(first))]);
    }
    let report = Report {
        env: env.clone(),
        deployment,
        reporter: Reporter::Github,
        origin: origin(request, request_id, "github", "GitHub secret scanning")?,
        within: None,
        most_imported: usize::MAX,
        address: None,
    };
    let outcomes = report.carry_out(&records).await?;
    let feedback: Vec<_> =
        records.iter().zip(&outcomes).map(|(record, outcome)| record.feedback(outcome.status.is_found())).collect();
    Ok(response::json(200, &feedback)?)
}

/// An operator who may revoke keys may report them; one of a tenant, that tenant's keys.
async fn by_operator(request: &Request, env: &Env, deployment: Rc<Deployment>, request_id: &str) -> ApiResult {
    let call = ApiCall::begin(request, Parameters::default(), env, deployment, request_id).await?;
    if call.caller().portal.is_some() {
        return Err(Problem::new(Code::PortalNotAllowed, "A portal session can't do this.").into());
    }
    let within = call.own_tenant();
    match &within {
        Some(tenant) => call.caller().may(OperatorScope::KeysWrite, Some(tenant))?,
        None => call.caller().may(OperatorScope::KeysWrite, None)?,
    }
    let (body, origin) = call.sent(JSON, MAX_BODY_BYTES).await?;
    let (records, mistakes) = parse(body, call.deployment.secrets())?;
    if !mistakes.is_empty() {
        return Err(mistakes.into());
    }
    let report = Report {
        env: env.clone(),
        deployment: Rc::clone(&call.deployment),
        reporter: Reporter::Operator,
        // The report is idempotent by itself, so it needs no claim.
        origin: Origin { claim: None, if_match: None, ..origin },
        within,
        most_imported: usize::MAX,
        address: None,
    };
    let outcomes = report.carry_out(&records).await?;
    let shown = |ExposedKey { id, status, effective_by }| ShownExposedKey {
        effective_by: effective_by.map(Rfc3339),
        id,
        status,
    };
    Ok(response::json(200, &ShownExposed { results: outcomes.into_iter().map(shown).collect() })?)
}

/// The answer is the same whatever the report holds, and comes before anybody is asked. What can't be done within a
/// few attempts is lost: who must be sure reports as an operator.
async fn by_anybody(
    request: &Request,
    env: &Env,
    context: &Context,
    deployment: Rc<Deployment>,
    request_id: &str,
) -> ApiResult {
    let address = address(request)?;
    if let Some(wait_ms) = REPORTS.with_borrow_mut(|reports| reports.note(address, clock::now())) {
        return Err(too_often(MOST_ANONYMOUS, "anonymous reports", wait_ms).into());
    }
    let bytes = body::receive(request, JSON, MAX_ANONYMOUS_BYTES).await?;
    let (records, _) = parse(body::parse(&bytes)?, deployment.secrets())?;
    let report = Report {
        env: env.clone(),
        deployment,
        reporter: Reporter::Anonymous,
        origin: origin(request, request_id, "anonymous", "Anonymous report")?,
        within: None,
        most_imported: MOST_IMPORTED_ANONYMOUS,
        address: Some(address),
    };
    let request_id = request_id.to_owned();
    context.wait_until(async move {
        clock::sleep(ANONYMOUS_DELAY_MS).await;
        let mut attempt = 1;
        while let Err(failure) = report.carry_out(&records).await {
            if attempt == ANONYMOUS_ATTEMPTS {
                let reason = format!("{failure:?}");
                log::error("exposures_lost", &[("request_id", request_id.as_str().into()), ("reason", reason.into())]);
                return;
            }
            attempt += 1;
            clock::sleep(ANONYMOUS_PAUSE_MS).await;
        }
    });
    Ok(response::json(202, &json!({}))?)
}

/// The address that stands for requests without one: those that don't come through Cloudflare's network.
const UNKNOWN_ADDRESS: IpAddr = IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED);

fn address(request: &Request) -> Result<IpAddr, Failure> {
    let stated = request.headers().get("CF-Connecting-IP")?;
    Ok(stated.and_then(|address| address.parse().ok()).unwrap_or(UNKNOWN_ADDRESS))
}

fn origin(request: &Request, request_id: &str, id: &str, name: &str) -> Result<Origin, Failure> {
    let ip = request.headers().get("CF-Connecting-IP")?;
    let (actor_id, actor_name, request_id) = (id.into(), name.into(), request_id.into());
    Ok(Origin { actor_id, actor_name, ip, request_id, ..Origin::keystile() })
}

thread_local! {
    /// The networks whose signed bodies are on their way.
    static READING: RefCell<Vec<Network>> = const { RefCell::new(Vec::new()) };
    /// The addresses whose signatures were refused.
    static FORGED: RefCell<Failures> = const { RefCell::new(Failures::allowing(MOST_FORGED)) };
    /// The addresses that report anonymously.
    static REPORTS: RefCell<Failures> = const { RefCell::new(Failures::allowing(MOST_ANONYMOUS)) };
    /// The addresses whose anonymous reports had texts of imported forms that are no keys.
    static FAILURES: RefCell<Failures> = const { RefCell::new(Failures::allowing(300)) };
    /// When GitHub first reported a key with a valid tag that the feed lacks, to this isolate. Another one counts anew,
    /// which tells GitHub to come again too long, and never too short.
    static LACKING: RefCell<BTreeMap<KeyDigest, Timestamp>> = const { RefCell::new(BTreeMap::new()) };
}

/// The most keys that the feed lacks which an isolate remembers.
const MOST_LACKING: usize = 5_000;

/// Receives a body with a signature.
async fn read_signed(request: &Request, address: IpAddr) -> Result<Vec<u8>, Failure> {
    struct Place(Network);
    impl Drop for Place {
        fn drop(&mut self) {
            READING.with_borrow_mut(|reading| {
                if let Some(index) = reading.iter().position(|network| *network == self.0) {
                    reading.swap_remove(index);
                }
            });
        }
    }
    let network = Network::of(address);
    let is_full = READING.with_borrow(|reading| {
        let of_one = reading.iter().filter(|other| **other == network).count();
        reading.len() >= MOST_READING || of_one >= MOST_READING_OF_ONE
    });
    if is_full {
        return Err(Problem::unavailable("Too many reports are on their way; send this again shortly.").into());
    }
    READING.with_borrow_mut(|reading| reading.push(network));
    let _place = Place(network);
    Ok(body::receive(request, JSON, MAX_BODY_BYTES).await?)
}

/// A report whose reporter is known.
struct Report {
    env: Env,
    deployment: Rc<Deployment>,
    reporter: Reporter,
    origin: Origin,
    /// The tenant whose keys the reporter may know of; `None` for all.
    within: Option<TenantId>,
    most_imported: usize,
    /// The address of an anonymous reporter.
    address: Option<IpAddr>,
}

/// The keys of one ledger that were found, each once for each place.
type ByLedger = BTreeMap<String, Vec<(KeyDigest, Place)>>;

impl Report {
    /// Does what the policy says. Returns the outcome of each record.
    ///
    /// # Errors
    /// The 503 if something can't be told, or is left to do; the 413 if it is an operator's report that one request can't
    /// do.
    async fn carry_out(&self, records: &[Record]) -> Result<Vec<ExposedKey>, Failure> {
        let begun_at = clock::now();
        let (keyring, secrets) = (&self.deployment.keyring, self.deployment.secrets());
        let suspects: Vec<Suspect> = records.iter().map(|record| record.suspect(keyring, secrets)).collect();
        let digests = to_ask(&suspects, self.most_imported(begun_at));
        self.refuse_unless(digests.len() <= MOST_LOOKUPS)?;
        let (owners, unasked) = self.owners(digests, &suspects, begun_at).await?;
        let (by_ledger, mut outcomes) = self.by_ledger(records, &suspects, &owners);
        self.note_failures(&suspects, &owners);
        let is_left = self.expose(by_ledger, &mut outcomes, unasked, begun_at).await?;
        if self.reporter == Reporter::Github && may_come(&suspects, &owners, begun_at) {
            return Err(Problem::unavailable("A key may not be published yet; send the same again.").into());
        }
        if is_left {
            return Err(part_done().into());
        }
        let outcome = |(record, suspect): (&Record, &Suspect)| {
            let known = suspect.digest().and_then(|digest| outcomes.get(&(digest, record.place.id)).cloned());
            known.unwrap_or(ExposedKey { id: None, status: ExposureStatus::NotFound, effective_by: None })
        };
        Ok(records.iter().zip(&suspects).map(outcome).collect())
    }

    fn most_imported(&self, now: Timestamp) -> usize {
        let waits = |address| FAILURES.with_borrow(|failures| failures.wait_ms(address, now).is_some());
        if self.address.is_some_and(waits) { 0 } else { self.most_imported }
    }

    /// Refuses what one request can't do, if the reporter is one who can send it in parts.
    fn refuse_unless(&self, fits: bool) -> Result<(), Failure> {
        if fits || self.reporter != Reporter::Operator {
            return Ok(());
        }
        let detail = format!(
            "The report names more keys, or keys of more tenants, than one request reaches. Nothing of it is done; send it \
             in parts of {MOST_LEDGER_CALLS} records."
        );
        Err(Problem::new(Code::BodyTooLarge, detail).into())
    }

    /// Counts the texts of imported forms that are no keys against the address of an anonymous reporter.
    fn note_failures(&self, suspects: &[Suspect], owners: &Owners) {
        let Some(address) = self.address else { return };
        let now = clock::now();
        for suspect in suspects {
            if let Suspect::Imported(digest) = suspect
                && owners.get(digest).is_none_or(Option::is_none)
            {
                FAILURES.with_borrow_mut(|failures| failures.note(address, now));
            }
        }
    }

    /// Asks the feed whose these are. Returns whether others are left.
    async fn owners(
        &self,
        mut digests: Vec<KeyDigest>,
        suspects: &[Suspect],
        begun_at: Timestamp,
    ) -> Result<(Owners, bool), Failure> {
        let is_long = digests.len() > MOST_LOOKUPS && self.reporter == Reporter::Github;
        let mut owners = if is_long { parts::looked_up(&digests, begun_at) } else { Owners::new() };
        digests.retain(|digest| !owners.contains_key(digest));
        parts::LOOKUPS.with(|turn| turn.order(&mut digests, random::bytes))?;
        let mut asked = 0;
        for some in digests.chunks(MAX_DIGESTS).take(MOST_FEED_CALLS) {
            if is_after(LONGEST_LOOKUP_MS, begun_at) {
                break;
            }
            let request = OwnersRequest { digests: some.to_vec() };
            let answer = object::call(&self.env, feed::NAME, &request, FEED_TIMEOUT_MS).await.map_err(|error| {
                log::warn("owners_unknown", &[("reason", error.0.into())]);
                Problem::unavailable("Whose keys these are can't be told right now; send the same again shortly.")
            })?;
            owners.extend(some.iter().map(|digest| (*digest, None)));
            owners.extend(answer.owners.into_iter().map(|owner| (owner.digest, Some(owner))));
            asked += some.len();
        }
        let is_left = asked < digests.len();
        if is_left {
            parts::LOOKUPS.with(|turn| turn.advance(asked));
        }
        if is_long {
            parts::note_looked_up(&owners, suspects, begun_at);
        }
        Ok((owners, is_left))
    }

    /// Sorts what was found by the ledger that has it. What needs no ledger has its outcome already.
    fn by_ledger(&self, records: &[Record], suspects: &[Suspect], owners: &Owners) -> (ByLedger, Outcomes) {
        let (mut by_ledger, mut outcomes) = (ByLedger::new(), Outcomes::new());
        for (record, suspect) in records.iter().zip(suspects) {
            let (ledger, digest) = match suspect {
                Suspect::Junk => continue,
                Suspect::Root(digest) => (OPERATORS.to_owned(), *digest),
                Suspect::Issued(digest) | Suspect::Imported(digest) => match owners.get(digest) {
                    // The tag is valid, so this was a key, of a tenant that was erased.
                    Some(None) if self.reporter == Reporter::Github && matches!(suspect, Suspect::Issued(_)) => {
                        outcomes.insert((*digest, record.place.id), gone());
                        continue;
                    }
                    None | Some(None) => continue,
                    Some(Some(Owner { tenant: Some(tenant), .. })) if !self.may_know(tenant) => continue,
                    Some(Some(Owner { tenant, .. })) => {
                        let ledger = tenant.as_ref().map_or(OPERATORS, TenantId::as_str);
                        (ledger.to_owned(), *digest)
                    }
                },
            };
            let item = (digest, record.place.id);
            // Nobody but an operator hears which key it is, and a revoked key needs nothing more.
            let is_revoked = owners.get(&digest).and_then(Option::as_ref).is_some_and(|owner| owner.revoked);
            let is_over = self.reporter != Reporter::Operator && is_revoked;
            let done = match is_over {
                true => Some(gone()),
                false => self.remembered(&item),
            };
            match done {
                Some(done) => {
                    outcomes.insert(item, done);
                }
                None => {
                    let of_ledger = by_ledger.entry(ledger).or_default();
                    of_ledger.push((digest, record.place.clone()));
                }
            }
        }
        for found in by_ledger.values_mut() {
            found.sort_unstable();
            found.dedup_by_key(|(digest, place)| (*digest, place.id));
        }
        (by_ledger, outcomes)
    }

    fn may_know(&self, tenant: &TenantId) -> bool {
        self.within.as_ref().map_or(Reach::All, |own| Reach::Tenant(own.clone())).includes(tenant)
    }

    fn remembered(&self, item: &(KeyDigest, KeyDigest)) -> Option<ExposedKey> {
        let is_github = self.reporter == Reporter::Github;
        is_github.then(|| parts::outcome(item)).flatten()
    }

    /// Sends each ledger what was found of it. Returns whether something is left, as something is if there is `unasked`.
    ///
    /// # Errors
    /// The first failure, after the others are done; the 413.
    async fn expose(
        &self,
        by_ledger: ByLedger,
        outcomes: &mut Outcomes,
        unasked: bool,
        begun_at: Timestamp,
    ) -> Result<bool, Failure> {
        let mut batches: Vec<(&str, &[(KeyDigest, Place)])> = by_ledger
            .iter()
            .flat_map(|(ledger, found)| found.chunks(BATCH).map(move |some| (ledger.as_str(), some)))
            .collect();
        self.refuse_unless(batches.len() <= MOST_LEDGER_CALLS)?;
        parts::BATCHES.with(|turn| turn.order(&mut batches, random::bytes))?;
        let (mut failed, mut sent) = (None, 0);
        let (now, _) = batches.split_at(batches.len().min(MOST_LEDGER_CALLS));
        for some in now.chunks(AT_ONCE) {
            if is_after(LONGEST_MS, begun_at) {
                break;
            }
            for outcome in join_all(some.iter().map(|(ledger, found)| self.expose_in(ledger, found))).await {
                match outcome {
                    Ok(done) => outcomes.extend(done),
                    Err(failure) => failed = failed.or(Some(failure)),
                }
            }
            sent += some.len();
        }
        let unsent = sent < batches.len();
        if unsent {
            parts::BATCHES.with(|turn| turn.advance(sent));
        }
        let is_left = unasked || unsent;
        // GitHub's report is answered once all of it is done. Without a fault that is now.
        if self.reporter == Reporter::Github && (failed.is_some() || is_left) {
            parts::note_outcomes(outcomes);
        }
        failed.map_or(Ok(is_left), Err)
    }

    async fn expose_in(&self, ledger: &str, found: &[(KeyDigest, Place)]) -> Result<Outcomes, Failure> {
        let command = Expose {
            origin: self.origin.clone(),
            reporter: self.reporter,
            policy: self.deployment.config.exposure.of(self.reporter),
            within: self.within.clone(),
            found: found.iter().map(|(digest, place)| Found { digest: *digest, place: place.clone() }).collect(),
        };
        let (status, text) = ask(&self.env, ledger, &command).await?;
        if status == 401 {
            return Err(credential::refusal(&text, &self.deployment).into());
        }
        if status == 500 {
            // The ledger has logged its fault under this request's id.
            return Err(Problem::internal().into());
        }
        if status != 200 {
            let detail = "Not all of the report could be recorded; send the same again.";
            return Err(Problem::unavailable(detail).into());
        }
        let results = ask::read::<Expose>(&text)?.results;
        Ok(found.iter().map(|(digest, place)| (*digest, place.id)).zip(results).collect())
    }
}

/// Whether the feed may still get a key that it lacks. A key is shown to its owner even if the feed couldn't take it
/// then, and its ledger publishes it later. It is known by its valid tag.
fn may_come(suspects: &[Suspect], owners: &Owners, now: Timestamp) -> bool {
    LACKING.with_borrow_mut(|lacking| {
        if lacking.len() > MOST_LACKING {
            lacking.clear();
        }
        let mut may_come = false;
        for suspect in suspects {
            if let Suspect::Issued(digest) = suspect
                && owners.get(digest).is_some_and(Option::is_none)
            {
                let first = *lacking.entry(*digest).or_insert(now);
                may_come |= now.millis_since(first) < UNPUBLISHED_MS;
            }
        }
        may_come
    })
}

const fn gone() -> ExposedKey {
    ExposedKey { id: None, status: ExposureStatus::AlreadyRevoked, effective_by: None }
}

fn is_after(longest_ms: i64, begun_at: Timestamp) -> bool {
    clock::now().millis_since(begun_at) > longest_ms
}

/// The 503 after a part of a report.
fn part_done() -> Problem {
    Problem::unavailable("One request doesn't reach all keys of the report. A part of it is done; send the same again.")
}

fn too_often(most: u32, of: &str, wait_ms: i64) -> Problem {
    let detail = format!("This address sent more than {most} {of} within a minute; wait.");
    Problem::new(Code::TooManyFailures, detail).with_header("Retry-After", whole_seconds(wait_ms).to_string())
}
