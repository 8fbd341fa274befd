//! Tests of the engine. Those whose names begin with `pNN` are the pitfalls
//! of the research, by their numbers; `docs/design/webhooks.md` lists them.

mod ambiguity;
mod body;
mod handshakes;
mod headers;
mod properties;
mod replays;
mod rig;
mod schemes;
mod secrets;
mod structured;
mod time;
mod vectors;
