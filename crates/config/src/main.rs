//! `keystile-config keystile.toml`: checks the configuration and prints what
//! ships to the workers, a JSON object with a text for each.
//!
//! A mistake is said as `keystile.toml:12: routes.0.read.1: …` on standard
//! error, all of them at once, and fails the build.

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
