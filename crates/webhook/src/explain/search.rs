//! Searches for causes: single changes first, then pairs. Each is tried in the verifier.

use alloc::{
    borrow::Cow,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::ControlFlow;

use super::{
    body,
    case::{Case, Limits},
    charset, difference, form_text, headers, json_text, mend,
    report::{Cause, Change, Ending, Search},
    schemes, secrets, signature_text, times,
    trial::{Edit, Rank, Trial, Try, What},
    urls,
};
use crate::{failure::Failure, mac};

/// The maximum number of causes that are reported.
const MAX_CAUSES: usize = 5;
/// The maximum number of changes after which a delivery that could not be judged is searched further.
const MAX_READABLE: usize = 6;
/// The maximum number of changed bodies that are combined with other changes, and of their bytes together.
const MAX_BODIES: usize = 150;
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The causes that were found.
pub(super) struct Found {
    pub(super) causes: Vec<Cause>,
    pub(super) search: Search,
}

impl Found {
    pub(super) const fn nothing(ending: Ending) -> Self {
        Self { causes: Vec::new(), search: Search { tries: 0, ending } }
    }
}

type Group = fn(&Trial<'_>, &Case<'_>, Try<'_>) -> ControlFlow<()>;

/// The changes that keep the scheme as it is, the surest first.
const GROUPS: [Group; 9] = [
    headers::edits,
    secrets::edits,
    signature_text::edits,
    times::edits,
    body::edits,
    charset::edits,
    form_text::edits,
    json_text::edits,
    urls::edits,
];

pub(super) fn search(case: &Case<'_>, failure: &Failure, limits: &Limits<'_>) -> Found {
    let judged = Err(failure.clone());
    let mut searcher = Searcher {
        case,
        limits,
        floor: Rank::of(&judged),
        tries: 0,
        ending: None,
        causes: Vec::new(),
        readable: Vec::new(),
        seen: BTreeSet::new(),
    };
    // Whether everything was tried doesn't matter: the ending is recorded.
    let _: ControlFlow<()> = searcher.all(&Trial::of(case), failure);
    let Searcher { mut causes, tries, ending, .. } = searcher;
    causes.truncate(MAX_CAUSES);
    let otherwise = if causes.is_empty() { Ending::Exhausted } else { Ending::Found };
    Found { causes, search: Search { tries, ending: ending.unwrap_or(otherwise) } }
}

struct Searcher<'s, 'a> {
    case: &'s Case<'a>,
    limits: &'s Limits<'s>,
    /// How far the delivery comes as it is.
    floor: Rank,
    tries: usize,
    ending: Option<Ending>,
    causes: Vec<Cause>,
    /// The changes after which a delivery that could not be judged can be judged.
    readable: Vec<Vec<Edit>>,
    /// The hashes of what was tried.
    seen: BTreeSet<[u8; 32]>,
}

impl<'a> Searcher<'_, 'a> {
    fn all(&mut self, origin: &Trial<'a>, failure: &Failure) -> ControlFlow<()> {
        self.group(origin, &[], schemes::units)?;
        if self.floor == Rank::InTime {
            if self.causes.is_empty() {
                self.causes.extend(times::late(self.case, failure));
            }
            return ControlFlow::Continue(());
        }
        for group in GROUPS {
            self.group(origin, &[], group)?;
        }
        for edits in core::mem::take(&mut self.readable) {
            if self.causes.is_empty() {
                let base = edits.iter().fold(origin.clone(), |base, edit| base.with(&edit.what));
                for group in GROUPS {
                    self.group(&base, &edits, group)?;
                }
            }
        }
        self.unless_found(|search| search.group(origin, &[], schemes::own))?;
        self.unless_found(|search| search.group(origin, &[], schemes::known))?;
        self.unless_found(|search| search.group(origin, &[], json_text::combinations))?;
        self.unless_found(|search| search.pairs(origin))
    }

    fn unless_found(&mut self, go: impl FnOnce(&mut Self) -> ControlFlow<()>) -> ControlFlow<()> {
        if self.causes.is_empty() { go(self) } else { ControlFlow::Continue(()) }
    }

    /// Tries the changes of a group, on top of others.
    fn group(&mut self, base: &Trial<'_>, before: &[Edit], group: Group) -> ControlFlow<()> {
        let case = self.case;
        group(base, case, &mut |edit| self.attempt(base, before, edit))
    }

    /// Tries changes of the body with changes of the secret or the URL, and of the secret with other schemes.
    fn pairs(&mut self, origin: &Trial<'_>) -> ControlFlow<()> {
        let keys = collected(origin, self.case, &[secrets::edits], usize::MAX);
        let bodies: [Group; 5] =
            [body::edits, json_text::edits, charset::edits, form_text::edits, json_text::combinations];
        let bodies = collected(origin, self.case, &bodies, MAX_BODIES);
        let urls = collected(origin, self.case, &[urls::edits], usize::MAX);
        for (outer, inner) in [(&keys, &bodies), (&urls, &bodies), (&urls, &keys)] {
            self.unless_found(|search| search.product(origin, outer, inner))?;
        }
        let schemes = collected(origin, self.case, &[schemes::own, schemes::known], usize::MAX);
        let possible: Vec<Edit> = schemes
            .into_iter()
            .filter(|edit| Rank::of(&origin.with(&edit.what).judge(self.case)) >= Rank::NoMatch)
            .collect();
        self.unless_found(|search| search.product(origin, &possible, &keys))?;
        self.unless_found(|search| search.product(origin, &possible, &bodies))
    }

    fn product(&mut self, origin: &Trial<'_>, outer: &[Edit], inner: &[Edit]) -> ControlFlow<()> {
        for first in outer {
            let base = origin.with(&first.what);
            for second in inner {
                self.attempt(&base, core::slice::from_ref(first), second.clone())?;
            }
            if !self.causes.is_empty() {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    /// Tries a change, on top of others.
    fn attempt(&mut self, base: &Trial<'_>, before: &[Edit], edit: Edit) -> ControlFlow<()> {
        let over = if self.tries >= self.limits.tries {
            Some(Ending::Tries)
        } else if (self.limits.expired)() {
            Some(Ending::Time)
        } else {
            None
        };
        if over.is_some() {
            self.ending = over;
            return ControlFlow::Break(());
        }
        let trial = base.with(&edit.what);
        if !self.seen.insert(identity(&trial)) {
            return ControlFlow::Continue(());
        }
        self.tries += 1;
        let judged = trial.judge(self.case);
        let rank = Rank::of(&judged);
        if rank >= Rank::Genuine && rank > self.floor {
            let verdict = judged.as_ref().map_or_else(Failure::code, |_| "OK");
            self.causes.push(self.cause(before, &edit, verdict));
        } else if rank == Rank::NoMatch
            && self.floor == Rank::Unreadable
            && before.is_empty()
            && self.readable.len() < MAX_READABLE
        {
            self.readable.push(alloc::vec![edit]);
        }
        ControlFlow::Continue(())
    }

    fn cause(&self, before: &[Edit], edit: &Edit, verdict: &'static str) -> Cause {
        let mut base = Trial::of(self.case);
        let mut changes = Vec::new();
        for edit in before.iter().chain([edit]) {
            for (index, (code, sentence)) in edit.parts.iter().enumerate() {
                let difference = if index == 0 { difference_of(&base, &edit.what) } else { None };
                let (subject, secret) = subject(&edit.what);
                changes.push(Change { code: *code, subject, sentence: sentence.clone(), secret, difference });
            }
            base = base.with(&edit.what);
        }
        mend::cause(changes, verdict)
    }
}

/// The changes of some groups, as long as they are few.
fn collected(trial: &Trial<'_>, case: &Case<'_>, groups: &[Group], most: usize) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut bytes = 0;
    for group in groups {
        let _: ControlFlow<()> = group(trial, case, &mut |edit| {
            bytes += if let What::Body(body) = &edit.what { body.len() } else { 0 };
            if edits.len() >= most || bytes > MAX_BODY_BYTES {
                return ControlFlow::Break(());
            }
            edits.push(edit);
            ControlFlow::Continue(())
        });
    }
    edits
}

fn subject(what: &What) -> (String, Option<usize>) {
    match what {
        What::Body(_) => ("body".into(), None),
        What::Secret(index, _) | What::Key(index, _) => ("secret".into(), Some(*index)),
        What::Header(name, _) | What::Headers(name, _) => {
            (alloc::format!("header:{}", name.to_ascii_lowercase()), None)
        }
        What::Url(_) => ("url".into(), None),
        What::Method(_) => ("method".into(), None),
        What::Scheme(_) => ("scheme".into(), None),
    }
}

fn difference_of(base: &Trial<'_>, what: &What) -> Option<super::report::Difference> {
    let values = |headers: &mut dyn Iterator<Item = (&str, &str)>, name: &str| -> String {
        let same = |(other, value): (&str, &str)| other.eq_ignore_ascii_case(name).then(|| value.to_string());
        headers.filter_map(same).collect::<Vec<_>>().join("\n")
    };
    let given =
        |name: &str| values(&mut base.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())), name);
    match what {
        What::Body(body) => difference::first(&base.body, body),
        What::Url(url) => difference::first(base.url.as_bytes(), url.as_bytes()),
        What::Method(method) => difference::first(base.method.as_bytes(), method.as_bytes()),
        What::Header(name, value) => difference::first(given(name).as_bytes(), value.as_bytes()),
        What::Headers(name, all) => {
            let signed = values(&mut all.iter().map(|(name, value)| (name.as_str(), value.as_str())), name);
            difference::first(given(name).as_bytes(), signed.as_bytes())
        }
        What::Secret(..) | What::Key(..) | What::Scheme(_) => None,
    }
}

/// A hash of everything that the verifier is given.
fn identity(trial: &Trial<'_>) -> [u8; 32] {
    let mut parts: Vec<Cow<'_, [u8]>> = Vec::new();
    let mut add = |tag: u8, bytes: &[u8]| {
        parts.push(Cow::Owned([&[tag], bytes.len().to_be_bytes().as_slice()].concat()));
        parts.push(Cow::Owned(bytes.to_vec()));
    };
    match &trial.scheme {
        Cow::Borrowed(_) => add(0, &[]),
        Cow::Owned(scheme) => add(0, scheme.to_value().to_string().as_bytes()),
    }
    // Two texts that give the same keys are the same secret.
    let secrets = trial.secrets();
    for key in &secrets.keys {
        add(1, &key.method.to_be_bytes());
        add(2, key.identity());
    }
    if secrets.is_empty() {
        trial.secrets.iter().for_each(|secret| add(8, secret.as_bytes()));
    }
    add(3, trial.method.as_bytes());
    add(4, trial.url.as_bytes());
    for (name, value) in &trial.headers {
        add(5, name.as_bytes());
        add(6, value.as_bytes());
    }
    add(7, &trial.body_identity.to_be_bytes());
    mac::sha256(&parts)
}
