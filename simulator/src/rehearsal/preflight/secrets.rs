//! C-03: every secret can be resolved.

use std::collections::BTreeSet;

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::secret_values::key_of;

pub(in crate::rehearsal) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let task = &subject.files.task_definition;
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for secret in task.containers.iter().flat_map(|container| &container.secrets) {
        let Some(Wanted { name, key }) = wanted(&secret.value.value) else { continue };
        let known = subject.secrets.iter().find(|known| is_same(known, name));
        let finding = match (known, key) {
            (None, _) => unnamed(subject, name),
            (Some(known), Some(key)) if !keys(subject, known).iter().any(|it| it == key) => {
                keyless(subject, known, key)
            }
            (Some(_), _) => continue,
        };
        if seen.insert((name, key)) {
            findings.push(finding.at(task.source.place(secret.value.spot)));
        }
    }
    findings
}

fn keys<'a>(subject: &'a Subject<'_>, name: &str) -> &'a [String] {
    subject.secret_keys.get(name).map(Vec::as_slice).unwrap_or_default()
}

fn unnamed(subject: &Subject<'_>, wanted: &str) -> Finding {
    let finding = error(format!("the task wants the secret `{wanted}`, which greenroom.toml does not name"));
    let bare = without_suffix(wanted);
    match nearest(&subject.secrets, bare) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("add under [secrets] in greenroom.toml: \"{bare}\" = {{ generate = 32 }}")),
    }
}

/// The task takes what stands under a key, and it is not known that anything does.
fn keyless(subject: &Subject<'_>, name: &str, key: &str) -> Finding {
    let keys = keys(subject, name);
    let lists = format!("\"{name}\" = {{ generate = 32, keys = [\"{key}\"] }}");
    if keys.is_empty() {
        let sentence =
            format!("the task wants the key `{key}` of the secret `{name}`, which has none that greenroom.toml names");
        return error(sentence)
            .evidence(format!("ECS stops a task whose secret is no JSON: `{NO_JSON}`"))
            .help(format!("if production's has it, say so under [secrets] in greenroom.toml: {lists}"))
            .help("if it is the database's: write the JSON object in [database.url]");
    }
    let has: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let finding = error(format!("the task wants the key `{key}` of the secret `{name}`, which has {}", has.join(", ")))
        .evidence(format!("ECS stops such a task before any container starts: `{NO_KEY} {key}`"));
    match nearest(keys, key) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("correct the key after the secret's name in `valueFrom`, or add it to the secret"),
    }
}

/// What the agent says, after `ResourceInitializationError: unable to pull secrets or registry auth: …` (amazon-ecs-agent,
/// `agent/asm/asm.go`).
const NO_KEY: &str = "retrieved secret from Secrets Manager did not contain json key";
const NO_JSON: &str = "retrieved secret from Secrets Manager is not valid JSON";

fn error(sentence: String) -> Finding {
    Finding::error(Code::C03, Kind::Static, Stage::Preflight, sentence)
}

/// The one of `known` that is spelt nearly as `wanted`.
#[must_use]
pub(in crate::rehearsal) fn nearest<'known>(known: &'known [String], wanted: &str) -> Option<&'known String> {
    let distance = |name: &String| strsim::damerau_levenshtein(&name.to_lowercase(), &wanted.to_lowercase());
    known.iter().filter(|name| distance(name) <= 2).min_by_key(|name| distance(name))
}

/// What a `valueFrom` asks Secrets Manager for.
struct Wanted<'from> {
    /// The secret's name, with the random suffix that an ARN has.
    name: &'from str,
    /// The key of the JSON object that its present value is.
    key: Option<&'from str>,
}

/// What `valueFrom` means; `None` for a parameter of Systems Manager, which is not simulated.
fn wanted(value_from: &str) -> Option<Wanted<'_>> {
    // partition, service, region, account, type, name, then optionally a JSON key, a stage and a version.
    let mut parts = value_from.strip_prefix("arn:")?.split(':');
    if parts.nth(1)? != "secretsmanager" {
        return None;
    }
    Some(Wanted { name: parts.nth(3)?, key: key_of(value_from) })
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
