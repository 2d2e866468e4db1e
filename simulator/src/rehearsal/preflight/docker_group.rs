//! S-03: a user of Docker is one when it is used.
//!
//! Seen with Debian 12's `usermod`: the groups of a session are those of its login; `sg` and `newgrp` begin another with the new one.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::workflow::{Command, Docker, Runs, Step};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let of = |workflow: &Workflow| {
        let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
        steps.filter_map(|step| of_step(workflow, step)).collect::<Vec<_>>()
    };
    subject.files.workflows.iter().flat_map(of).collect()
}

/// One finding per step: the first command of Docker in the session that has put the user into the group.
pub(super) fn of_step(workflow: &Workflow, step: &Step) -> Option<Finding> {
    let commands = step.commands(&workflow.source);
    let joins = commands.iter().position(|command| joins(step, command))?;
    let joined = &commands[joins];
    let later = commands[joins + 1..].iter().filter(|command| command.runs == joined.runs);
    for command in later {
        if changes_session(command) {
            return None;
        }
        let Some(docker) = Docker::of(command) else { continue };
        if docker.before.iter().any(|word| word == "sudo") {
            continue;
        }
        let sentence =
            "the first time, Docker refuses: the session began before its user was put into the group `docker`";
        let place = workflow.place(joined);
        let finding = Finding::warning(Code::S03, Kind::Static, Stage::Preflight, sentence).at(workflow.place(command));
        return Some(
            finding
                .evidence(format!("{place} {}", place.snippet))
                .help(format!("sg docker -c '{}'", command.words.join(" ")))
                .help("or put the user into the group in a session, or a step, of its own"),
        );
    }
    None
}

/// Whether a command puts the user of a session on another machine into the group.
fn joins(step: &Step, command: &Command) -> bool {
    let Runs::Elsewhere(session) = &command.runs else { return false };
    // Root needs no group.
    let user = step.with.get("username").map(|user| user.value.shown());
    if user.is_some_and(|user| user == "root") || session.ssh.iter().any(|word| word.starts_with("root@")) {
        return false;
    }
    let words: Vec<&str> = command.words.iter().map(String::as_str).skip_while(|word| *word == "sudo").collect();
    let says = |word: &str| words.contains(&word);
    match words.first().copied() {
        Some("usermod") => {
            words.iter().any(|word| word.starts_with('-') && word.ends_with('G') || *word == "--groups")
                && says("docker")
        }
        Some("gpasswd") => says("-a") && says("docker"),
        Some("adduser") => words.len() > 2 && words.last() == Some(&"docker"),
        Some(_) | None => false,
    }
}

/// Whether what follows a command may run with the group, or need it no more.
fn changes_session(command: &Command) -> bool {
    let says = |word: &str| command.words.iter().any(|said| said == word);
    ["newgrp", "sg", "su", "runuser", "reboot"].into_iter().any(says)
        || command.words.iter().any(|word| word.ends_with("docker.sock"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::preflight::tests::{step, workflow};

    fn found(lines: &str, remote: bool, rest: &str) -> Option<Finding> {
        let workflow = workflow(&step(lines, remote, rest));
        of_step(&workflow, &workflow.jobs[0].steps[0])
    }

    #[test]
    fn a_group_that_does_not_count_yet_is_found() {
        let root = "         username: root\n";
        for (lines, remote, rest, is_found) in [
            ("sudo usermod -aG docker $USER\ndocker compose up -d", true, "", true),
            ("sudo usermod -a -G docker ubuntu && docker ps", true, "", true),
            ("sudo adduser ubuntu docker\ncd /srv\ndocker compose up -d", true, "", true),
            ("sudo gpasswd -a ubuntu docker\nsudo docker ps\ndocker ps", true, "", true),
            ("ssh me@host 'sudo usermod -aG docker me && docker ps'", false, "", true),
            ("sudo usermod -aG docker $USER\nsudo docker compose up -d", true, "", false),
            ("sudo usermod -aG docker $USER\nnewgrp docker\ndocker ps", true, "", false),
            ("sudo usermod -aG docker $USER\nsg docker -c 'docker ps'", true, "", false),
            ("sudo usermod -aG docker $USER\nsudo su - $USER -c 'docker ps'\ndocker ps", true, "", false),
            ("sudo usermod -aG docker $USER\nsudo chmod 666 /var/run/docker.sock\ndocker ps", true, "", false),
            ("ssh me@host 'sudo usermod -aG docker me'\nssh me@host 'docker ps'", false, "", false),
            ("ssh root@host 'usermod -aG docker me && docker ps'", false, "", false),
            ("usermod -aG docker me\ndocker ps", true, root, false),
            ("docker ps\nsudo usermod -aG docker $USER", true, "", false),
            ("sudo usermod -aG sudo $USER\ndocker ps", true, "", false),
            // GitHub's runners have their user in the group.
            ("sudo usermod -aG docker $USER\ndocker ps", false, "", false),
        ] {
            assert_eq!(found(lines, remote, rest).is_some(), is_found, "{lines}");
        }
    }

    #[test]
    fn the_help_runs_the_command_with_the_group() {
        let found = found("sudo usermod -aG docker $USER\ndocker compose up -d", true, "").expect("it is found");
        assert_eq!(
            found.to_string(),
            "\
warning[S-03] the first time, Docker refuses: the session began before its user was put into the group `docker` (preflight)
  test.yaml:10:11   docker compose up -d
  read     test.yaml:9:11 sudo usermod -aG docker $USER
  fix      sg docker -c 'docker compose up -d'
           or put the user into the group in a session, or a step, of its own"
        );
    }
}
