//! What became of each task, folded from the trace.

use std::collections::BTreeMap;

use simulator_core::effect::TaskId;
use simulator_core::{Event, EventKind, Timestamp};

/// Lines of a container that are kept: the last ones say why it ended.
const KEPT_LINES: usize = 60;

/// What became of one task.
#[derive(Clone, Debug, Default)]
pub struct TaskStory {
    /// The deployment (`ecs-svc/…`) or whoever started it.
    pub started_by: String,
    /// `family:revision`.
    pub task_definition: String,
    /// Its last status.
    pub status: &'static str,
    /// When it first was RUNNING.
    pub running_at: Option<Timestamp>,
    /// When it began to stop.
    pub stopping_at: Option<Timestamp>,
    /// `stopCode`.
    pub stop_code: Option<&'static str>,
    /// `stoppedReason`.
    pub stopped_reason: Option<String>,
    /// Its containers, by name.
    pub containers: BTreeMap<String, ContainerStory>,
}

/// What became of one container.
#[derive(Clone, Debug, Default)]
pub struct ContainerStory {
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// Its exit code.
    pub exit_code: Option<i32>,
    /// `reason`.
    pub reason: Option<String>,
    /// Its last health: `UNKNOWN`, `HEALTHY` or `UNHEALTHY`.
    pub health: Option<&'static str>,
    /// When it was first healthy.
    pub healthy_at: Option<Timestamp>,
    /// When its health check gave up.
    pub unhealthy_at: Option<Timestamp>,
    /// What the last health probe printed.
    pub health_output: String,
    /// The last lines it wrote.
    pub lines: Vec<String>,
}

/// The stories of all tasks in `events`, by task.
#[must_use]
pub fn stories(events: &[Event]) -> BTreeMap<TaskId, TaskStory> {
    let mut stories: BTreeMap<TaskId, TaskStory> = BTreeMap::new();
    for Event { at, kind, .. } in events {
        match kind {
            EventKind::Task { task, started_by, task_definition, status, stop } => {
                let story = stories.entry(*task).or_default();
                story.started_by = started_by.to_string();
                story.task_definition = task_definition.to_string();
                story.status = status;
                if let Some(stop) = stop {
                    story.stop_code = Some(stop.code.as_str());
                    story.stopped_reason = Some(stop.reason.to_string());
                }
                match *status {
                    "RUNNING" => story.running_at = story.running_at.or(Some(*at)),
                    "DEACTIVATING" | "STOPPING" | "STOPPED" => story.stopping_at = story.stopping_at.or(Some(*at)),
                    _ => {}
                }
            }
            EventKind::Container { task, container, status, exit_code, reason } => {
                let story = container_of(&mut stories, task, container);
                story.exit_code = exit_code.or(story.exit_code);
                story.reason = reason.as_deref().map(str::to_owned).or_else(|| story.reason.take());
                match *status {
                    "RUNNING" => story.started_at = story.started_at.or(Some(*at)),
                    "STOPPED" => story.stopped_at = Some(*at),
                    _ => {}
                }
            }
            EventKind::ContainerHealth { task, container, status, output } => {
                let story = container_of(&mut stories, task, container);
                story.health = Some(status);
                story.health_output = output.to_string();
                match *status {
                    "HEALTHY" => story.healthy_at = story.healthy_at.or(Some(*at)),
                    "UNHEALTHY" => story.unhealthy_at = story.unhealthy_at.or(Some(*at)),
                    _ => {}
                }
            }
            EventKind::Logged { stream, line, .. } => {
                // `prefix/container/task` (facts: awslogs).
                let mut parts = stream.rsplitn(3, '/');
                let (Some(task), Some(container)) = (parts.next(), parts.next()) else { continue };
                let Ok(task) = task.parse() else { continue };
                let story = container_of(&mut stories, &task, container);
                if story.lines.len() == KEPT_LINES {
                    story.lines.remove(0);
                }
                story.lines.push(line.clone());
            }
            EventKind::Called { .. }
            | EventKind::NotSimulated { .. }
            | EventKind::Service { .. }
            | EventKind::Deployment { .. }
            | EventKind::Lifecycle { .. }
            | EventKind::Hook { .. }
            | EventKind::BreakerCounted { .. }
            | EventKind::Image(_)
            | EventKind::Alarm { .. }
            | EventKind::TargetHealth { .. } => {}
        }
    }
    stories
}

fn container_of<'a>(
    stories: &'a mut BTreeMap<TaskId, TaskStory>,
    task: &TaskId,
    container: &str,
) -> &'a mut ContainerStory {
    stories.entry(*task).or_default().containers.entry(container.to_owned()).or_default()
}
