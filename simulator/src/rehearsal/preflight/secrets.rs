//! C-03: every secret can be resolved.

use std::collections::BTreeSet;

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};

pub(in crate::rehearsal) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let task = &subject.files.task_definition;
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for secret in task.containers.iter().flat_map(|container| &container.secrets) {
        let Some(wanted) = secret_name(&secret.value.value) else { continue };
        let known = subject.secrets.iter().any(|name| is_same(name, &wanted));
        if known || !seen.insert(wanted.clone()) {
            continue;
        }
        let sentence = format!("the task wants the secret `{wanted}`, which greenroom.toml does not name");
        let mut finding = Finding::error(Code::C03, Kind::Static, Stage::Preflight, sentence)
            .at(task.source.place(secret.value.spot));
        let bare = without_suffix(&wanted);
        finding = match nearest(&subject.secrets, bare) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!("add under [secrets] in greenroom.toml: \"{bare}\" = {{ generate = 32 }}")),
        };
        findings.push(finding);
    }
    findings
}

/// The one of `known` that is spelt nearly as `wanted`.
#[must_use]
pub(in crate::rehearsal) fn nearest<'known>(known: &'known [String], wanted: &str) -> Option<&'known String> {
    let distance = |name: &String| strsim::damerau_levenshtein(&name.to_lowercase(), &wanted.to_lowercase());
    known.iter().filter(|name| distance(name) <= 2).min_by_key(|name| distance(name))
}

/// The name of the Secrets Manager secret that `valueFrom` means, with the random suffix that an ARN has; `None` for a parameter of
/// Systems Manager, which is not simulated.
fn secret_name(value_from: &str) -> Option<String> {
    if let Some(rest) = value_from.strip_prefix("arn:") {
        // partition, service, region, account, type, name, then optionally a JSON key, a stage and a version.
        let mut parts = rest.split(':');
        let service = parts.nth(1)?;
        return (service == "secretsmanager").then(|| parts.nth(3).map(str::to_owned)).flatten();
    }
    None
}

/// Whether a secret called `name` is meant by `wanted`, which may end in a hyphen and the six characters that AWS adds.
fn is_same(name: &str, wanted: &str) -> bool {
    name == wanted || name == without_suffix(wanted)
}

fn without_suffix(wanted: &str) -> &str {
    match wanted.rsplit_once('-') {
        Some((name, suffix)) if suffix.len() == 6 && suffix.chars().all(|letter| letter.is_ascii_alphanumeric()) => {
            name
        }
        Some(_) | None => wanted,
    }
}
