//! Carries out a report whose reporter is known.

use core::net::IpAddr;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use futures_util::future::join_all;
use keystile_core::{
    KeyDigest, TenantId, Timestamp,
    access::record::Reach,
    api::exposures::{Record, Suspect, to_ask},
    base::{code::Code, problem::Problem, timestamp::MINUTE_MS},
    feed::owners::{MAX_DIGESTS, Owner, OwnersRequest},
    ledger::exposure::{ExposureStatus, Place, Reporter},
    limits::failures::Failures,
    objects::{feed, ledger::OPERATORS},
};
use keystile_runtime::{clock, log, object, random};
use worker::Env;

use super::parts::{self, Outcomes, Owners};
use crate::{
    api::{
        ask::{self, ask},
        credential,
    },
    command::Origin,
    deployment::Deployment,
    failure::Failure,
    ledger::drain::FEED_TIMEOUT_MS,
    operations::expose::{BATCH, Expose, ExposedKey, Found},
};

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
/// The time for which GitHub hears nothing of a key that the feed lacks, milliseconds. Ledgers publish a new key within
/// five minutes after the feed can be reached again.
const UNPUBLISHED_MS: i64 = 10 * MINUTE_MS;
/// The most keys that the feed lacks which an isolate remembers.
const MOST_LACKING: usize = 5_000;

thread_local! {
    /// The addresses whose anonymous reports had texts of imported forms that are no keys.
    static FAILURES: RefCell<Failures> = const { RefCell::new(Failures::allowing(300)) };
    /// When GitHub first reported a key with a valid tag that the feed lacks, to this isolate. Another one counts anew,
    /// which tells GitHub to come again too long, and never too short.
    static LACKING: RefCell<BTreeMap<KeyDigest, Timestamp>> = const { RefCell::new(BTreeMap::new()) };
}

/// A report whose reporter is known.
pub(super) struct Report {
    pub(super) env: Env,
    pub(super) deployment: Rc<Deployment>,
    pub(super) reporter: Reporter,
    pub(super) origin: Origin,
    /// The tenant whose keys the reporter may know of; `None` for all.
    pub(super) within: Option<TenantId>,
    pub(super) most_imported: usize,
    /// The address of an anonymous reporter.
    pub(super) address: Option<IpAddr>,
}

/// The keys of one ledger that were found, each once for each place.
type ByLedger = BTreeMap<String, Vec<(KeyDigest, Place)>>;

impl Report {
    /// Does what the policy says. Returns the outcome of each record.
    ///
    /// # Errors
    /// The 503 if something can't be told, or is left to do; the 413 if it is an operator's report that one request can't
    /// do.
    pub(super) async fn carry_out(&self, records: &[Record]) -> Result<Vec<ExposedKey>, Failure> {
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
