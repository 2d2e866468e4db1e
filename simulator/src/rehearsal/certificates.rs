//! C-07: an image whose app calls others over HTTPS has certificates to check theirs by.
//!
//! That cannot be rehearsed: whom the app calls is not here. But whether the image has a bundle can be seen.

use serde_json::Value;

use super::files::Source;
use crate::finding::{Code, Finding, Kind, Stage};

/// Where programs look for the certificates of authorities: Debian, Ubuntu and Alpine; Fedora and Amazon Linux; Red Hat since 7; openSUSE;
/// OpenELEC; Alpine and BSDs. Source: Go's crypto/x509, `root_linux.go`, which has collected them.
pub(crate) const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
];

/// The first variable of `container` whose value is a URL with `https`, as `definition` says.
#[must_use]
pub(crate) fn asked_over_tls<'d>(definition: &'d Value, container: &str) -> Option<&'d str> {
    let containers = definition.get("containerDefinitions")?.as_array()?;
    let own = containers.iter().find(|it| it.get("name").and_then(Value::as_str) == Some(container))?;
    let variables = own.get("environment")?.as_array()?;
    let is_url = |it: &&Value| it.get("value").and_then(Value::as_str).is_some_and(|it| it.starts_with("https://"));
    variables.iter().find(is_url)?.get("name")?.as_str()
}

/// What is to be said where an image has none of [`BUNDLES`], and `variable` of the task definition in `source` names whom its app calls.
#[must_use]
pub(crate) fn missing(variable: &str, source: &Source) -> Finding {
    let sentence = format!(
        "if the app checks certificates with what the image has, every call to `{variable}` fails: it has none to check them by"
    );
    let offset = source.text.find(&format!("\"{variable}\"")).unwrap_or_default();
    Finding::warning(Code::C07, Kind::Conditional, Stage::Build, sentence)
        .at(source.place_at(offset))
        .evidence(format!("the image has no {}, nor a bundle in the places of other distributions", BUNDLES[0]))
        .evidence("Node and Python's certifi bring their own")
        .help("RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates")
        .help("or from a stage that has them: COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_url_with_tls_of_the_same_container_counts() {
        let with = |value: &str| {
            json!({"containerDefinitions": [
                {"name": "proxy", "environment": [{"name": "HOME_PAGE", "value": "https://example.com"}]},
                {"name": "app", "environment": [{"name": "LEVEL", "value": "1"}, {"name": "PAYMENTS", "value": value}]},
                {"name": "bare"},
            ]})
        };
        let cases = [
            ("https://payments.example.com/v1", "app", Some("PAYMENTS")),
            ("http://payments.internal", "app", None),
            ("see https://example.com", "app", None),
            ("https://payments.example.com/v1", "bare", None),
            ("https://payments.example.com/v1", "other", None),
        ];
        for (value, container, expected) in cases {
            assert_eq!(asked_over_tls(&with(value), container), expected, "{value} of {container}");
        }
    }
}
