//! The cost of the guarantee: the part of a limit that isolates get when more is asked of them, at round trips of 100 ms.
//! The isolates keep real accounts. The guarantee is checked here too, also when messages are late or lost and isolates
//! restart.

use std::collections::BTreeMap;

use keystile_core::{
    Timestamp,
    base::timestamp::SECOND_MS,
    limits::{
        account::{Account, Asking, Charge},
        grant_log::RateLimit,
        limiter::{Counted, Granting, Limit, Limiter},
    },
};
use proptest::prelude::*;

use crate::{BEGIN, Millis};

/// Isolates with accounts under one limit, an object that counts, and the messages between them.
struct World {
    limit: RateLimit,
    network: Network,
    object: Limiter,
    accounts: Vec<Account>,
    messages: BTreeMap<(Millis, usize), Message>,
    sent: usize,
    outcome: Outcome,
}

/// A message to the object or an answer of it, for the isolate with this number.
enum Message {
    Ask(usize, Asking),
    /// With the time at which the object decided.
    Answer(usize, Asking, Granting, Millis),
    Unanswered(usize, Asking),
}

/// How messages travel.
struct Network {
    one_way_ms: Millis,
    /// Of 1,000 messages, how many are lost, and how many take up to 3 seconds.
    lost: u64,
    late: u64,
    /// Of 1,000 milliseconds, in how many an isolate restarts.
    restarts: u64,
    seed: u64,
}

/// The outcomes of the requests.
#[derive(Debug, Default)]
struct Outcome {
    /// The times of the admitted requests.
    admitted: Vec<Millis>,
    /// How many of them waited for an answer of the object.
    waited: usize,
    refused: usize,
    askings: usize,
}

const CALM: Network = Network { one_way_ms: 50, lost: 0, late: 0, restarts: 0, seed: 0 };

impl Network {
    /// The time that a message takes, unless it is lost.
    fn travel(&mut self) -> Option<Millis> {
        if self.chance(self.lost) {
            return None;
        }
        let late = if self.chance(self.late) { self.random() % 3_000 } else { 0 };
        Some(self.one_way_ms + late.cast_signed())
    }

    fn chance(&mut self, of_a_thousand: u64) -> bool {
        of_a_thousand > 0 && self.random() % 1_000 < of_a_thousand
    }

    /// The generator of Knuth's MMIX.
    const fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 33
    }
}

impl World {
    fn new(limit: RateLimit, isolates: usize, network: Network) -> Self {
        let accounts = (0..isolates).map(|_| Account::new(&[limit])).collect();
        let (messages, outcome) = (BTreeMap::new(), Outcome::default());
        Self { limit, network, object: Limiter::default(), accounts, messages, sent: 0, outcome }
    }

    /// Every isolate gets so many requests a second.
    fn run(mut self, per_second: f64, duration_ms: Millis) -> Outcome {
        let until = |now: Millis| (now as f64 * per_second / 1_000.0) as usize;
        for now in 0..duration_ms {
            while let Some(entry) = self.messages.first_entry().filter(|entry| entry.key().0 <= now) {
                let message = entry.remove();
                self.arrives(message, now);
            }
            for isolate in 0..self.accounts.len() {
                if self.network.chance(self.network.restarts) {
                    self.accounts[isolate] = Account::new(&[self.limit]);
                }
                for _ in until(now)..until(now + 1) {
                    self.request(isolate, now);
                }
            }
        }
        self.outcome.admitted.sort_unstable();
        self.outcome
    }

    fn request(&mut self, isolate: usize, now: Millis) {
        let asking = match self.accounts[isolate].charge(1, at(now)) {
            Charge::Admitted(beside) => {
                self.outcome.admitted.push(now);
                beside
            }
            Charge::Refused { asking: beside, .. } | Charge::Scarce(beside) => {
                self.outcome.refused += 1;
                beside
            }
            Charge::Ask(asking) => Some(asking),
        };
        if let Some(asking) = asking {
            self.send(isolate, Message::Ask(isolate, asking), now);
        }
    }

    fn arrives(&mut self, message: Message, now: Millis) {
        let counted = [Counted { name: "limit", limit: Limit::Rate(self.limit) }];
        match message {
            Message::Ask(isolate, asking) => {
                self.outcome.askings += 1;
                self.object.note(&counted, &asking.reports, at(now));
                let answer = self.object.ask(&counted, asking.need, asking.want, asking.lifetime_ms, at(now));
                self.send(isolate, Message::Answer(isolate, asking, answer, now), now);
            }
            Message::Answer(isolate, asking, answer, decided) => {
                let account = &mut self.accounts[isolate];
                let need = asking.need;
                match answer {
                    Granting::Granted(grant) => {
                        if account.granted(asking, grant, at(now)) && need > 0 {
                            // A request that is counted in line is judged by the object.
                            self.outcome.admitted.push(if grant.lifetime_ms == 0 { decided } else { now });
                            self.outcome.waited += 1;
                        }
                    }
                    Granting::Nothing { millis, by } => account.nothing(&asking, millis, by, at(now)),
                    Granting::Wait { millis, by } => {
                        if account.refused(&asking, millis, by, at(now)).is_some() {
                            self.outcome.refused += usize::from(need > 0);
                        } else if need > 0 {
                            self.outcome.admitted.push(now);
                            self.outcome.waited += 1;
                        }
                    }
                    Granting::Never { .. } => panic!("one unit is within the limit"),
                }
            }
            Message::Unanswered(isolate, asking) => self.accounts[isolate].unanswered(asking),
        }
    }

    fn send(&mut self, isolate: usize, message: Message, now: Millis) {
        self.sent += 1;
        match self.network.travel() {
            Some(time) => self.messages.insert((now + time, self.sent), message),
            None => match message {
                Message::Ask(_, asking) | Message::Answer(_, asking, ..) | Message::Unanswered(_, asking) => {
                    self.messages.insert((now + SECOND_MS, self.sent), Message::Unanswered(isolate, asking))
                }
            },
        };
    }
}

impl Outcome {
    fn most_in_a_window(&self, window_ms: Millis) -> usize {
        let mut begin = 0;
        let most = self.admitted.iter().enumerate().map(|(end, &at)| {
            while self.admitted[begin] <= at - window_ms {
                begin += 1;
            }
            end + 1 - begin
        });
        most.max().unwrap_or(0)
    }
}

const fn at(millis: Millis) -> Timestamp {
    Timestamp::from_millis(BEGIN + millis)
}

/// The part of the limit that is admitted after the first two windows, when twice the limit is asked for.
fn share(limit: RateLimit, isolates: usize) -> f64 {
    let windows = (20_000 / limit.window_ms).max(4);
    let demand = 2.0 * limit.limit as f64 / limit.window_ms as f64 * 1_000.0 / isolates as f64;
    let outcome = World::new(limit, isolates, CALM).run(demand, (windows + 2) * limit.window_ms);
    assert!(outcome.most_in_a_window(limit.window_ms) as u64 <= limit.limit);
    let counted = outcome.admitted.iter().filter(|&&at| at >= 2 * limit.window_ms).count();
    let share = counted as f64 / (limit.limit as f64 * windows as f64);
    let seconds = ((windows + 2) * limit.window_ms) as f64 / 1_000.0;
    println!(
        "{:>6} in {:>3} s, {isolates} isolates: {:>5.1} % of the limit, {:>5.1} askings a second",
        limit.limit,
        limit.window_ms / 1_000,
        share * 100.0,
        outcome.askings as f64 / seconds,
    );
    share
}

#[test]
fn busy_isolates_get_the_stated_part_of_a_limit() {
    let mut missed = vec![];
    for (limit, window_ms, one, eight) in [
        (100, 1_000, 0.85, 0.75),
        (1_000, 1_000, 0.85, 0.80),
        (1_000, 10_000, 0.99, 0.90),
        (1_000, 20_000, 0.99, 0.90),
        (10_000, 60_000, 0.99, 0.90),
        (100_000, 600_000, 0.99, 0.90),
    ] {
        let limit = RateLimit { limit, window_ms };
        for (isolates, stated) in [(1, one), (8, eight)] {
            let share = share(limit, isolates);
            if share < stated {
                missed.push((limit, isolates, share));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn below_the_limit_nothing_is_refused_and_almost_nothing_waits() {
    let limit = RateLimit { limit: 1_000, window_ms: 10_000 };
    let outcome = World::new(limit, 4, CALM).run(20.0, 60_000);
    println!("{} admitted, {} waited, {} askings", outcome.admitted.len(), outcome.waited, outcome.askings);
    assert_eq!(outcome.refused, 0);
    assert!(outcome.waited * 100 < outcome.admitted.len(), "{} of {}", outcome.waited, outcome.admitted.len());
}

#[test]
fn a_small_limit_is_admitted_whole() {
    let outcome = World::new(RateLimit { limit: 5, window_ms: 1_000 }, 3, CALM).run(30.0, 10_050);
    println!("{} admitted of {}", outcome.admitted.len(), 5 * 10);
    assert!(outcome.admitted.len() >= 48);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_account_admits_too_much_whatever_is_late_or_lost(
        limit in prop_oneof![1..=40_u64, 40..=400_u64],
        window_ms in 1_000..8_000_i64,
        isolates in 1..=5_usize,
        demand in 0.5..4.0_f64,
        (lost, late, restarts) in (0..200_u64, 0..300_u64, 0..3_u64),
        seed in any::<u64>(),
    ) {
        let limit = RateLimit { limit, window_ms };
        let network = Network { one_way_ms: 40, lost, late, restarts, seed };
        let per_second = demand * limit.limit as f64 / window_ms as f64 * 1_000.0 / isolates as f64;
        let outcome = World::new(limit, isolates, network).run(per_second, 20_000);
        prop_assert!(outcome.most_in_a_window(window_ms) as u64 <= limit.limit);
    }
}
