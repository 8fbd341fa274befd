//! The workers' common ways to the platform: the clock, randomness, bodies of
//! requests, configuration and secrets, KV, calls to Durable Objects, logs and
//! problem responses. Decisions are `keystile-core`'s.

pub mod body;
pub mod clock;
pub mod config;
pub mod crossing;
pub mod database;
pub mod kv;
pub mod log;
pub mod object;
pub mod random;
pub mod response;
pub mod secret;
