//! Tests of the engine. Those whose names begin with `pNN` test the pitfalls that `docs/design/webhooks.md` lists under
//! these numbers.

mod ambiguity;
mod body;
mod detached;
mod event_types;
mod handshakes;
mod headers;
mod key_sets;
mod properties;
mod replays;
pub(crate) mod rig;
mod schemes;
mod secrets;
mod structured;
mod time;
mod vectors;
