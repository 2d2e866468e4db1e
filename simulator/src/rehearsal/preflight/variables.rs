//! C-01: the task definition sets what the app's files name.

use std::collections::{BTreeMap, BTreeSet};

use super::{Subject, app};
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::rehearsal::files::{references, sounds_secret};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(container) = app::container(subject) else { return Vec::new() };
    // What stands in files on S3 cannot be known here.
    if container.has_environment_files {
        return Vec::new();
    }
    let image = &subject.files.dockerfile.environment;
    let is_set = |name: &str| {
        container.variable(name).is_some() || image.get(name).is_some_and(|variable| !variable.value.is_empty())
    };
    let mut lacking: BTreeMap<String, (Place, Need)> = BTreeMap::new();
    for (name, place, need) in named(subject) {
        if !is_set(&name) && !is_given_by_ecs(&name) {
            lacking.entry(name).or_insert((place, need));
        }
    }
    lacking.into_iter().map(|(name, (place, need))| finding(subject, &name, place, need)).collect()
}

/// How much an app needs a variable, as far as the file that names it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// It is a secret, an address, or has no value of its own.
    Required,
    /// It has a harmless value, which may be the app's default too.
    Useful,
}

/// The variables that the app's files name, each with its place, the surest first.
fn named(subject: &Subject<'_>) -> Vec<(String, Place, Need)> {
    let mut found = Vec::new();
    let files = subject.files;
    let service = app::service(subject);
    if let (Some(service), Some(compose)) = (service, &files.compose) {
        for setting in &service.environment {
            let value = setting.value.as_ref().map_or("", |value| value.value.as_str());
            found.push((
                setting.name.value.clone(),
                compose.source.place(setting.name.spot),
                need(&setting.name.value, value),
            ));
        }
    }
    for (name, variable) in files.dockerfile.environment.iter().filter(|(_, variable)| variable.value.is_empty()) {
        let need = if sounds_needed(name) { Need::Required } else { Need::Useful };
        found.push((name.clone(), files.dockerfile.place(variable.spot), need));
    }
    // What only fills in the compose file, or belongs to the database's image, is not for the app.
    let elsewhere = interpolated(subject);
    for file in &files.environment_files {
        let reaches_app = service.is_some_and(|service| {
            service.env_files.iter().any(|name| file.source.name.ends_with(name.value.trim_start_matches("./")))
        });
        if !file.is_example && !reaches_app {
            continue;
        }
        for (name, value) in &file.variables {
            if elsewhere.contains(&name.value) || is_for_tools(&name.value) {
                continue;
            }
            // An example also lists what is optional.
            let need = if file.is_example { Need::Useful } else { need(&name.value, value) };
            found.push((name.value.clone(), file.source.place(name.spot), need));
        }
    }
    found
}

fn need(name: &str, value: &str) -> Need {
    let references = references(value);
    let without_default = references.iter().any(|one| one.required || one.default.is_none());
    if value.is_empty() || without_default || value.contains("://") || sounds_needed(name) {
        Need::Required
    } else {
        Need::Useful
    }
}

fn sounds_needed(name: &str) -> bool {
    sounds_secret(name) || ["_URL", "_URI", "_DSN"].iter().any(|end| name.ends_with(end))
}

/// The variables that the compose file refers to.
fn interpolated(subject: &Subject<'_>) -> BTreeSet<String> {
    let text = subject.files.compose.as_ref().map_or("", |compose| compose.source.text.as_str());
    references(text).into_iter().map(|reference| reference.name).collect()
}

/// Variables of Compose, Docker and the database images.
fn is_for_tools(name: &str) -> bool {
    ["COMPOSE_", "DOCKER_", "POSTGRES_", "MYSQL_", "MARIADB_", "PG"].iter().any(|start| name.starts_with(start))
}

/// ECS gives a task its region and the credentials of its role.
fn is_given_by_ecs(name: &str) -> bool {
    name.starts_with("AWS_") || name.starts_with("ECS_")
}

fn finding(subject: &Subject<'_>, name: &str, place: Place, need: Need) -> Finding {
    let task = &subject.files.task_definition.source.name;
    let container = &subject.container;
    let sentence = format!("`{name}` is named here, and container `{container}` of {task} does not set it");
    let finding = match need {
        Need::Required => Finding::error(Code::C01, Kind::Static, Stage::Preflight, sentence),
        Need::Useful => Finding::warning(Code::C01, Kind::Static, Stage::Preflight, sentence),
    };
    let help = if sounds_needed(name) {
        format!("add {{\"name\": \"{name}\", \"valueFrom\": \"ARN of the secret\"}} to \"secrets\"")
    } else {
        format!("add {{\"name\": \"{name}\", \"value\": \"…\"}} to \"environment\"")
    };
    let finding = finding.at(place);
    match nearest(subject, name) {
        Some((set, place)) => {
            finding.evidence(format!("{place} `{set}` is set, which is nearly the same name")).help(help)
        }
        None => finding.help(help),
    }
}

/// A variable that the task definition sets and that is spelt nearly the same.
fn nearest(subject: &Subject<'_>, name: &str) -> Option<(String, Place)> {
    let container = app::container(subject)?;
    let variables = container.environment.iter().chain(&container.secrets);
    let near = |set: &str| strsim::damerau_levenshtein(&set.to_ascii_uppercase(), &name.to_ascii_uppercase()) <= 2;
    let found = variables.into_iter().find(|variable| near(&variable.name.value))?;
    Some((found.name.value.clone(), subject.files.task_definition.source.place(found.name.spot)))
}
