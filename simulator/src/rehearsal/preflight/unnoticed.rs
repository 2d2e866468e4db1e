//! H-08: the pipeline learns what becomes of its deploy.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::rehearsal::files::workflow::{Command, Job, Workflow, commands};

/// The official action, which waits only if it is told to (its `action.yml`: "Will default to not waiting").
const ACTION: &str = "aws-actions/amazon-ecs-deploy-task-definition";
const WAITS: &str = "wait-for-service-stability";

const SILENT: &str = "the job deploys and does not wait: it succeeds although ECS rolls the deploy back";

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let jobs = |workflow: &'_ Workflow| -> Vec<Finding> {
        let all: Vec<Command> = workflow.jobs.iter().flat_map(|job| run_by(workflow, job)).collect();
        // Whoever looks at services or tasks may compare what runs with what was to run.
        let looks = |it: &Command| {
            ["describe-services", "describe-tasks"].iter().any(|operation| it.begins(&["aws", "ecs", operation]))
        };
        if all.iter().any(looks) {
            return Vec::new();
        }
        let waits = all.iter().any(|it| it.begins(&["aws", "ecs", "wait", "services-stable"]));
        let by_action = workflow.jobs.iter().flat_map(|job| by_action(workflow, job)).filter(|_| !waits);
        by_action.chain(all.iter().filter_map(|it| by_command(workflow, it, waits))).collect()
    };
    subject.files.workflows.iter().flat_map(jobs).collect()
}

/// The commands of a job's scripts.
fn run_by(workflow: &Workflow, job: &Job) -> Vec<Command> {
    let scripts = job.steps.iter().filter_map(|step| Some((step.run.as_ref()?, &step.environment)));
    scripts.flat_map(|(script, environment)| commands(&workflow.source, script, environment)).collect()
}

/// The steps that deploy a service with the action and do not wait. What only a run knows may wait.
fn by_action(workflow: &Workflow, job: &Job) -> Vec<Finding> {
    let deploys = job.steps.iter().filter(|step| {
        let action = step.uses.as_deref().and_then(|uses| uses.split_once('@'));
        action.is_some_and(|(name, _)| name == ACTION) && step.with.contains_key("service")
    });
    let silent = deploys.filter(|step| match step.with.get(WAITS) {
        Some(told) => told.value.constant().is_some_and(|told| !told.eq_ignore_ascii_case("true")),
        None => true,
    });
    let found = silent.map(|step| {
        finding(SILENT, workflow.source.place(step.spot)).help(format!("`{WAITS}: true` under `with` of this step"))
    });
    found.collect()
}

/// A command that starts a deploy of which nobody learns what becomes.
fn by_command(workflow: &Workflow, command: &Command, waits: bool) -> Option<Finding> {
    let deploys = command.option("--task-definition").is_some()
        || command.words.iter().any(|word| word == "--force-new-deployment");
    if !command.begins(&["aws", "ecs", "update-service"]) || !deploys {
        return None;
    }
    let sentence = if waits {
        "the job waits for a stable service, which it is again once ECS has rolled the deploy back: the job succeeds then, too"
    } else {
        SILENT
    };
    let wait = if waits { "" } else { "`aws ecs wait services-stable`, and then " };
    let help = format!(
        "{wait}compare what runs: `aws ecs describe-services --query \"services[0].deployments[0].[taskDefinition,rolloutState]\"`"
    );
    Some(finding(sentence, workflow.place(command)).help(help))
}

fn finding(sentence: &str, place: Place) -> Finding {
    Finding::warning(Code::H08, Kind::Static, Stage::Preflight, sentence).at(place)
}
