//! Why the tasks of a deployment failed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::health_command::missing_program;
use super::sight::{Sight, listen_everywhere, unreachable_there};
use super::story::{ContainerStory, TaskStory};
use super::{last_lines, log_pattern};
use crate::finding::{Code, Finding, Kind, Place, Stage};

/// A container's health check as the task definition declares it, with AWS's defaults (BOTO `HealthCheck`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// The command as it is written.
    pub command: String,
    /// Between two probes.
    pub interval: Duration,
    /// Failures in a row that make it unhealthy.
    pub retries: u32,
    /// Failures within it do not count.
    pub start_period: Duration,
}

impl HealthCheck {
    /// The health check of a container definition, if it has one.
    #[must_use]
    pub fn of(container: &Value) -> Option<Self> {
        let check = container.get("healthCheck")?;
        let words = check.get("command")?.as_array()?;
        let command: Vec<&str> = words.iter().skip(1).filter_map(Value::as_str).collect();
        let seconds =
            |key: &str, default: u64| Duration::from_secs(check.get(key).and_then(Value::as_u64).unwrap_or(default));
        Some(Self {
            command: command.join(" "),
            interval: seconds("interval", 30),
            retries: check.get("retries").and_then(Value::as_u64).and_then(|it| u32::try_from(it).ok()).unwrap_or(3),
            start_period: seconds("startPeriod", 0),
        })
    }

    /// When a container that never passes is UNHEALTHY, counted from its start.
    #[must_use]
    pub fn gives_up_after(&self) -> Duration {
        self.start_period + self.interval * self.retries
    }
}

/// What is known beside the trace.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// The containers' health checks, by container.
    pub health_checks: Vec<(String, HealthCheck)>,
    /// Whether a target of the new deployment answered the load balancer's health check.
    pub answered_load_balancer: bool,
    /// How the load balancer's check of a new target failed last, in AWS's words.
    pub target_reason: Option<String>,
    /// The container and port behind the load balancer.
    pub behind_load_balancer: (String, u16),
    /// What a task that nobody stops for its health did: how long after its start it first was healthy.
    pub healthy_when_left_alone: Option<Duration>,
    /// What a look into a task that nobody stopped showed.
    pub sight: Sight,
    /// Where the task definition has each container, and its health check if it has one.
    pub places: BTreeMap<String, (Place, Option<Place>)>,
}

impl Circumstances {
    /// `finding`, at the place of `container` in the task definition.
    fn at_container(&self, finding: Finding, container: &str) -> Finding {
        match self.places.get(container) {
            Some((place, _)) => finding.at(place.clone()),
            None => finding,
        }
    }

    /// `finding`, at the place of the health check of `container`.
    fn at_health_check(&self, finding: Finding, container: &str) -> Finding {
        match self.places.get(container) {
            Some((_, Some(place))) => finding.at(place.clone()),
            Some((_, None)) | None => self.at_container(finding, container),
        }
    }
}

/// Why the tasks in `failed` failed: the worst cause that any of them shows.
#[must_use]
pub fn diagnose(stage: Stage, failed: &[TaskStory], known: &Circumstances) -> Finding {
    let causes = [not_started, out_of_memory, exited, unhealthy, unreachable];
    causes
        .iter()
        .find_map(|cause| failed.iter().find_map(|story| cause(stage, story, known)))
        .unwrap_or_else(|| unexplained(stage, failed))
}

/// The task never had containers: image, secrets or log group.
fn not_started(stage: Stage, story: &TaskStory, known: &Circumstances) -> Option<Finding> {
    let reason = story.stopped_reason.as_deref()?;
    let is_pull = reason.starts_with("CannotPullContainerError");
    let (code, sentence, help) = if is_pull && stage == Stage::RollBack {
        (Code::G05, "ECS cannot pull the image to go back to", Code::G05.entry().fix)
    } else if is_pull && reason.contains("@sha256:") {
        (
            Code::G04,
            "ECS cannot pull the image that the tag meant when the deployment began",
            "push each release under a tag of its own, and let lifecycle rules leave what runs",
        )
    } else if is_pull {
        (Code::G02, "ECS cannot pull the image", "push the image under exactly the name that the task definition says")
    } else if reason.starts_with("ResourceInitializationError") && reason.contains("secret") {
        (
            Code::C03,
            "ECS cannot resolve a secret of the task definition",
            "correct `valueFrom`, or the execution role's policy",
        )
    } else if reason.starts_with("ResourceInitializationError") && reason.contains("log") {
        (
            Code::T08,
            "ECS cannot open the log stream of the task definition",
            "create the log group, or correct `awslogs-group`",
        )
    } else {
        return None;
    };
    let finding =
        proved(stage, code, sentence.to_owned()).with_evidence([reason.to_owned()]).with_help([help.to_owned()]);
    Some(known.at_container(finding, &known.behind_load_balancer.0))
}

fn out_of_memory(stage: Stage, story: &TaskStory, known: &Circumstances) -> Option<Finding> {
    let (name, _) =
        containers(story).find(|(_, it)| it.reason.as_deref().is_some_and(|it| it.contains("OutOfMemory")))?;
    let sentence = format!("container `{name}` is killed for using more memory than the task definition grants");
    let finding = proved(stage, Code::H09, sentence)
        .with_evidence(story.stopped_reason.clone())
        .with_help(["raise `memory` in the task definition, or lower what the container uses at start".to_owned()]);
    Some(known.at_container(finding, name))
}

/// A container ended by itself.
fn exited(stage: Stage, story: &TaskStory, known: &Circumstances) -> Option<Finding> {
    let (name, container) = containers(story).find(|(_, container)| ended_by_itself(story, container))?;
    let code = container.exit_code.unwrap_or_default();
    let lines = last_lines(name, &container.lines);
    let finding = match log_pattern::read(&container.lines) {
        Some(read) => proved(stage, read.code, format!("container `{name}` {}", read.sentence))
            .with_evidence([format!("{name}: {}", read.line.trim()), format!("{name} exited with {code}")])
            .with_evidence(lines)
            .with_help([read.help]),
        None => proved(stage, Code::H12, format!("container `{name}` exits with {code} before it is healthy"))
            .with_evidence(lines)
            .with_evidence(container.reason.clone())
            .with_help(["the last lines of the container say why".to_owned()]),
    };
    Some(known.at_container(finding, name))
}

/// Exit code 143 or 137 after the task began to stop is the scheduler's doing, not the container's; and 143 of a container that
/// never started is the agent's word for a dependency that was not met.
fn ended_by_itself(story: &TaskStory, container: &ContainerStory) -> bool {
    let failed = container.started_at.is_some() && container.exit_code.is_some_and(|code| code != 0);
    let stopped_first = match (story.stopping_at, container.stopped_at) {
        (Some(stopping), Some(stopped)) => stopped <= stopping,
        (None, _) => true,
        (Some(_), None) => false,
    };
    failed && (stopped_first || story.stop_code == Some("EssentialContainerExited"))
}

/// A container's own health check gave up.
fn unhealthy(stage: Stage, story: &TaskStory, known: &Circumstances) -> Option<Finding> {
    let (name, container) = unhealthy_container(story)?;
    let check = known.health_checks.iter().find(|(of, _)| of == name).map(|(_, check)| check)?;
    let gives_up = check.gives_up_after().as_secs();
    let probe = format!("health command of {name}: `{}`", check.command);
    let output: Vec<&str> = container.health_output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = format!("its last output: {}", if output.is_empty() { "(none)".to_owned() } else { output.join("; ") });
    let finding = if let Some(missing) = missing_program(&container.health_output) {
        let sentence = format!("the health command of container `{name}` calls `{missing}`, which is not in the image");
        let finding = proved(stage, Code::H02, sentence).with_evidence([probe, said]);
        match &known.sight.works {
            Some(command) => finding
                .evidence("the command below was tried in a task of the same image: it succeeds")
                .help(format!("\"command\": {command}")),
            None => finding.help("use a command that is in the image, such as the app's own interpreter"),
        }
    } else if let Some(finding) = on_loopback_only(stage, story, known) {
        return Some(finding.with_evidence([probe, said]));
    } else if let Some(after) = known.healthy_when_left_alone {
        let needed = after.as_secs() + after.as_secs() / 2 + 1;
        proved(
            stage,
            Code::H01,
            format!(
                "container `{name}` is first healthy after {:.1} s, but its health check gives up after {gives_up} s",
                after.as_secs_f64()
            ),
        )
        .with_evidence([
            probe,
            said,
            "a task that nobody stopped became healthy: the check is right, its patience is not".to_owned(),
        ])
        .with_help([format!("set `startPeriod` of the health check to at least {needed}, or make the start quicker")])
    } else if known.answered_load_balancer {
        let (_, port) = &known.behind_load_balancer;
        proved(
            stage,
            Code::H11,
            format!("the health command of container `{name}` fails although the app serves on port {port}"),
        )
        .with_evidence([probe, said, "the load balancer's health check of the same task succeeded".to_owned()])
        .with_help(["correct `healthCheck.command` in the task definition: path, port or expected answer".to_owned()])
    } else {
        proved(
            stage,
            Code::H11,
            format!("container `{name}` never becomes healthy: its health check gives up after {gives_up} s"),
        )
        .with_evidence([probe, said])
        .with_evidence(known.target_reason.clone())
        .with_evidence(last_lines(name, &container.lines))
        .with_help(["the command's output and the container's last lines say what is missing".to_owned()])
    };
    Some(known.at_health_check(finding, name))
}

/// The container of a task that was found unhealthy before it ever was healthy.
fn unhealthy_container(story: &TaskStory) -> Option<(&String, &ContainerStory)> {
    containers(story).find(|(_, it)| it.unhealthy_at.is_some() && it.healthy_at.is_none())
}

/// The same with its story as something to be looked into further.
#[must_use]
pub fn found_unhealthy(story: &TaskStory) -> Option<(&String, Option<&ContainerStory>)> {
    unhealthy_container(story).map(|(name, container)| (name, Some(container)))
}

/// Whether the load balancer alone found a task unhealthy.
#[must_use]
pub fn is_refused_from_outside(story: &TaskStory) -> bool {
    story.stopped_reason.as_deref().is_some_and(|reason| reason.contains("ELB health checks"))
}

/// The app listens where nobody outside its container reaches it.
fn on_loopback_only(stage: Stage, story: &TaskStory, known: &Circumstances) -> Option<Finding> {
    let (container, port) = &known.behind_load_balancer;
    let addresses = known.sight.only_on_loopback(*port)?;
    let sentence = format!("container `{container}` {}", unreachable_there(&addresses, *port));
    let finding = proved(stage, Code::H04, sentence)
        .evidence("read in /proc/net/tcp of a task that nobody stopped")
        .with_evidence(story.stopped_reason.clone())
        .with_evidence(known.target_reason.clone())
        .help(listen_everywhere(*port));
    Some(known.at_container(finding, container))
}

/// Only the load balancer finds the task unhealthy.
fn unreachable(stage: Stage, story: &TaskStory, known: &Circumstances) -> Option<Finding> {
    let reason = story.stopped_reason.as_deref().filter(|_| is_refused_from_outside(story))?;
    if let Some(finding) = on_loopback_only(stage, story, known) {
        return Some(finding);
    }
    let (container, port) = &known.behind_load_balancer;
    let finding = proved(
        stage,
        Code::H05,
        format!("nothing in container `{container}` answers the load balancer on port {port}"),
    )
    .with_evidence([reason.to_owned()])
    .with_evidence(known.target_reason.clone())
    .with_evidence(story.containers.get(container).map(|it| last_lines(container, &it.lines)).unwrap_or_default())
    .with_help(["listen on 0.0.0.0 and on the port that the task definition and the target group name".to_owned()]);
    Some(known.at_container(finding, container))
}

fn unexplained(stage: Stage, failed: &[TaskStory]) -> Finding {
    let reasons = failed.iter().filter_map(|story| story.stopped_reason.clone());
    proved(stage, Code::T08, "the service did not reach a steady state".to_owned())
        .with_evidence(reasons)
        .with_help(["the trace has every event; `--report DIR` keeps it".to_owned()])
}

fn containers(story: &TaskStory) -> impl Iterator<Item = (&String, &ContainerStory)> {
    story.containers.iter()
}

fn proved(stage: Stage, code: Code, sentence: String) -> Finding {
    Finding::error(code, Kind::Proved, stage, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_cannot_be_pulled_is_somebodys_doing() {
        let reason = "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref";
        let (by_tag, by_digest) =
            (format!("{reason} r/app:1: not found"), format!("{reason} r/app@sha256:a: not found"));
        for (stage, reason, expected) in [
            (Stage::RollOut, &by_tag, Code::G02),
            (Stage::RollOut, &by_digest, Code::G04),
            // It ran before the deploy, so it has been there.
            (Stage::RollBack, &by_tag, Code::G05),
            (Stage::RollBack, &by_digest, Code::G05),
        ] {
            let story = TaskStory { stopped_reason: Some(reason.clone()), ..TaskStory::default() };
            let finding = diagnose(stage, &[story], &Circumstances::default());
            assert_eq!((finding.code, finding.stage), (expected, stage), "{finding}");
        }
    }
}
