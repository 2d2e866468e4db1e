//! Gathers what a failed rollout left to be seen, and has it explained.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use simulator_core::effect::{Target, TaskId};
use simulator_core::{Event, EventKind, Timestamp};

use super::deploy::task_of;
use super::scene::{Scene, Standing};
use crate::finding::{Finding, Place, Stage};
use crate::rehearsal::diagnosis::rollout::{Circumstances, HealthCheck, cannot_run, diagnose};
use crate::rehearsal::diagnosis::{TaskStory, stories};
use crate::rehearsal::files::TaskDefinition;
use crate::rehearsal::record::Unproved;
use crate::rehearsal::session::Session;
use crate::rehearsal::task_definition;

/// A task that nobody stops for its health is watched for at most so long.
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// A rollout that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct FailedRollout<'a> {
    /// The revision that was deployed.
    pub(super) revision: &'a str,
    /// The deployment.
    pub(super) deployment: &'a str,
    /// Length of the trace when it began.
    pub(super) seen: usize,
    /// The stage that it is.
    pub(super) stage: Stage,
}

impl FailedRollout<'_> {
    /// Why it failed.
    ///
    /// # Errors
    /// If the rehearsal cannot go on.
    pub(super) async fn explain(
        self,
        session: &Session<'_>,
        scene: &Scene,
        standing: &Standing,
    ) -> Result<Finding, Unproved> {
        let Self { revision, deployment, seen, stage } = self;
        let service = &session.script.service;
        let events = scene.account.events_after(0);
        let failed: Vec<TaskStory> =
            stories(&events).into_values().filter(|story| story.started_by == deployment).collect();
        let definition = match stage {
            Stage::Baseline | Stage::RollBack => &session.input.definition_now,
            Stage::Preflight
            | Stage::Account
            | Stage::Database
            | Stage::Build
            | Stage::Push
            | Stage::Migrate
            | Stage::RollOut
            | Stage::Verify => &session.input.definition_next,
        };
        let new = new_targets(&events, seen);
        let mut known = Circumstances {
            health_checks: health_checks(definition),
            answered_load_balancer: answered(&events, &new),
            target_reason: last_reason(&events, &new),
            behind_load_balancer: (service.container.clone(), service.port),
            healthy_when_left_alone: None,
            places: places(&session.input.files.task_definition),
        };
        // Whether patience would have helped can only be seen by having it.
        let mut containers = failed.iter().flat_map(|story| story.containers.values());
        if containers.any(|it| it.unhealthy_at.is_some() && it.healthy_at.is_none() && !cannot_run(it)) {
            known.healthy_when_left_alone = left_alone(scene, standing, revision, &service.container, stage).await?;
        }
        Ok(diagnose(stage, &failed, &known))
    }
}

/// Runs a task of `revision` that no service looks after (ECS does not stop such tasks for their health), and measures how long
/// after its start `container` is healthy.
async fn left_alone(
    scene: &Scene,
    standing: &Standing,
    revision: &str,
    container: &str,
    stage: Stage,
) -> Result<Option<Duration>, Unproved> {
    let refused = |error| Standing::refused(stage, &error);
    let arn = standing.deploy.run(revision, container, &[]).await.map_err(refused)?;
    let id = task_of(&arn)?;
    let decided = scene.account.until(|world| after_start(world.events(), &id, container));
    let measured = tokio::time::timeout(LEFT_ALONE, decided).await.ok().flatten();
    standing.deploy.stop(&arn, "greenroom: measured").await.map_err(refused)?;
    Ok(measured)
}

/// `Some(Some(…))`: healthy so long after its start. `Some(None)`: it ended first. `None`: not decided yet.
fn after_start(events: &[Event], task: &TaskId, container: &str) -> Option<Option<Duration>> {
    let mut started: Option<Timestamp> = None;
    for Event { at, kind, .. } in events {
        if let EventKind::Container { task: of, container: name, status, .. } = kind
            && (of, name.as_str()) == (task, container)
        {
            match *status {
                "RUNNING" => started = started.or(Some(*at)),
                "STOPPED" => return Some(None),
                _ => {}
            }
        }
        if let EventKind::ContainerHealth { task: of, container: name, status: "HEALTHY", .. } = kind
            && (of, name.as_str()) == (task, container)
        {
            return Some(started.map(|started| at.since(started)));
        }
    }
    None
}

fn health_checks(definition: &Value) -> Vec<(String, HealthCheck)> {
    let containers = task_definition::containers(definition).iter();
    let named = containers.filter_map(|it| Some((it.get("name")?.as_str()?.to_owned(), HealthCheck::of(it)?)));
    named.collect()
}

/// Where each container and its health check stand in the task definition.
fn places(definition: &TaskDefinition) -> BTreeMap<String, (Place, Option<Place>)> {
    let place = |spot| definition.source.place(spot);
    let containers = definition.containers.iter();
    containers
        .map(|it| (it.name.value.clone(), (place(it.spot), it.health_check.as_ref().map(|check| place(check.spot)))))
        .collect()
}

/// Targets that were registered after the first `seen` entries.
fn new_targets(events: &[Event], seen: usize) -> BTreeSet<Target> {
    let recent = events.get(seen..).unwrap_or_default().iter();
    let registered = recent.filter_map(|event| {
        let EventKind::TargetHealth { target, state: "initial", .. } = &event.kind else { return None };
        Some(target.clone())
    });
    registered.collect()
}

fn answered(events: &[Event], targets: &BTreeSet<Target>) -> bool {
    events.iter().any(|event| {
        matches!(&event.kind, EventKind::TargetHealth { target, state: "healthy", .. } if targets.contains(target))
    })
}

fn last_reason(events: &[Event], targets: &BTreeSet<Target>) -> Option<String> {
    events.iter().rev().find_map(|event| {
        let EventKind::TargetHealth {
            target, state: "unhealthy" | "initial", reason: Some((code, description)), ..
        } = &event.kind
        else {
            return None;
        };
        let new = targets.contains(target);
        new.then(|| format!("load balancer's health check: {code}: {description}"))
    })
}
