//! G-06: hosts get rid of old images, as far as the workflows say. What a host does by itself is not known.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::workflow::{Command, Docker, Runs, Step};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    of_workflows(&subject.files.workflows)
}

/// One finding per workflow, at its first pull on a host.
fn of_workflows(workflows: &[Workflow]) -> Vec<Finding> {
    // Another workflow may clean up, at night for example.
    let clean_up = |workflow: &Workflow| workflow.commands().any(|command| removes(&command));
    let all: Vec<bool> = workflows.iter().map(clean_up).collect();
    let of = |(index, workflow): (usize, &Workflow)| {
        let elsewhere = all.iter().enumerate().any(|(other, cleans)| *cleans && other != index);
        let mut steps = workflow.jobs.iter().flat_map(|job| &job.steps);
        if elsewhere { None } else { steps.find_map(|step| of_step(workflow, step, all[index])) }
    };
    workflows.iter().enumerate().filter_map(of).collect()
}

fn of_step(workflow: &Workflow, step: &Step, removes_somewhere: bool) -> Option<Finding> {
    let commands = step.commands(&workflow.source);
    let pull = commands.iter().find(|command| matches!(command.runs, Runs::Elsewhere(_)) && fetches(command))?;
    let session = || commands.iter().filter(|command| command.runs == pull.runs);
    let removal = session().position(removes);
    let fetched = session().position(|command| command == pull)?;
    let (sentence, removal) = match removal {
        None if removes_somewhere => return None,
        None => ("every deploy brings another image to the host, and no workflow removes the old ones", None),
        Some(at) if at < fetched => return None,
        Some(at) => {
            let removal = session().nth(at)?;
            if !is_left_out(workflow, session(), pull, removal) {
                return None;
            }
            let sentence = "the old images are removed after the pull: a deploy that fails before that leaves its own, and the next pull finds less room";
            (sentence, Some(workflow.place(removal)))
        }
    };
    let finding = Finding::warning(Code::G06, Kind::Static, Stage::Preflight, sentence).at(workflow.place(pull));
    Some(
        finding
            .with_evidence(removal.map(|place| format!("{place} {}", place.snippet)))
            .help("before it: `docker image prune -af`, which leaves what a container uses (with `--filter \"until=168h\"` the last week's, too)"),
    )
}

/// Whether the session ends before the removal where something fails.
fn is_left_out<'a>(
    workflow: &Workflow,
    mut session: impl Iterator<Item = &'a Command>,
    pull: &Command,
    removal: &Command,
) -> bool {
    let stops = |command: &Command| {
        command.words.first().is_some_and(|word| word == "set")
            && command.words.iter().skip(1).any(|word| word.starts_with('-') && word.contains('e') || word == "errexit")
    };
    let line = workflow.source.text.lines().nth(pull.line.saturating_sub(1)).unwrap_or_default();
    session.any(stops) || (pull.line == removal.line && line.contains("&&") && !line.contains(';'))
}

/// Whether a command brings an image to the machine where it runs.
fn fetches(command: &Command) -> bool {
    Docker::of(command).is_some_and(|docker| {
        let told = |option: &str| docker.is_compose() && docker.does(&["up"]) && docker.says(option);
        let always = docker.words.windows(2).any(|words| words[0] == "--pull" && words[1] == "always");
        docker.does(&["pull"])
            || docker.does(&["build"])
            || told("--build")
            || told("--pull=always")
            || (told("--pull") && always)
    })
}

/// Whether a command removes images, or runs something of which nothing is known.
fn removes(command: &Command) -> bool {
    let says = |text: &str| command.words.iter().any(|word| word == text);
    says("prune")
        || says("rmi")
        || (says("image") && says("rm"))
        || says("--rmi")
        || says("gc")
        || command.runs_a_script()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::preflight::tests::{step, workflow};

    fn found(lines: &str, remote: bool) -> Vec<String> {
        let findings = of_workflows(&[workflow(&step(lines, remote, ""))]);
        findings.iter().map(|finding| finding.sentence.split(' ').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn hosts_that_only_ever_get_images_are_found() {
        let (never, late): (&[&str], &[&str]) = (&["every"], &["the"]);
        for (lines, remote, expected) in [
            ("docker compose pull\ndocker compose up -d", true, never),
            ("docker pull x:${{ github.sha }}\ndocker run -d x", true, never),
            ("git pull\ndocker compose up -d --build", true, never),
            ("docker compose up -d --pull always", true, never),
            ("ssh host 'docker compose pull && docker compose up -d'", false, never),
            ("ssh host <<END\ndocker-compose pull\nEND", false, never),
            ("set -e\ndocker compose pull\ndocker compose up -d\ndocker image prune -af", true, late),
            ("set -euo pipefail\ndocker compose pull\ndocker system prune -af", true, late),
            ("docker compose pull && docker compose up -d && docker image prune -af", true, late),
            ("docker image prune -af\ndocker compose pull\ndocker compose up -d", true, &[]),
            ("docker system prune -a -f --filter until=24h && docker compose pull", true, &[]),
            // Whatever fails, it is reached.
            ("docker compose pull\ndocker compose up -d\ndocker image prune -af", true, &[]),
            ("docker compose pull && docker compose up -d; docker image prune -af", true, &[]),
            ("docker compose pull\ndocker images -q | xargs docker rmi", true, &[]),
            ("ssh host 'docker image prune -f'\nssh host 'docker compose pull'", false, &[]),
            ("docker compose pull\n./after.sh", true, &[]),
            ("docker compose up -d", true, &[]),
            ("docker compose pull", false, &[]),
            ("cat > x <<END\ndocker compose pull\nEND", false, &[]),
        ] {
            assert_eq!(found(lines, remote), expected, "{lines}");
        }
    }

    #[test]
    fn another_workflow_may_clean_up() {
        let deploy = workflow(&step("docker compose pull", true, ""));
        let nightly = workflow(&step("docker system prune -af", true, ""));
        assert_eq!(of_workflows(&[deploy, nightly]), []);
    }
}
