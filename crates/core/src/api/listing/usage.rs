//! The queries of the uses of keys: the period of a series, the hours of an export.

use alloc::{string::String, vec::Vec};

use super::parameters::Parameters;
use crate::{
    base::{fields::FieldError, timestamp::Timestamp},
    usage::{
        beginning_of,
        export::{Hours, Place, UsageExportQuery},
        hour_of,
        report::Period,
    },
};

/// Parses the query of `GET keys/{id}/usage`, `GET tenants/{tenant}/usage` and `GET usage`: the period of the series.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_usage_query(pairs: Vec<(String, String)>) -> Result<Period, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["period"]);
    let period =
        parameters.take("period", |text| Period::parse(text).ok_or_else(|| "allowed are: 24h, 7d, 30d".into()));
    parameters.finish()?;
    Ok(period.unwrap_or_default())
}

/// Parses the query of `GET usage/export` and `GET tenants/{tenant}/usage/export`.
///
/// # Errors
/// All mistakes in the query.
pub fn parse_usage_export_query(pairs: Vec<(String, String)>) -> Result<UsageExportQuery, Vec<FieldError>> {
    let mut parameters = Parameters::new(pairs, &["from", "to", "after"]);
    let (from, to) = (parameters.take("from", whole_hour), parameters.take("to", whole_hour));
    let after = parameters.take("after", |text| {
        Place::parse(text).ok_or_else(|| "the `next` or an `id` of an earlier answer expected".into())
    });
    parameters.finish()?;
    let mistake = |field: &str, detail: &str| FieldError { field: field.into(), detail: detail.into() };
    match (from, to) {
        (Some(from), Some(to)) if from < to => Ok(UsageExportQuery { hours: Hours { from, to }, after }),
        (Some(_), Some(_)) => Err(alloc::vec![mistake("to", "a time after `from` expected")]),
        (from, to) => {
            let missing = [("from", from), ("to", to)].into_iter().filter(|(_, hour)| hour.is_none());
            Err(missing.map(|(name, _)| mistake(name, "required: the beginning of an hour, in RFC 3339")).collect())
        }
    }
}

fn whole_hour(text: &str) -> Result<i64, String> {
    let at = Timestamp::parse_rfc3339(text).filter(|at| beginning_of(hour_of(*at)) == *at);
    at.map(hour_of).ok_or_else(|| "the beginning of an hour expected, such as 2027-01-31T12:00:00Z".into())
}

#[cfg(test)]
mod tests {
    use super::{super::parameters::tests::pairs, *};
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_export_of_uses_is_of_whole_hours_and_goes_on_after_a_place() {
        let export = |query: &[(&str, &str)]| parse_usage_export_query(pairs(query));
        let hours = [("from", "2025-06-15T15:00:00Z"), ("to", "2025-06-15T19:00:00+02:00")];
        let query = export(&[hours[0], hours[1], ("after", "acme")]).unwrap();
        assert_eq!(query.hours, Hours { from: 486_111, to: 486_113 });
        assert_eq!(query.after, Place::parse("acme"));
        for (query, field) in [
            (vec![hours[0]], "to"),
            (vec![hours[1]], "from"),
            (vec![hours[0], ("to", "2025-06-15T15:00:00Z")], "to"),
            (vec![hours[0], ("to", "2025-06-15T17:00:01Z")], "to"),
            (vec![hours[0], hours[1], ("after", "a/b")], "after"),
            (vec![hours[0], hours[1], ("period", "24h")], "period"),
        ] {
            assert_eq!(export(&query).unwrap_err()[0].field, field, "{query:?}");
        }
        assert_eq!(export(&[]).unwrap_err().len(), 2);
    }
}
