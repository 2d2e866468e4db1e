//! Gathers what a failed rollout left to be seen, and has it explained.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use serde_json::Value;
use simulator_core::effect::{Target, TaskId};
use simulator_core::{Event, EventKind, Timestamp};

use super::deploy::task_of;
use super::scene::{Scene, Standing};
use crate::finding::{Finding, Place, Stage};
use crate::rehearsal::diagnosis::health_command::missing_program;
use crate::rehearsal::diagnosis::rollout::{
    Circumstances, HealthCheck, diagnose, found_unhealthy, is_refused_from_outside,
};
use crate::rehearsal::diagnosis::sight::{Sight, look};
use crate::rehearsal::diagnosis::{TaskStory, stories};
use crate::rehearsal::files::TaskDefinition;
use crate::rehearsal::record::Unproved;
use crate::rehearsal::session::Session;
use crate::rehearsal::task_definition;

/// A task that nobody stops for its health is watched for at most so long.
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// One that has been healthy, or has ended, may be looked into for so long.
const LAST_LOOK: Duration = Duration::from_secs(3);

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
            sight: Sight::default(),
            places: places(&session.input.files.task_definition),
        };
        // Whether patience would have helped can only be seen by having it, and what the app listens on only while it runs.
        let found = failed.iter().find_map(found_unhealthy);
        if found.is_some() || failed.iter().any(is_refused_from_outside) {
            let (name, story) = found.unwrap_or((&service.container, None));
            let check = known.health_checks.iter().find(|(of, _)| of == name).map(|(_, check)| check.command.clone());
            let output = story.map(|story| story.health_output.clone()).unwrap_or_default();
            let asked = Asked { name, check: check.unwrap_or_default(), output, port: service.port };
            let alone = left_alone(scene, standing, (revision, &service.container), &asked, stage).await?;
            known.healthy_when_left_alone = alone.healthy_after;
            known.sight = alone.sight;
        }
        Ok(diagnose(stage, &failed, &known))
    }
}

/// What is asked of a task that is left alone.
struct Asked<'a> {
    /// The container that failed.
    name: &'a str,
    /// Its health command.
    check: String,
    /// What that printed last.
    output: String,
    /// The port on which the load balancer asks.
    port: u16,
}

/// What a task did that nobody stopped for its health.
#[derive(Debug, Default)]
struct LeftAlone {
    /// How long after its start it was healthy.
    healthy_after: Option<Duration>,
    /// What a look into it showed.
    sight: Sight,
}

/// Runs a task of `revision` that no service looks after (ECS does not stop such tasks for their health), measures how long after its
/// start `container` is healthy, and looks into it meanwhile.
async fn left_alone(
    scene: &Scene,
    standing: &Standing,
    (revision, container): (&str, &str),
    asked: &Asked<'_>,
    stage: Stage,
) -> Result<LeftAlone, Unproved> {
    let refused = |error| Standing::refused(stage, &error);
    let arn = standing.deploy.run(revision, container, &[]).await.map_err(refused)?;
    let id = task_of(&arn)?;
    // What calls a program that is not there is not healthy later either.
    let is_hopeless = missing_program(&asked.output).is_some();
    let deciding = async {
        let decided = scene.account.until(|world| after_start(world.events(), &id, container));
        tokio::time::timeout(LEFT_ALONE, decided).await.ok().flatten()
    };
    let inside = scene.containers.inside(id, asked.name);
    let looking = look(&inside, asked.port, (&asked.check, &asked.output));
    let looking = tokio::time::timeout(LEFT_ALONE, looking);
    let alone = match select(pin!(deciding), pin!(looking)).await {
        Either::Left((healthy_after, looking)) => {
            let seen = tokio::time::timeout(LAST_LOOK, looking).await;
            LeftAlone { healthy_after, sight: seen.ok().and_then(Result::ok).unwrap_or_default() }
        }
        Either::Right((seen, deciding)) => {
            let sight = seen.unwrap_or_default();
            let is_decided = is_hopeless || sight.only_on_loopback(asked.port).is_some();
            LeftAlone { healthy_after: if is_decided { None } else { deciding.await }, sight }
        }
    };
    standing.deploy.stop(&arn, "greenroom: measured").await.map_err(refused)?;
    Ok(alone)
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
