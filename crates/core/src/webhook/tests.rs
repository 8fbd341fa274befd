//! What holds of webhooks. Tests whose names begin with `pNN` are the pitfalls
//! of the research, by their numbers; `docs/webhooks.md` lists them.

mod rig;
mod schemes;
mod vectors;
