//! Whole accounts under everything at once: a rate limit and a quota over midnight, two keys, several isolates, askings
//! that are late or lost, isolates that restart, an object that restarts from what it stored, give-backs, additions.

use std::collections::BTreeMap;

use keystile_core::{
    KeyId, TenantId, Timestamp,
    base::timestamp::{DAY_MS, SECOND_MS},
    limits::{
        account::Asking,
        accounts::{Accounts, Decision, NoAnswer, Outcome},
        definition::{AppliedLimit, LimitDefinition, LimitKind, Per, WhenLimiterUnreachable},
        limiter::{Counted, Granting, Limiter},
        quota::{Period, Quota},
        state::{Charged, LimitState},
    },
};

use super::Millis;

/// Half a minute before a midnight.
const BEGIN: Millis = 1_781_049_600_000 - 30 * SECOND_MS;
const RUN_MS: Millis = 60 * SECOND_MS;
/// An edge gives a limiter up after this time.
const TIMEOUT_MS: Millis = 1_500;

const fn at(millis: Millis) -> Timestamp {
    Timestamp::from_millis(BEGIN + millis)
}

/// The generator of Knuth's MMIX.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn of<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len() as u64) as usize]
    }

    fn way(&mut self) -> Millis {
        self.below(60).cast_signed()
    }
}

/// A request, or what is asked beside one.
#[derive(Clone, Copy)]
struct From {
    isolate: usize,
    key: usize,
    cost: u64,
    /// Whether a request waits for the answer.
    waits: bool,
}

enum Message {
    Ask(From, Asking),
    Answer(From, Asking, Vec<LimitState>, Granting, Millis),
    Lost(From, Asking),
    GiveBack(From),
}

struct World {
    random: Random,
    rate: LimitDefinition,
    quota: LimitDefinition,
    limiter: Limiter,
    isolates: Vec<Accounts>,
    tenant: TenantId,
    keys: [KeyId; 2],
    messages: BTreeMap<(Millis, u64), Message>,
    sent: u64,
    /// The admitted units, with time and key.
    uses: Vec<(Millis, usize, u64)>,
    /// The units that were added to the quota of each day.
    added: [u64; 2],
    lost: u64,
    late: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed * 7_919);
        let rate = LimitDefinition {
            name: "rate".into(),
            kind: LimitKind::Rate(random.of(&[1, 2, 5, 10, 30])),
            limit: random.of(&[3, 10, 40, 100, 300]),
            per: random.of(&[Per::Key, Per::Tenant]),
            when_unreachable: WhenLimiterUnreachable::Deny,
        };
        let quota = LimitDefinition {
            name: "daily".into(),
            kind: LimitKind::Quota(Period::Day),
            limit: random.of(&[50, 150, 400, 1_000, 5_000]),
            per: Per::Tenant,
            ..rate.clone()
        };
        let isolates = (0..=random.below(5)).map(|_| Accounts::new(vec![rate.clone(), quota.clone()])).collect();
        let key = |number| KeyId::parse(&format!("key_{number:020}")).unwrap();
        let (lost, late) = (random.below(200), random.below(300));
        Self {
            random,
            rate,
            quota,
            limiter: Limiter::default(),
            isolates,
            tenant: TenantId::parse("acme").unwrap(),
            keys: [key(1), key(2)],
            messages: BTreeMap::new(),
            sent: 0,
            uses: Vec::new(),
            added: [0; 2],
            lost,
            late,
        }
    }

    fn run(&mut self) {
        for now in 0..RUN_MS {
            while let Some(entry) = self.messages.first_entry().filter(|entry| entry.key().0 <= now) {
                let message = entry.remove();
                self.arrives(message, now);
            }
            self.trouble(now);
            for isolate in 0..self.isolates.len() {
                if self.random.one_in(33) {
                    let at_once = if self.random.one_in(20) { 8 } else { 1 };
                    (0..at_once).for_each(|_| self.request(isolate, now));
                }
            }
        }
        self.uses.sort_unstable();
    }

    fn trouble(&mut self, now: Millis) {
        if self.random.one_in(10_000) {
            let isolate = self.random.below(self.isolates.len() as u64) as usize;
            self.isolates[isolate] = Accounts::new(vec![self.rate.clone(), self.quota.clone()]);
        }
        if self.random.one_in(5_000) {
            self.limiter = serde_json::from_str(&serde_json::to_string(&self.limiter).unwrap()).unwrap();
            self.limiter.sweep(at(now));
        }
        if self.random.one_in(20_000) {
            self.limiter.add("daily", Quota { limit: self.quota.limit, period: Period::Day }, 37, at(now)).unwrap();
            self.added[usize::from(now >= RUN_MS / 2)] += 37;
        }
    }

    fn request(&mut self, isolate: usize, now: Millis) {
        let (key, cost) = (self.random.below(2) as usize, self.random.of(&[0, 1, 1, 1, 2, 5]));
        let from = From { isolate, key, cost, waits: true };
        let charged = Charged { tenant: &self.tenant, key: &self.keys[key], cost };
        let (decision, asking) = match self.isolates[isolate].charge(charged, at(now)) {
            Outcome::Ask(asking) => return self.send(now, Message::Ask(from, asking)),
            Outcome::Decided(decision, asking) => (decision, asking),
        };
        self.note(&decision, from, now);
        if let Some(asking) = asking {
            self.send(now, Message::Ask(From { waits: false, ..from }, asking));
        }
    }

    fn arrives(&mut self, message: Message, now: Millis) {
        match message {
            Message::Ask(from, asking) => {
                let (states, granting) = self.limiter_answers(from.key, &asking, now);
                if self.random.below(1_000) < self.lost {
                    return self.send_in(now + TIMEOUT_MS, Message::Lost(from, asking));
                }
                let late =
                    if self.random.below(1_000) < self.late { self.random.below(1_400).cast_signed() } else { 0 };
                let arrives_at = now + late + self.random.way();
                self.send_in(arrives_at, Message::Answer(from, asking, states, granting, now));
            }
            Message::Answer(from, asking, states, granting, decided_at) => {
                let lifetime_ms = match &granting {
                    Granting::Granted(grant) => Some(grant.lifetime_ms),
                    _ => None,
                };
                if let Some(lifetime_ms @ 1..) = lifetime_ms {
                    self.send_in(now + lifetime_ms, Message::GiveBack(from));
                }
                let charged = self.charged(from);
                let decision =
                    self.isolates[from.isolate].answered(charged.by_ref(), asking, states, granting, at(now));
                // A request that is counted in line is judged by the object.
                if let (true, Some(decision)) = (from.waits, decision) {
                    self.note(&decision, from, if lifetime_ms == Some(0) { decided_at } else { now });
                }
            }
            Message::Lost(from, asking) => {
                let charged = self.charged(from);
                let decision =
                    self.isolates[from.isolate].unanswered(charged.by_ref(), asking, NoAnswer::Unreachable, at(now));
                assert!(from.cost == 0 || decision == Decision::Unreachable);
            }
            Message::GiveBack(from) => {
                if let Some(asking) = self.isolates[from.isolate].give_back(&self.keys[from.key], at(now)) {
                    self.send(now, Message::Ask(From { cost: 0, waits: false, ..from }, asking));
                }
            }
        }
    }

    fn limiter_answers(&mut self, key: usize, asking: &Asking, now: Millis) -> (Vec<LimitState>, Granting) {
        let applied = [&self.rate, &self.quota].map(|limit| AppliedLimit {
            name: limit.name.clone(),
            kind: limit.kind,
            per: limit.per,
            limit: limit.limit,
        });
        let names = applied.each_ref().map(|limit| limit.count_name(&self.keys[key]));
        let counted: Vec<Counted<'_>> = applied.iter().zip(&names).map(|(limit, name)| limit.counted(name)).collect();
        self.limiter.note(&counted, &asking.reports, at(now));
        let granting = self.limiter.ask(&counted, asking.need, asking.want, asking.lifetime_ms, at(now));
        let states = applied.iter().zip(&counted);
        let states = states.map(|(limit, counted)| LimitState::new(limit.clone(), self.limiter.left(counted, at(now))));
        (states.collect(), granting)
    }

    fn note(&mut self, decision: &Decision, from: From, at: Millis) {
        if from.cost > 0 && matches!(decision, Decision::Admitted(_)) {
            self.uses.push((at, from.key, from.cost));
        }
    }

    fn charged(&self, from: From) -> Owned {
        Owned { tenant: self.tenant.clone(), key: self.keys[from.key].clone(), cost: from.cost }
    }

    fn send(&mut self, now: Millis, message: Message) {
        let arrives_at = now + self.random.way();
        self.send_in(arrives_at, message);
    }

    fn send_in(&mut self, arrives_at: Millis, message: Message) {
        self.sent += 1;
        self.messages.insert((arrives_at, self.sent), message);
    }

    fn check(&self, seed: u64) {
        let LimitKind::Rate(seconds) = self.rate.kind else { panic!("it is a rate limit") };
        let window_ms = i64::from(seconds) * SECOND_MS;
        for key in 0..2 {
            let counts = |used: &&(Millis, usize, u64)| self.rate.per == Per::Tenant || used.1 == key;
            let uses: Vec<_> = self.uses.iter().filter(counts).collect();
            for (place, first) in uses.iter().enumerate() {
                let within = uses[place..].iter().take_while(|used| used.0 < first.0 + window_ms);
                let sum: u64 = within.map(|used| used.2).sum();
                assert!(sum <= self.rate.limit, "seed {seed}: {sum} of {} in {seconds} s", self.rate.limit);
            }
        }
        for day in 0..2 {
            let of_day = self.uses.iter().filter(|used| usize::from(used.0 >= RUN_MS / 2) == day);
            let (sum, quota) = (of_day.map(|used| used.2).sum::<u64>(), self.quota.limit + self.added[day]);
            assert!(sum <= quota, "seed {seed}: {sum} of {quota} on day {day}");
        }
    }
}

struct Owned {
    tenant: TenantId,
    key: KeyId,
    cost: u64,
}

impl Owned {
    fn by_ref(&self) -> Charged<'_> {
        Charged { tenant: &self.tenant, key: &self.key, cost: self.cost }
    }
}

#[test]
fn no_window_and_no_day_holds_more_than_rate_limit_and_quota() {
    assert_eq!(BEGIN.rem_euclid(DAY_MS), DAY_MS - RUN_MS / 2);
    let mut admitted = 0;
    for seed in 1..=200 {
        let mut world = World::new(seed);
        world.run();
        world.check(seed);
        admitted += world.uses.len();
    }
    assert!(admitted > 50_000, "{admitted}");
}
