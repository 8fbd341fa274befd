//! The table of causes in `docs/reference/causes.md`.

#![cfg(feature = "explain")]

use keystile_webhook::explain::CauseCode;

#[test]
fn the_table_of_causes_has_each_code_with_its_number() {
    let document = include_str!("../../../docs/reference/causes.md");
    let rows: Vec<(String, String)> = document
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let number = cells.next().filter(|number| number.parse::<u8>().is_ok())?;
            Some((number.into(), cells.next()?.trim_matches('`').into()))
        })
        .collect();
    let codes: Vec<(String, String)> =
        CauseCode::ALL.iter().map(|code| (code.number().to_string(), code.name().to_string())).collect();
    assert_eq!(rows, codes);
}
