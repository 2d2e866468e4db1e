//! What scanners write: Grype's JSON, Trivy's, or our own form, which a script can write:
//! `{"findings": [{"name": "CVE-2026-1", "severity": "HIGH", "description": …, "uri": …, "package": …, "version": …}]}`, of which a name and
//! a severity are required.

use serde_json::Value;
use simulator_core::ecr::{ScanFinding, Severity};

/// The most findings that are kept of a scan.
const MOST: usize = 10_000;
/// The most characters that are kept of a text of a finding.
const LONGEST: usize = 1024;
/// The most characters of an attribute's value (botocore, `AttributeValue`).
const LONGEST_ATTRIBUTE: usize = 256;

/// The findings in `report`.
///
/// # Errors
/// Says what is wrong with it, without quoting it.
pub(super) fn read(report: &[u8]) -> Result<Vec<ScanFinding>, String> {
    let report: Value = serde_json::from_slice(report)
        .map_err(|error| format!("it is not JSON, at line {}, column {}", error.line(), error.column()))?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let findings: Vec<Option<ScanFinding>> = if let Some(findings) = report["findings"].as_array() {
        findings.iter().map(own).collect()
    } else if let Some(matches) = report["matches"].as_array() {
        matches.iter().map(grype).collect()
    } else if report.get("SchemaVersion").is_some() {
        let results = list(&report["Results"]);
        results.iter().flat_map(|result| list(&result["Vulnerabilities"])).map(|found| trivy(&found)).collect()
    } else {
        return Err("it is neither Grype's, nor Trivy's, nor an object with `findings`".to_owned());
    };
    if findings.len() > MOST {
        return Err(format!("it has more than {MOST} findings"));
    }
    let count = findings.len();
    let findings: Option<Vec<ScanFinding>> = findings.into_iter().collect();
    findings.ok_or_else(|| format!("one of its {count} findings has no name, or no severity that is known"))
}

fn own(finding: &Value) -> Option<ScanFinding> {
    let text = |key: &str| text(&finding[key], LONGEST);
    new(text("name"), severity(&finding["severity"]), text("description"), text("uri"), finding, ("package", "version"))
}

fn grype(found: &Value) -> Option<ScanFinding> {
    let vulnerability = &found["vulnerability"];
    let text = |key: &str| text(&vulnerability[key], LONGEST);
    let severity = severity(&vulnerability["severity"]);
    new(text("id"), severity, text("description"), text("dataSource"), &found["artifact"], ("name", "version"))
}

fn trivy(found: &Value) -> Option<ScanFinding> {
    let text = |key: &str| text(&found[key], LONGEST);
    let description = text("Description").or_else(|| text("Title"));
    let severity = severity(&found["Severity"]);
    new(text("VulnerabilityID"), severity, description, text("PrimaryURL"), found, ("PkgName", "InstalledVersion"))
}

/// A finding, if it has what it needs. `place` has the package and its version under these names.
fn new(
    name: Option<String>,
    severity: Option<Severity>,
    description: Option<String>,
    uri: Option<String>,
    place: &Value,
    (package, version): (&str, &str),
) -> Option<ScanFinding> {
    let attribute = |key: &str| text(&place[key], LONGEST_ATTRIBUTE);
    let (package, version) = (attribute(package), attribute(version));
    Some(ScanFinding { name: name?, severity: severity?, description, uri, package, version })
}

/// A text that is not empty, cut off after so many characters.
fn text(value: &Value, longest: usize) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().take(longest).collect())
}

fn severity(value: &Value) -> Option<Severity> {
    Some(match value.as_str()?.to_ascii_uppercase().as_str() {
        "CRITICAL" => Severity::Critical,
        "HIGH" => Severity::High,
        "MEDIUM" => Severity::Medium,
        "LOW" => Severity::Low,
        // Grype's word for what nobody will repair.
        "INFORMATIONAL" | "NEGLIGIBLE" => Severity::Informational,
        "UNDEFINED" | "UNKNOWN" => Severity::Undefined,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report, and what is read of it: names, severities and packages, or the complaint.
    #[test]
    fn reports_of_three_forms_are_read() {
        for (report, expected) in [
            (r#"{"findings":[]}"#, Ok("")),
            (
                r#"{"findings":[{"name":"CVE-1","severity":"high","package":"zlib","version":"1.2"}]}"#,
                Ok("CVE-1 HIGH zlib 1.2"),
            ),
            (r#"{"matches":[],"source":{}}"#, Ok("")),
            (
                r#"{"matches":[{"vulnerability":{"id":"CVE-2","severity":"Negligible","dataSource":"https://x"},"artifact":{"name":"bash","version":"5"}}]}"#,
                Ok("CVE-2 INFORMATIONAL bash 5"),
            ),
            (r#"{"SchemaVersion":2}"#, Ok("")),
            (
                r#"{"SchemaVersion":2,"Results":[{"Target":"os"},{"Vulnerabilities":[{"VulnerabilityID":"CVE-3","Severity":"UNKNOWN","PkgName":"tar","InstalledVersion":"1"}]}]}"#,
                Ok("CVE-3 UNDEFINED tar 1"),
            ),
            ("", Err("it is not JSON, at line 1, column 0")),
            ("secret", Err("it is not JSON, at line 1, column 1")),
            ("[]", Err("it is neither Grype's, nor Trivy's, nor an object with `findings`")),
            (
                r#"{"findings":[{"severity":"HIGH"}]}"#,
                Err("one of its 1 findings has no name, or no severity that is known"),
            ),
            (
                r#"{"findings":[{"name":"x","severity":"BAD"}]}"#,
                Err("one of its 1 findings has no name, or no severity that is known"),
            ),
        ] {
            let written = read(report.as_bytes()).map(|findings| {
                let write = |finding: ScanFinding| {
                    let (package, version) = (finding.package.unwrap_or_default(), finding.version.unwrap_or_default());
                    format!("{} {} {package} {version}", finding.name, finding.severity.as_str())
                };
                findings.into_iter().map(write).collect::<Vec<_>>().join(", ")
            });
            assert_eq!(written, expected.map(str::to_owned).map_err(str::to_owned), "{report}");
        }
    }

    #[test]
    fn a_report_is_bounded() {
        let finding = format!(r#"{{"name":"x","severity":"LOW","description":"{}"}}"#, "é".repeat(5000));
        let report = |count: usize| format!(r#"{{"findings":[{}]}}"#, vec![finding.as_str(); count].join(","));
        let read_one = read(report(1).as_bytes()).expect("it is a report");
        assert_eq!(read_one[0].description.as_ref().map(|text| text.chars().count()), Some(LONGEST));
        let short = r#"{"name":"x","severity":"LOW"}"#;
        let many = format!(r#"{{"findings":[{}]}}"#, vec![short; MOST + 1].join(","));
        assert_eq!(read(many.as_bytes()), Err(format!("it has more than {MOST} findings")));
    }
}
