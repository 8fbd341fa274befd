//! `keystile-config keystile.toml`: checks the configuration and prints a JSON object: `workers`, its shipped form, a
//! text for each worker; `summary`, the facts that scripts need; and `warnings`.
//!
//! `keystile-config --secrets`: checks `KEYSTILE_SECRET` and `KEYSTILE_ROOT_KEY` in the environment, as the workers do.
//!
//! Mistakes are written to standard error, all at once, each as `keystile.toml:12: routes.0.read.1: …`. They fail the
//! build.

use std::{env, fs, process::ExitCode};

use keystile_config::secrets;

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
    let in_file = |lines: Vec<String>| lines.iter().map(|line| format!("{file}:{line}")).collect::<Vec<_>>();
    let mut configuration = keystile_config::read(&text).map_err(in_file)?;
    configuration.warnings = in_file(configuration.warnings);
    Ok(configuration.to_json().to_string())
}

fn check_secrets() -> Result<String, Vec<String>> {
    let value = |name| env::var(name).unwrap_or_default();
    let mistakes = secrets::mistakes(&value("KEYSTILE_SECRET"), &value("KEYSTILE_ROOT_KEY"));
    if mistakes.is_empty() { Ok(String::new()) } else { Err(mistakes) }
}
