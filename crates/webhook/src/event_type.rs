//! The type of an event whose delivery is not verified.

use alloc::string::String;

use crate::{budget::Budget, delivery::Delivery, lookup::Lookup, options::Options, scheme::Scheme};

impl Scheme {
    /// The type that a delivery states, whoever made it; `None` if it states none, or is a batch of events. The type of
    /// a verified delivery is [`Verified::event_type`](crate::Verified::event_type).
    #[must_use]
    pub fn stated_event_type(&self, delivery: &Delivery<'_>, options: &Options<'_>) -> Option<String> {
        if self.each.is_some() {
            return None;
        }
        let budget = Budget::new(options.work_limit);
        let whole = Lookup::whole(self, delivery, options, &budget);
        let document = whole.document().unwrap_or_default();
        Lookup { document: &document, ..whole }.short_text(self.event_type.as_ref())
    }
}
