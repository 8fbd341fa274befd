//! `keystile-bindgen worker|web MODULE OUT_DIR NAME`: writes the JavaScript that a compiled WebAssembly module needs to
//! `OUT_DIR`, as `NAME.js` beside `NAME_bg.wasm`.
//!
//! It is wasm-bindgen's command line reduced to the needs of the scripts, so a first build compiles 42 crates instead
//! of a tool's 162.

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
        // This is the default of the command line: the module is beside its JavaScript unless the caller names another
        // place.
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

/// Settings for a module that can be instantiated anew in the same isolate, since its memory can't be trusted after a
/// trap. `worker`'s own build tool sets the same two options.
fn worker(bindgen: &mut Bindgen) -> Result<&mut Bindgen> {
    Ok(bindgen.module(true)?.reset_state_function(true).force_enable_abort_handler(true))
}

/// Workers provide a `WebAssembly.Module` for a plain `import`, and do not know the proposal's `source` phase.
fn import_as_workers_do(text: &str) -> Result<String> {
    let (before, after) = text.split_once("import source ").context("the bindings import no module")?;
    Ok(format!("{before}import {after}"))
}

/// Refuses closures and objects of a trapped instance before the next instance begins.
///
/// wasm-bindgen compares instances first and makes the new one afterwards, within the call. If the first call after a
/// trap is another request's promise callback, it would otherwise run in the new memory with an address from the old
/// one.
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
