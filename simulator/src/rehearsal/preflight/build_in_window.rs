//! nothing is built between the migration and the deploy of one job.
//!
//! A job that has a database beside it, or that tests between the two, migrates for its tests.

use super::Subject;
use crate::database::Engine;
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::migration_tool::migration_in;
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::workflow::{Command, Docker, Job, Runs, Step};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let of = |workflow: &Workflow| workflow.jobs.iter().filter_map(|job| of_job(workflow, job)).collect::<Vec<_>>();
    subject.files.workflows.iter().flat_map(of).collect()
}

/// What a part of a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Migrates,
    Tests,
    Builds,
    Deploys,
    BuildsAndDeploys,
}

fn of_job(workflow: &Workflow, job: &Job) -> Option<Finding> {
    // A job with a database beside it migrates that one.
    if job.services.iter().any(|service| Engine::of_image(&service.image.shown()).is_some()) {
        return None;
    }
    let acts: Vec<(Act, Place)> = job.steps.iter().flat_map(|step| acts(workflow, step)).collect();
    let migration = acts.iter().position(|(act, _)| *act == Act::Migrates)?;
    let after = &acts[migration + 1..];
    let built = after.iter().position(|(act, _)| matches!(act, Act::Builds | Act::BuildsAndDeploys))?;
    let deploys = |(act, _): &(Act, Place)| matches!(act, Act::Deploys | Act::BuildsAndDeploys);
    let (before, rest) = after.split_at(built);
    if before.iter().any(|(act, _)| *act == Act::Tests) || before.iter().any(deploys) || !rest.iter().any(deploys) {
        return None;
    }
    let (what, place) = &rest[0];
    let sentence = "something is built after the migration and before the deploy: until it is done, the running release works on the new schema";
    let help = if *what == Act::BuildsAndDeploys {
        "`docker compose build` before the migration, and `docker compose up -d` after it"
    } else {
        "build before the migration, and deploy at once after it"
    };
    Some(
        Finding::warning(Code::X11, Kind::Static, Stage::Preflight, sentence)
            .at(place.clone())
            .evidence(format!("{} {}", acts[migration].1, acts[migration].1.snippet))
            .help(help),
    )
}

fn acts(workflow: &Workflow, step: &Step) -> Vec<(Act, Place)> {
    let by_action = [
        ("docker/build-push-action", Act::Builds),
        ("docker/bake-action", Act::Builds),
        ("aws-actions/amazon-ecs-deploy-task-definition", Act::Deploys),
    ];
    let place = || workflow.source.place(step.spot);
    let action = by_action.into_iter().find(|(name, _)| step.uses(name)).map(|(_, act)| (act, place()));
    let commands = step.commands(&workflow.source);
    let by_command = commands.iter().filter_map(|command| Some((of_command(command)?, workflow.place(command))));
    action.into_iter().chain(by_command).collect()
}

fn of_command(command: &Command) -> Option<Act> {
    if command.runs == Runs::Unknown {
        return None;
    }
    let words = &command.words;
    // Options with which tools only say what they would do.
    let only_says =
        ["--sql", "--plan", "--check", "--dry-run", "--fake"].iter().any(|it| words.iter().any(|word| word == it));
    if migration_in(words).is_some() && !only_says {
        return Some(Act::Migrates);
    }
    if let Some(docker) = Docker::of(command) {
        let is_compose = docker.is_compose();
        if docker.does(&["build"]) || docker.does(&["buildx", "build"]) || docker.does(&["buildx", "bake"]) {
            return Some(Act::Builds);
        }
        if is_compose && docker.does(&["up"]) {
            return Some(if docker.says("--build") { Act::BuildsAndDeploys } else { Act::Deploys });
        }
        if docker.does(&["stack", "deploy"]) || docker.does(&["service", "update"]) {
            return Some(Act::Deploys);
        }
    }
    let deploys = [&["aws", "ecs", "update-service"][..], &["kubectl", "apply"], &["kubectl", "set", "image"]];
    if deploys.into_iter().any(|deploy| command.begins(deploy)) {
        return Some(Act::Deploys);
    }
    let tests =
        words.iter().any(|word| word.contains("test") || ["rspec", "phpunit", "tox", "nox"].contains(&word.as_str()));
    tests.then_some(Act::Tests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::preflight::tests::{step, workflow};

    fn found(steps: &str) -> Option<Finding> {
        let workflow = workflow(steps);
        of_job(&workflow, &workflow.jobs[0])
    }

    #[test]
    fn builds_between_migration_and_deploy_are_found() {
        let migrate = "docker compose run --rm app alembic upgrade head";
        for (lines, line) in [
            (format!("{migrate}\ndocker build -t x .\ndocker compose up -d"), Some(8)),
            (format!("{migrate}\ndocker compose build && docker compose up -d"), Some(8)),
            (format!("{migrate}\ndocker compose up -d --build"), Some(8)),
            (
                format!("ssh host '{migrate}'\ndocker buildx build --push .\naws ecs update-service --cluster c"),
                Some(8),
            ),
            (format!("docker build .\n{migrate}\ndocker buildx bake\ndocker stack deploy x"), Some(9)),
            (format!("docker build .\n{migrate}\ndocker compose up -d"), None),
            (format!("{migrate}\ndocker compose up -d\ndocker build ."), None),
            (format!("{migrate}\ndocker compose up -d app\ndocker build .\ndocker compose up -d other"), None),
            (format!("{migrate}\ndocker build ."), None),
            (format!("{migrate}\npytest\ndocker build .\ndocker compose up -d"), None),
            (format!("{migrate} --sql\ndocker build .\ndocker compose up -d"), None),
            ("docker build .\ndocker compose up -d".to_owned(), None),
            (format!("cat > x <<END\n{migrate}\nEND\ndocker build .\ndocker compose up -d"), None),
        ] {
            let found = found(&step(&lines, false, ""));
            assert_eq!(found.and_then(|finding| finding.place).map(|place| place.line), line, "{lines}");
        }
    }

    #[test]
    fn actions_and_other_machines_count() {
        let migrate = step("alembic upgrade head", false, "");
        let build = "      - uses: docker/build-push-action@v6\n";
        let deploy = "      - uses: aws-actions/amazon-ecs-deploy-task-definition@v2\n";
        let up = step("docker compose up -d", true, "");
        assert!(found(&format!("{migrate}{build}{deploy}")).is_some());
        assert!(found(&format!("{migrate}{build}{up}")).is_some());
        assert_eq!(found(&format!("{build}{migrate}{deploy}")), None);
        let beside = format!("{migrate}{build}{deploy}");
        let text =
            workflow(&beside).source.text.replace("    steps:", "    services: {db: {image: postgres:16}}\n    steps:");
        let source = crate::rehearsal::files::Source { name: "test.yaml".to_owned(), text };
        let tested = Workflow::parse(source).expect("it is right");
        assert_eq!(of_job(&tested, &tested.jobs[0]), None);
    }
}
