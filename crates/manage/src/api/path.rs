//! Path templates, such as `/v1/tenants/{tenant}/keys`.

/// The parameters of a path, as its segments spell them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Parameters<'a> {
    /// Matches a path against a template; `None` if it doesn't match. No parameter is empty.
    pub(crate) fn of(template: &'static str, path: &'a str) -> Option<Self> {
        let (mut templates, mut segments) = (template.split('/'), path.split('/'));
        let mut parameters = Vec::new();
        loop {
            let (expected, segment) = match (templates.next(), segments.next()) {
                (None, None) => return Some(Self(parameters)),
                (expected, segment) => (expected?, segment?),
            };
            match name(expected) {
                Some(name) if !segment.is_empty() => parameters.push((name, segment)),
                None if expected == segment => {}
                _ => return None,
            }
        }
    }

    /// The parameter of this name, if the template has one.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(of, _)| *of == name).map(|(_, segment)| *segment)
    }
}

fn name(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_whole_segments_and_not_empty() {
        let template = "/v1/tenants/{tenant}/keys/{id}";
        let parameters = Parameters::of(template, "/v1/tenants/acme/keys/key_1").unwrap();
        assert_eq!((parameters.get("tenant"), parameters.get("id")), (Some("acme"), Some("key_1")));
        assert_eq!(parameters.get("source"), None);
        for other in ["/v1/tenants/acme/keys", "/v1/tenants//keys/key_1", "/v1/tenants/acme/keys/", "", "/"] {
            assert_eq!(Parameters::of(template, other), None, "{other}");
        }
        assert_eq!(Parameters::of(template, "/v1/tenants/acme/keys/key_1/"), None);
        assert_eq!(Parameters::of(template, "v1/tenants/acme/keys/key_1"), None);
    }
}
