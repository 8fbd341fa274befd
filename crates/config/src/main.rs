//! `keystile-config keystile.toml`: checks the configuration and prints a JSON object: `workers`, its shipped form, a
//! text for each worker; `summary`, the facts that scripts need; and `warnings`.
//!
//! `keystile-config --secrets`: checks `KEYSTILE_SECRET` and `KEYSTILE_ROOT_KEY` in the environment, as the workers do.
//!
//! Mistakes are written to standard error, all at once, each as `keystile.toml:12: routes.0.read.1: …`. They fail the
//! build.

use std::{env, fs, process::ExitCode};

use keystile_core::key::{
    keyring::Keyring,
    root_key::{MIN_ROOT_KEY_LEN, RootKeys},
};
use serde_json::json;

fn main() -> ExitCode {
    let Some(argument) = env::args().nth(1) else {
        eprintln!("usage: keystile-config keystile.toml, or keystile-config --secrets");
        return ExitCode::FAILURE;
    };
    match if argument == "--secrets" { check_secrets() } else { check(&argument) } {
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
    let warnings: Vec<_> = configuration.warnings.iter().map(|warning| format!("{file}:{warning}")).collect();
    let output = json!({ "workers": configuration.to_blobs(), "summary": configuration.summary, "warnings": warnings });
    Ok(output.to_string())
}

fn check_secrets() -> Result<String, Vec<String>> {
    let value = |name| env::var(name).unwrap_or_default();
    let secret = Keyring::parse(&value("KEYSTILE_SECRET")).err().map(|error| error.to_string());
    let no_root_key = RootKeys::parse(&value("KEYSTILE_ROOT_KEY")).is_empty();
    let root_key = no_root_key.then(|| {
        format!("KEYSTILE_ROOT_KEY: write a key of {MIN_ROOT_KEY_LEN} characters or more, or several joined by commas")
    });
    let mistakes: Vec<_> = secret.into_iter().chain(root_key).collect();
    if mistakes.is_empty() { Ok(String::new()) } else { Err(mistakes) }
}
