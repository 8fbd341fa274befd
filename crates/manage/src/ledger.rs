//! The ledger of a tenant: the source of truth about its keys.
//!
//! Rows, audit log and outbox are in one SQLite database. A change writes all three and the alarm in one transaction.
//! Then it is published to the feed, which makes it take effect, and then it is put into KV. Whatever fails is retried
//! by the alarm until it succeeds. The reserved ledger `_operators` holds the operators' keys in the same way.
//!
//! [`handler`] takes a command and answers it; the commands themselves are in [`operations`](crate::operations). Every
//! change of a key goes through [`changes`]. [`drain`] carries out the [`outbox`], and [`idempotency`] remembers
//! answers. [`limits`] tells and asks the limiter, [`event_routing`] the router of events of the endpoints in
//! [`event_endpoints`]. [`keys`], [`audit`], [`suspension`], [`settings`], [`sessions`],
//! [`additions`], [`dead_letter_acts`], [`exposures`] and [`addressing`] each own one table; [`acting`] has other objects
//! act on events; [`expiry`] notes which keys have expired, [`reminders`] tells of those that do, and [`events`] records
//! what is told to the outside;
//! [`usage`] and [`tenant_usage`] keep the counts that edges send, and [`usage_export`] what of them is billed;
//! [`report`] reports to the overview of all tenants,
//! and [`reporting`] is the table for that; [`revocations`] finds keys to revoke together; [`publishing_again`] enqueues
//! what a feed that was put back has lost, and [`adopting`] takes over what a ledger that was put back has lost, of which
//! [`adoption`] is the table; [`erasing`] erases the tenant, and [`erasures`] has how far that is; [`backup`] exports a
//! ledger and restores it; [`secrets`] counts keys by the secret that they depend on; [`schema`] defines the tables.

pub(crate) mod acting;
pub(crate) mod additions;
mod addressing;
mod adopting;
pub(crate) mod adoption;
pub(crate) mod answer;
pub(crate) mod audit;
pub(crate) mod authenticate;
pub(crate) mod backup;
pub(crate) mod changes;
pub(crate) mod dead_letter_acts;
pub(crate) mod drain;
mod erasing;
pub(crate) mod erasures;
pub(crate) mod event_endpoints;
mod event_routing;
pub(crate) mod events;
pub(crate) mod expiry;
pub(crate) mod exposures;
pub(crate) mod handler;
pub(crate) mod idempotency;
pub(crate) mod instance;
pub(crate) mod key_list;
pub(crate) mod keys;
mod lease;
pub(crate) mod limits;
mod moving;
pub(crate) mod open;
pub(crate) mod outbox;
pub(crate) mod overlap;
pub(crate) mod publishing_again;
pub(crate) mod refusals;
mod reminder_places;
pub(crate) mod reminders;
mod report;
pub(crate) mod reporting;
pub(crate) mod revocations;
mod schema;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod suspension;
pub(crate) mod tenant_usage;
pub(crate) mod usage;
pub(crate) mod usage_export;
