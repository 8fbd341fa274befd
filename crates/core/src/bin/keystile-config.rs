//! `keystile-config keystile.toml`: checks the configuration and prints what
//! ships to the workers, one line of base64.
//!
//! A mistake is said as `keystile.toml:12: routes.0.read.1: …` on standard
//! error, all of them at once, and fails the build.

use std::{env, fs, process::ExitCode};

use keystile_core::config::{Config, raw::RawConfig};
use toml::de::{DeTable, DeValue};

fn main() -> ExitCode {
    let Some(file) = env::args().nth(1) else {
        eprintln!("usage: keystile-config keystile.toml");
        return ExitCode::FAILURE;
    };
    match fs::read_to_string(&file)
        .map_err(|error| vec![format!("{file}: {error}")])
        .and_then(|text| check(&file, &text))
    {
        Ok(blob) => {
            println!("{blob}");
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

/// What ships to the workers, or the mistakes, each with file and line.
fn check(file: &str, text: &str) -> Result<String, Vec<String>> {
    let raw: RawConfig = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        vec![format!("{file}:{}: {}", line(text, offset), error.message())]
    })?;
    Config::new(raw).map(|config| config.to_whole()).map_err(|errors| {
        errors
            .iter()
            .map(|error| {
                let line = line(text, locate(text, &error.at));
                format!("{file}:{line}: {}: {}", error.at.join("."), error.message)
            })
            .collect()
    })
}

/// Where the value at `path` begins, or the nearest table around it.
fn locate(text: &str, path: &[String]) -> usize {
    let Ok(table) = DeTable::parse(text) else { return 0 };
    let mut offset = 0;
    let mut value: Option<&DeValue<'_>> = None;
    for (depth, step) in path.iter().enumerate() {
        let next = match value {
            None if depth == 0 => table.get_ref().get(step.as_str()),
            Some(DeValue::Table(table)) => table.get(step.as_str()),
            Some(DeValue::Array(values)) => step.parse::<usize>().ok().and_then(|index| values.get(index)),
            _ => None,
        };
        let Some(next) = next else { break };
        offset = next.span().start;
        value = Some(next.get_ref());
    }
    offset
}

fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"Demo\"\n[keys]\nprefix = \"demo\"\n[[scopes]]\nname = \"read:leads\"\n";

    fn mistakes(text: &str) -> Vec<String> {
        check("keystile.toml", text).unwrap_err()
    }

    #[test]
    fn a_good_file_becomes_one_line_that_a_worker_reads() {
        let blob = check("keystile.toml", GOOD).unwrap();
        assert_eq!(Config::for_hooks(&blob).unwrap().name, "Demo");
    }

    #[test]
    fn mistakes_have_file_and_line() {
        assert!(mistakes("name = \n")[0].starts_with("keystile.toml:1: "));
        assert!(mistakes(&GOOD.replace("demo", "Demo!"))[0].starts_with("keystile.toml:3: keys.prefix: a prefix is"));
        let imported = GOOD.replace("prefix", "allow_imported = [\n  \"sk_\",\n  \"ksop_\",\n]\nprefix");
        assert!(mistakes(&imported)[0].starts_with("keystile.toml:5: keys.allow_imported.1: what begins with `ksop`"));
        let unknown = format!("{GOOD}\n[edge]\nmax_stalenes_ms = 3\n");
        assert!(
            mistakes(&unknown)[0].starts_with("keystile.toml:8: unknown field `max_stalenes_ms`"),
            "{:?}",
            mistakes(&unknown)
        );
        let scope = format!("{GOOD}[[scopes]]\nname = \"admin\"\nimplies = [\n  \"read:leads\",\n  \"Nope\",\n]\n");
        assert!(mistakes(&scope)[0].starts_with("keystile.toml:10: scopes.1.implies.1: "), "{:?}", mistakes(&scope));
    }
}
