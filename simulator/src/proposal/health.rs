//! The path that says whether the app is healthy: whatever asks it over HTTP already.

use super::found::Found;
use super::release::Release;
use crate::rehearsal::files::compose::Service;
use crate::rehearsal::files::task_definition::Container;
use crate::rehearsal::files::{Compose, Dockerfile, TaskDefinition};

/// Parts of a path that say that it is asked for health.
const WORDS: [&str; 6] = ["health", "ready", "live", "ping", "status", "up"];

/// Where health is asked: the container's health check, the compose service's, the Dockerfile's, and requests that a workflow makes.
pub(super) fn path(
    definition: Option<(&TaskDefinition, &Container)>,
    compose: Option<(&Compose, &Service)>,
    dockerfile: Option<&Dockerfile>,
    release: Option<&Release<'_>>,
) -> Option<Found<String>> {
    let of_container = definition.and_then(|(definition, container)| {
        let check = container.health_check.as_ref()?;
        let (word, path) = check.command.iter().find_map(|word| Some((word, path_of(&word.value)?)))?;
        Some(Found::new(path, &definition.source, word.spot, "the container's health check"))
    });
    let of_service = compose.and_then(|(compose, service)| {
        let check = service.health_check.as_ref()?;
        let (word, path) = check.test.iter().find_map(|word| Some((word, path_of(&word.value)?)))?;
        Some(Found::new(path, &compose.source, word.spot, "the service's health check"))
    });
    let of_image = dockerfile.and_then(|dockerfile| {
        let first = dockerfile.health_check?.line;
        // The instruction goes on while its lines end with a backslash.
        let mut lines = dockerfile.source.text.lines().enumerate().skip(first.saturating_sub(1));
        lines
            .by_ref()
            .take(4)
            .find_map(|(at, line)| Some(Found::at(path_of(line)?, &dockerfile.source, at + 1, "HEALTHCHECK")))
    });
    let of_workflow = release.and_then(|release| {
        let workflow = release.workflow;
        let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
        let commands = steps.flat_map(|step| step.commands(&workflow.source));
        commands.filter(|command| command.words.iter().any(|word| word == "curl" || word == "wget")).find_map(
            |command| {
                let path = command.words.iter().find_map(|word| path_of(word)).filter(|path| is_about_health(path))?;
                Some(Found::at(path, &workflow.source, command.line, "a request of the workflow"))
            },
        )
    });
    of_container.or(of_service).or(of_image).or(of_workflow)
}

fn is_about_health(path: &str) -> bool {
    WORDS.iter().any(|word| path.contains(word))
}

/// The path of the first URL in a text, if it has one.
fn path_of(text: &str) -> Option<String> {
    let rest = text.split_once("http://").or_else(|| text.split_once("https://"))?.1;
    let path = &rest[rest.find(['/', ' ', '"', '\'', '|', ')'])?..];
    let path = path.split([' ', '"', '\'', '|', ')', ']', ',', ';', '?']).next()?;
    path.starts_with('/').then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn paths_are_found_in_urls() {
        for (text, path) in [
            ("/app/healthcheck http://127.0.0.1:8000/healthz || exit 1", Some("/healthz")),
            ("curl -f http://localhost/", Some("/")),
            ("curl -f http://localhost", None),
            ("HEALTHCHECK CMD [\"curl\", \"-f\", \"http://localhost:80/up\"]", Some("/up")),
            ("import urllib.request as r; r.urlopen('https://localhost:8000/a/b?c=1')", Some("/a/b")),
            ("pg_isready", None),
        ] {
            assert_eq!(path_of(text).as_deref(), path, "{text}");
        }
    }
}
