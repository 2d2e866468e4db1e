//! `[files]`, and the smoke requests of a repository that has none.

use super::Chosen;
use crate::proposal::document::{Entry, Section};
use crate::proposal::found::{Found, assumed, open};

pub(super) fn section(chosen: &Chosen<'_>) -> Section {
    let repository = chosen.repository;
    let mut choices = Vec::new();
    let mut several = |what: &str, names: Vec<&str>| {
        if let [first, others @ ..] = &names[..]
            && !others.is_empty()
        {
            choices.push(format!("chosen: the {what} {first}, not {}", others.join(", nor ")));
        }
    };
    let first = |chosen: Option<&str>, all: Vec<&'_ str>| -> Vec<String> {
        let others = all.into_iter().filter(|name| Some(*name) != chosen);
        chosen.into_iter().chain(others).map(str::to_owned).collect()
    };
    let is_anothers = |name: &str| {
        chosen.others.iter().filter_map(|other| other.definition).any(|(definition, _)| definition.source.name == name)
    };
    let definitions = repository.task_definitions.iter().map(|file| file.source.name.as_str());
    let definitions = definitions.filter(|name| !is_anothers(name)).collect();
    let definitions = first(chosen.definition.map(|file| file.source.name.as_str()), definitions);
    several("task definition", definitions.iter().map(String::as_str).collect());
    let composes = repository.composes.iter().map(|file| file.source.name.as_str()).collect();
    let composes = first(chosen.compose.map(|file| file.source.name.as_str()), composes);
    several("compose file", composes.iter().map(String::as_str).collect());
    let dockerfiles = repository.dockerfiles.iter().map(|file| file.source.name.as_str()).collect();
    let dockerfiles = first(chosen.dockerfile.map(|file| file.source.name.as_str()), dockerfiles);
    several("Dockerfile", dockerfiles.iter().map(String::as_str).collect());

    let there = |name: &str| Some(Found { value: name.to_owned(), reason: "it is there".to_owned() });
    let mut entries = vec![Entry::text("dockerfile", dockerfiles.first().and_then(|name| there(name)), || {
        open("Dockerfile", "how the app's image is built")
    })];
    let is_built_here =
        chosen.app.and_then(|app| app.build.as_ref()).map(|build| &build.dockerfile) == dockerfiles.first();
    if let Some((directory, _)) = dockerfiles.first().and_then(|name| name.rsplit_once('/'))
        && !is_built_here
    {
        entries.push(Entry::text("context", None, || assumed(directory, "where the Dockerfile is")));
    }
    if let Some(name) = composes.first() {
        entries.push(Entry::text("compose", there(name), || open(name, "")));
    }
    let advice = "what `aws ecs describe-task-definition` prints, or `register-task-definition` takes, in a file";
    entries.push(Entry::text("task-definition", definitions.first().and_then(|name| there(name)), || {
        let unknown = chosen.release().and_then(|release| release.task_definition.as_ref());
        let advice = unknown.map_or(advice.to_owned(), |found| {
            format!("the workflow names `{}` ({}), which is not here: {advice}", found.value, found.reason)
        });
        open("task-definition.json", &advice)
    }));
    let smoke = repository.smoke.then(|| there("smoke.json")).flatten();
    entries.push(Entry::text("smoke", smoke, || assumed("smoke.json", "`greenroom init` writes one request to it")));
    if repository.security_groups {
        let found = there("security-groups.json");
        entries.push(Entry::text("security-groups", found, || open("security-groups.json", "")));
    }
    Section { name: "files", choices, entries, is_optional: false }
}

/// Requests that show no more than that the app is healthy.
pub(super) fn smoke(path: &str) -> String {
    let request = serde_json::json!({
        "smoke": [{"name": "the app is healthy", "method": "GET", "path": path, "expect": {"status": 200}}],
    });
    format!("{request:#}\n")
}
