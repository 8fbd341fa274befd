//! `keystile-bindgen worker|web MODULE OUT_DIR NAME`: the JavaScript that a
//! compiled WebAssembly module needs, written to `OUT_DIR` as `NAME.js` beside
//! `NAME_bg.wasm`.
//!
//! It is wasm-bindgen's command line reduced to what the scripts ask of it, so
//! that a first build compiles 42 crates instead of a tool's 162.

use std::{env, fs, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let [target, module, directory, name] = arguments else {
        bail!("keystile-bindgen worker|web MODULE OUT_DIR NAME");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).typescript(false);
    match target.as_str() {
        "worker" => worker(&mut bindgen)?,
        // As the command line does: the module is beside its JavaScript unless the caller says where.
        "web" => bindgen.web(true)?.omit_default_module_path(false),
        other => bail!("a target is `worker` or `web`, not `{other}`"),
    };
    bindgen.generate(directory).with_context(|| format!("can't make bindings for {module}"))?;
    if target == "worker" {
        let bindings = Path::new(directory).join(format!("{name}.js"));
        let text = fs::read_to_string(&bindings)?;
        fs::write(&bindings, no_call_from_before(&import_as_workers_do(&text)?)?)?;
    }
    Ok(())
}

/// A module that can be instantiated anew in the same isolate: after a trap,
/// its memory can't be trusted. `worker`'s own build tool asks for the same two.
fn worker(bindgen: &mut Bindgen) -> Result<&mut Bindgen> {
    Ok(bindgen.module(true)?.reset_state_function(true).force_enable_abort_handler(true))
}

/// Workers hand out a `WebAssembly.Module` for a plain `import`, and don't know
/// the phase `source` of the proposal.
fn import_as_workers_do(text: &str) -> Result<String> {
    let (before, after) = text.split_once("import source ").context("the bindings import no module")?;
    Ok(format!("{before}import {after}"))
}

/// Refuses closures and objects of a trapped instance before the next one begins.
///
/// wasm-bindgen compares instances first and makes the new one afterwards, in the
/// call itself. If the first call after a trap is a promise's callback of
/// another request, it would run in the new memory with an address of the old.
fn no_call_from_before(text: &str) -> Result<String> {
    let mut text = text.to_owned();
    for held in ["state.instance", "this.__wbg_inst"] {
        let compared = format!("{held} !== __wbg_instance_id");
        if !text.contains(&compared) {
            bail!("wasm-bindgen writes its check of `{held}` in another way now: see to it that a trap stays safe");
        }
        text = text.replace(&compared, &format!("({compared} || __wbg_reinit_scheduled)"));
    }
    Ok(text)
}
