//! S-05: variables reach what sudo runs.
//!
//! Seen on sudo 1.9 with its own default, `env_reset`: what is exported, or written before `sudo`, does not arrive. `-E`, `--preserve-env`
//! and assignments after `sudo` do. A variable that the shell itself replaces (`-e TAG=$TAG`) needs no environment.

use std::collections::BTreeSet;

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::workflow::{Command, Docker, Runs, Step, is_name};
use crate::rehearsal::files::{Compose, Workflow, references};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let of = |workflow: &Workflow| of_workflow(workflow, subject.files.compose.as_ref());
    subject.files.workflows.iter().flat_map(of).collect()
}

pub(super) fn of_workflow(workflow: &Workflow, compose: Option<&Compose>) -> Vec<Finding> {
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    steps.flat_map(|step| of_step(workflow, step, compose)).collect()
}

fn of_step(workflow: &Workflow, step: &Step, compose: Option<&Compose>) -> Vec<Finding> {
    let commands = step.commands(&workflow.source);
    let mut findings = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let Some(docker) = Docker::of(command) else { continue };
        let Some(at) = docker.before.iter().position(|word| word == "sudo") else { continue };
        let (outside, inside) = (&docker.before[..at], &docker.before[at + 1..]);
        let mut set = set_before(step, &commands[..index], command);
        set.extend(assigned(outside));
        let lost: Vec<&str> =
            set.into_iter().filter(|name| !passes(inside, name)).filter(|name| needs(&docker, compose, name)).collect();
        if !lost.is_empty() {
            findings.push(dropped(workflow, command, &docker, &lost, compose));
        }
    }
    findings
}

/// The variables that are in the environment where `command` runs.
fn set_before<'a>(step: &'a Step, before: &'a [Command], command: &Command) -> BTreeSet<&'a str> {
    let mut set = BTreeSet::new();
    match &command.runs {
        Runs::Here => set.extend(step.environment.keys().map(String::as_str)),
        // What the action is told to pass on.
        Runs::Elsewhere(session) if session.ssh.is_empty() => {
            let passed = step.with.get("envs").and_then(|envs| envs.value.constant());
            set.extend(passed.into_iter().flat_map(|names| names.split(',')).map(str::trim));
        }
        Runs::Elsewhere(_) | Runs::Unknown => {}
    }
    let exports = before.iter().filter(|it| it.runs == command.runs && it.begins(&["export"]));
    for export in exports {
        set.extend(export.words.iter().skip(1).map(|word| word.split('=').next().unwrap_or_default()));
    }
    set
}

/// The names of the assignments among `words`.
fn assigned(words: &[String]) -> impl Iterator<Item = &str> {
    words.iter().filter_map(|word| word.split_once('=')).map(|(name, _)| name).filter(|name| is_name(name))
}

/// Whether sudo, with these words between it and the program, passes a variable on.
fn passes(words: &[String], name: &str) -> bool {
    let option = |word: &String| match word.strip_prefix("--") {
        Some(long) => {
            long == "preserve-env"
                || long.strip_prefix("preserve-env=").is_some_and(|names| names.split(',').any(|it| it == name))
        }
        None => word.starts_with('-') && word.contains('E'),
    };
    words.iter().any(option) || assigned(words).any(|it| it == name)
}

/// Whether what Docker is told takes a variable from the environment.
fn needs(docker: &Docker<'_>, compose: Option<&Compose>, name: &str) -> bool {
    let mut words = docker.words.iter();
    while let Some(word) = words.next() {
        // Without a value, it is taken from the environment (`docker run --help`).
        let takes = ["-e", "--env", "--build-arg"].contains(&word.as_str());
        if takes && words.next().is_some_and(|taken| taken == name) {
            return true;
        }
    }
    if !docker.is_compose() || !docker.option(["--env-file", "--env-file"]).is_empty() {
        return false;
    }
    compose.is_some_and(|compose| is_read(docker, compose) && refers(compose, name))
}

/// Whether Compose reads this file.
fn is_read(docker: &Docker<'_>, compose: &Compose) -> bool {
    const DEFAULTS: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let (own, named) = (last(&compose.source.name), docker.option(["-f", "--file"]));
    if named.is_empty() { DEFAULTS.contains(&own.as_str()) } else { named.into_iter().any(|name| last(name) == own) }
}

fn refers(compose: &Compose, name: &str) -> bool {
    let lines = compose.source.text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let from_shell = compose.services.iter().flat_map(|service| &service.environment).filter(|it| it.value.is_none());
    lines.into_iter().flat_map(references).any(|reference| reference.name == name)
        || from_shell.into_iter().any(|setting| setting.name.value == name)
}

fn dropped(
    workflow: &Workflow,
    command: &Command,
    docker: &Docker<'_>,
    lost: &[&str],
    compose: Option<&Compose>,
) -> Finding {
    let names: Vec<String> = lost.iter().map(|name| format!("`{name}`")).collect();
    let sentence = format!("sudo drops {}, which the script sets for Docker", names.join(", "));
    let after = &command.words[docker.before.len()..];
    let outside: Vec<&str> = docker.before.iter().map(String::as_str).filter(|word| *word != "sudo").collect();
    let options = outside.iter().map(|word| format!("{word} ")).collect::<String>();
    let (assignments, options) = if options.starts_with('-') { ("", options.as_str()) } else { (options.as_str(), "") };
    let help = format!("{assignments}sudo {options}--preserve-env={} {}", lost.join(","), after.join(" "));
    let finding =
        Finding::warning(Code::S05, Kind::Static, Stage::Preflight, sentence).at(workflow.place(command)).help(help);
    match compose.filter(|_| docker.is_compose()) {
        Some(compose) => {
            let required: Vec<String> = lost.iter().map(|name| format!("`${{{name}:?}}`")).collect();
            finding.help(format!(
                "and {} in {}, so that Compose refuses to go on without",
                required.join(", "),
                compose.source.name
            ))
        }
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::Source;
    use crate::rehearsal::preflight::tests::{step, workflow};

    const COMPOSE: &str = "\
services:
  app:
    image: app:${TAG:-latest}
    # not ${COMMENT}
    environment: [PASSWORD, \"MODE=live\"]
";

    fn findings(steps: &str) -> Vec<Finding> {
        let source = Source { name: "deploy/compose.yaml".to_owned(), text: COMPOSE.to_owned() };
        of_workflow(&workflow(steps), Some(&Compose::parse(source).expect("it is right")))
    }

    #[test]
    fn variables_that_sudo_drops_are_found() {
        let env = "        env: {TAG: 1, COMMENT: 2, MODE: 3}\n";
        let envs = "         envs: TAG, OTHER\n";
        for (lines, remote, rest, is_found) in [
            ("sudo docker compose up -d", false, env, true),
            ("sudo docker-compose -f compose.yaml up -d", false, env, true),
            ("sudo -u deploy docker compose up -d", false, env, true),
            ("export TAG=$GITHUB_SHA\nsudo docker compose up -d", false, "", true),
            ("export PASSWORD\nsudo docker compose up -d", false, "", true),
            ("TAG=1 sudo docker compose up -d", false, "", true),
            ("ssh host 'export TAG=1; sudo docker compose up'", false, "", true),
            ("export TAG=1\nsudo docker compose up", true, "", true),
            ("sudo docker compose up", true, envs, true),
            ("sudo docker run -e TAG app", false, env, true),
            ("sudo docker build --build-arg TAG .", false, env, true),
            ("docker compose up -d", false, env, false),
            ("sudo -E docker compose up -d", false, env, false),
            ("sudo -nE docker compose up -d", false, env, false),
            ("sudo --preserve-env docker compose up", false, env, false),
            ("sudo --preserve-env=A,TAG docker compose up", false, env, false),
            ("sudo TAG=$TAG docker compose up", false, env, false),
            ("sudo env TAG=$TAG docker compose up", false, env, false),
            ("sudo docker compose --env-file live.env up", false, env, false),
            ("sudo docker compose -f other.yaml up", false, env, false),
            ("sudo docker run -e TAG=$TAG app", false, env, false),
            ("sudo docker ps", false, env, false),
            ("sudo docker compose up", false, "        env: {COMMENT: 1, MODE: 2}\n", false),
            // What the runner's steps see, another machine does not.
            ("ssh host 'sudo docker compose up'", false, env, false),
            ("export TAG=1\nssh host 'sudo docker compose up'", false, "", false),
            ("ssh host 'export TAG=1'\nssh host 'sudo docker compose up'", false, "", false),
            ("TAG=1\nsudo docker compose up", false, "", false),
        ] {
            let found = findings(&step(lines, remote, rest));
            assert_eq!(found.len(), usize::from(is_found), "{lines}: {found:?}");
        }
    }

    #[test]
    fn the_help_passes_them_on() {
        let found = findings(&step("export PASSWORD=x TAG=1\nsudo -n docker compose up -d", false, ""));
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["\
warning[S-05] sudo drops `PASSWORD`, `TAG`, which the script sets for Docker (preflight)
  test.yaml:8:11   sudo -n docker compose up -d
  fix      sudo -n --preserve-env=PASSWORD,TAG docker compose up -d
           and `${PASSWORD:?}`, `${TAG:?}` in deploy/compose.yaml, so that Compose refuses to go on without"]
        );
    }
}
