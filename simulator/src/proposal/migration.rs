//! Which command brings the schema up to date.

use super::found::Found;
use super::release::Release;
use super::repository::Repository;
use crate::migration_tool::migration_in;
use crate::rehearsal::files::dockerfile;
use crate::rehearsal::files::workflow::commands;
use crate::rehearsal::files::{Compose, Dockerfile, Located, Source, Spot, TaskDefinition};

/// The command, and the container that runs it where the workflow names one.
pub(super) struct Migration {
    pub(super) command: Found<Vec<String>>,
    pub(super) container: Option<Found<String>>,
}

/// Looks where migrations are run: in the workflow (one-off tasks first), in compose services, when the image or a container starts.
pub(super) fn find(
    repository: &Repository,
    release: Option<&Release<'_>>,
    compose: Option<&Compose>,
    definition: Option<&TaskDefinition>,
    dockerfile: Option<&Dockerfile>,
) -> Option<Migration> {
    let told = release.and_then(|release| release.override_command.clone()).map(|(container, command)| Migration {
        container: Some(Found { value: container, reason: command.reason.clone() }),
        command,
    });
    let alone = |command| Migration { command, container: None };
    told.or_else(|| release.and_then(of_workflow).map(alone))
        .or_else(|| compose.and_then(of_compose).map(alone))
        .or_else(|| definition.and_then(of_definition).map(alone))
        .or_else(|| dockerfile.and_then(|dockerfile| of_image(repository, dockerfile)).map(alone))
}

fn of_workflow(release: &Release<'_>) -> Option<Found<Vec<String>>> {
    let workflow = release.workflow;
    let own = release.job.steps.iter();
    // Jobs that only test migrate, too, and say how; the one that deploys says it better.
    let others = workflow.jobs.iter().filter(|job| job.id != release.job.id).flat_map(|job| &job.steps);
    own.chain(others).flat_map(|step| step.commands(&workflow.source)).find_map(|command| {
        Some(Found::at(migration_in(&command.words)?, &workflow.source, command.line, "a command of the workflow"))
    })
}

fn of_compose(compose: &Compose) -> Option<Found<Vec<String>>> {
    compose.services.iter().find_map(|service| {
        let found = among(&compose.source, service.command.as_deref()?)?;
        let what = format!("the command of service `{}`", service.name.value);
        Some(Found::new(found.value, &compose.source, found.spot, &what))
    })
}

fn of_definition(definition: &TaskDefinition) -> Option<Found<Vec<String>>> {
    definition.containers.iter().find_map(|container| {
        let found = among(&definition.source, container.command.as_deref()?)?;
        let what = format!("the command of container `{}`", container.name.value);
        Some(Found::new(found.value, &definition.source, found.spot, &what))
    })
}

fn of_image(repository: &Repository, dockerfile: &Dockerfile) -> Option<Found<Vec<String>>> {
    for (command, what) in [(&dockerfile.entrypoint, "ENTRYPOINT"), (&dockerfile.command, "CMD")] {
        let Some(command) = command else { continue };
        let words = match command {
            dockerfile::Command::Exec(words) => words.clone(),
            dockerfile::Command::Shell(line) => vec![line.clone()],
        };
        if let Some(found) = among(&dockerfile.source, &words) {
            return Some(Found::new(found.value, &dockerfile.source, found.spot, what));
        }
        let named = |script: &&Source| {
            let file = script.name.rsplit('/').next().unwrap_or_default();
            words.iter().any(|word| word.value.split([' ', '/']).any(|part| part == file))
        };
        let started = repository.scripts.iter().filter(named).find_map(|script| {
            let text = Located { value: script.text.clone(), spot: Spot { line: 1, column: 1 } };
            let what = format!("the script of {what}");
            commands(script, &text, &std::collections::BTreeMap::new())
                .iter()
                .find_map(|command| Some(Found::at(migration_in(&command.words)?, script, command.line, &what)))
        });
        if started.is_some() {
            return started;
        }
    }
    None
}

/// The migration among the words of a command, one of which may be a shell's line.
fn among(source: &Source, words: &[Located<String>]) -> Option<Located<Vec<String>>> {
    let first = words.first()?;
    let plain: Vec<String> = words.iter().map(|word| word.value.clone()).collect();
    let lines = words.iter().filter(|word| word.value.contains(' ')).find_map(|line| {
        commands(source, line, &std::collections::BTreeMap::new())
            .iter()
            .find_map(|command| Some(Located { value: migration_in(&command.words)?, spot: line.spot }))
    });
    lines.or_else(|| Some(Located { value: migration_in(&plain)?, spot: first.spot }))
}
