//! `keystile-config keystile.toml`: checks the configuration and prints a JSON object: `workers`, its shipped form, a
//! text for each worker, and `summary`, the facts that scripts need.
//!
//! `keystile-config --secret`: checks the value of `KEYSTILE_SECRET` in the environment.
//!
//! Mistakes are written to standard error, all at once, each as `keystile.toml:12: routes.0.read.1: …`. They fail the
//! build.

use std::{env, fs, process::ExitCode};

use keystile_core::key::keyring::Keyring;
use serde_json::json;

fn main() -> ExitCode {
    let Some(argument) = env::args().nth(1) else {
        eprintln!("usage: keystile-config keystile.toml, or keystile-config --secret");
        return ExitCode::FAILURE;
    };
    match if argument == "--secret" { check_secret() } else { check(&argument) } {
        Ok(output) => {
            println!("{output}");
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
    let output = json!({ "workers": configuration.to_blobs(), "summary": configuration.summary });
    Ok(output.to_string())
}

/// Checks the secret as the workers do.
fn check_secret() -> Result<String, Vec<String>> {
    let value = env::var("KEYSTILE_SECRET").unwrap_or_default();
    Keyring::parse(&value).map(|_| String::new()).map_err(|error| vec![error.to_string()])
}
