//! KV, eventually consistent: the records of keys and the statuses of tenants.

use crate::Millis;

/// The values that one address has had, in order.
#[derive(Debug)]
pub(crate) struct Slot {
    landed: Vec<(Millis, Option<Value>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) version: u64,
    /// A record or a status, in its stored form.
    pub(crate) text: String,
}

impl Slot {
    pub(crate) fn empty() -> Self {
        Self { landed: vec![(Millis::MIN, None)] }
    }

    pub(crate) fn put(&mut self, value: Value, now: Millis) {
        self.landed.push((now, Some(value)));
    }

    /// The value at `instant`.
    pub(crate) fn at(&self, instant: Millis) -> Option<&Value> {
        self.landed.iter().rev().find(|(landed, _)| *landed <= instant)?.1.as_ref()
    }

    /// The oldest version that a reader may have found between two instants; 0 for none.
    pub(crate) fn oldest_version(&self, from: Millis, to: Millis) -> u64 {
        let since =
            self.landed.iter().filter(|(landed, _)| (from..=to).contains(landed)).map(|(_, value)| value.as_ref());
        let versions = since.chain([self.at(from)]).map(|value| value.map_or(0, |value| value.version));
        versions.min().unwrap_or(0)
    }
}
