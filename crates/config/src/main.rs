//! `keystile-config keystile.toml`: checks the configuration and prints its shipped form, a JSON object with a text for
//! each worker.
//!
//! Mistakes are written to standard error, all at once, each as `keystile.toml:12: routes.0.read.1: …`. They fail the
//! build.

use std::{env, fs, process::ExitCode};

fn main() -> ExitCode {
    let Some(file) = env::args().nth(1) else {
        eprintln!("usage: keystile-config keystile.toml");
        return ExitCode::FAILURE;
    };
    match check(&file) {
        Ok(blobs) => {
            println!("{blobs}");
            ExitCode::SUCCESS
        }
        Err(mistakes) => {
            for mistake in mistakes {
                eprintln!("{mistake}");
            }
            ExitCode::FAILURE
        }
    }
}

fn check(file: &str) -> Result<String, Vec<String>> {
    let text = fs::read_to_string(file).map_err(|error| vec![format!("{file}: {error}")])?;
    let configuration = keystile_config::read(&text)
        .map_err(|mistakes| mistakes.iter().map(|mistake| format!("{file}:{mistake}")).collect::<Vec<_>>())?;
    serde_json::to_string(&configuration.to_blobs()).map_err(|error| vec![error.to_string()])
}
