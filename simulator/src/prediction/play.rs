//! The deploy in virtual time.

use std::time::Duration;

use serde_json::{Value, json};
use simulator_core::virtual_time::{Ended, Script, VirtualTime};
use simulator_core::{Caller, Event, EventKind, Refusal, Timestamp, World};
use thiserror::Error;

use super::outcome::{Prediction, outcome};
use crate::service;
use crate::wire::Row;

/// What has neither completed nor failed after this long never will, but for the bakes that a service configures: the back-off between
/// starts grows to 15 minutes, the circuit breaker counts at most 200 failures of tasks that are started side by side, and a lifecycle
/// stage lasts a day at most.
const PATIENCE: Duration = Duration::from_secs(25 * 3600);

/// A deploy to be played.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The container behind the load balancer.
    pub container: String,
    /// How many tasks it is to have.
    pub desired: u32,
    /// The input of RegisterTaskDefinition for what runs now.
    pub now: Value,
    /// The same for what would be deployed.
    pub next: Value,
}

/// Why a deploy could not be played.
#[derive(Debug, Error)]
pub enum PlayError {
    /// AWS would refuse a call.
    #[error("AWS refuses {operation}: {refusal}")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// AWS's words.
        refusal: Refusal,
    },
    /// What runs now does not come up in virtual time, so that there is nothing to deploy over.
    #[error("what runs now does not reach a steady state in virtual time: {why}")]
    Baseline {
        /// How it ended.
        why: String,
    },
    /// The World does not get on, which is our bug.
    #[error("virtual time does not pass at {at}")]
    Stuck {
        /// When.
        at: Timestamp,
    },
}

/// Plays `deploy` in `world`, which has the service, while containers do what `script` says. Answers the World as it is then, too.
///
/// # Errors
/// See [`PlayError`]; a deploy that fails is a prediction.
pub fn predict(world: World, script: Script, deploy: &Deploy) -> Result<(Prediction, World), PlayError> {
    let up = up(&script, &deploy.next);
    let mut play = Play::new(world, script);
    let next = play.stand(deploy)?;
    let seen = play.world.events().len();
    let began = play.world.now();
    let deployment = play.update(deploy, &next)?;
    // What a rollback brings back belongs to the outcome.
    play.run_until_over(deploy, seen, &deployment)?;
    let mut prediction = outcome(&play.world, seen, began, &deployment, deploy);
    if let Some(killed) = &mut prediction.killed_starting {
        killed.up = up;
    }
    Ok((prediction, play.world))
}

/// After how long the slowest container of `definition`, the input of RegisterTaskDefinition, is up by `script`.
fn up(script: &Script, definition: &Value) -> Option<Duration> {
    let containers = definition.pointer("/containerDefinitions").and_then(Value::as_array);
    let said = containers.into_iter().flatten().flat_map(|container| {
        let text = |key| container.get(key).and_then(Value::as_str).unwrap_or_default();
        script.said_of(text("image"), text("name"))
    });
    said.filter_map(|behaviour| behaviour.healthy.max(behaviour.serves)).max()
}

/// How long a deployment of the service that `deploy` is about may take: as long as everything else, and its bakes.
pub(crate) fn patience(world: &World, deploy: &Deploy) -> Duration {
    let service = world.ecs().service(&deploy.cluster, &deploy.service);
    let minutes = service.map_or(0, |service| {
        let shifting = &service.configuration.shifting;
        let steps: u32 = shifting.strategy.steps().iter().map(|(_, minutes)| minutes).sum();
        steps.saturating_add(shifting.bake_minutes.unwrap_or_default())
    });
    PATIENCE + Duration::from_secs(60) * minutes
}

/// What runs now in a steady state in `world`: the World and the time as they are then, and the ARN of the revision that would be
/// deployed.
///
/// # Errors
/// See [`PlayError`].
pub(crate) fn stand(world: World, script: Script, deploy: &Deploy) -> Result<(World, VirtualTime, String), PlayError> {
    let mut play = Play::new(world, script);
    let next = play.stand(deploy)?;
    Ok((play.world, play.time, next))
}

struct Play {
    world: World,
    time: VirtualTime,
    caller: Caller,
    operations: Vec<Row>,
}

impl Play {
    fn new(world: World, script: Script) -> Self {
        let caller = world.root();
        let operations = service::ecs::service().operations;
        Self { world, time: VirtualTime::new(script), caller, operations }
    }

    /// Brings what runs now into a steady state, and answers the ARN of the revision that would be deployed.
    fn stand(&mut self, deploy: &Deploy) -> Result<String, PlayError> {
        let before = self.register(&deploy.now)?;
        let seen = self.world.events().len();
        let deployment = self.update(deploy, &before)?;
        let why = match self.run_until_over(deploy, seen, &deployment)? {
            Ended::Reached => match ending(self.after(seen), &deployment) {
                Some((_, false, reason)) => reason.to_owned(),
                Some((_, true, _)) | None => return self.register(&deploy.next),
            },
            Ended::Quiet | Ended::Late | Ended::Stuck(_) => "its deployment does not end".to_owned(),
        };
        Err(PlayError::Baseline { why })
    }

    fn register(&mut self, definition: &Value) -> Result<String, PlayError> {
        let answer = self.call("RegisterTaskDefinition", definition.clone())?;
        Ok(text_at(&answer, "/taskDefinition/taskDefinitionArn"))
    }

    /// Answers the id of the deployment that follows.
    fn update(&mut self, deploy: &Deploy, revision: &str) -> Result<String, PlayError> {
        let Deploy { cluster, service, desired, .. } = deploy;
        let input = json!({
            "cluster": cluster,
            "service": service,
            "taskDefinition": revision,
            "desiredCount": desired,
        });
        let answer = self.call("UpdateService", input)?;
        Ok(text_at(&answer, "/service/deployments/0/id"))
    }

    fn call(&mut self, operation: &'static str, input: Value) -> Result<Value, PlayError> {
        let row = self.operations.iter().find(|row| row.name == operation);
        let row = row.expect("ECS has the operations of a deploy");
        let now = self.world.now();
        row.handle(&mut self.world, now, &self.caller, input)
            .map(Value::from)
            .map_err(|refusal| PlayError::Refused { operation, refusal })
    }

    fn after(&self, seen: usize) -> &[Event] {
        self.world.events().get(seen..).unwrap_or_default()
    }

    /// Lets things happen until the deployment `id` has ended and the service is in a steady state, as the entries of the trace after the
    /// first `seen` tell.
    fn run_until_over(&mut self, deploy: &Deploy, seen: usize, id: &str) -> Result<Ended, PlayError> {
        let until = self.world.now() + patience(&self.world, deploy);
        let mut course = Course { deployment: id, service: &deploy.service, ended: false, steady: false };
        let mut looked = seen;
        let ended = self.time.run_until(
            &mut self.world,
            |world| {
                // Each entry is looked at once: a deployment that does not end makes very many of them.
                let events = world.events();
                events.get(looked..).unwrap_or_default().iter().for_each(|event| course.see(event));
                looked = events.len();
                course.ended && course.steady
            },
            until,
        );
        match ended {
            Ended::Stuck(at) => Err(PlayError::Stuck { at }),
            Ended::Reached | Ended::Quiet | Ended::Late => Ok(ended),
        }
    }
}

/// How far a deployment has come.
struct Course<'a> {
    deployment: &'a str,
    service: &'a str,
    /// It is completed, or has failed.
    ended: bool,
    /// The service is in a steady state, and no deployment has gone on after that.
    steady: bool,
}

impl Course<'_> {
    fn see(&mut self, event: &Event) {
        if says_steady(event, self.service) {
            self.steady = true;
        } else if goes_on(event, self.service) {
            self.steady = false;
        }
        self.ended |= ended(event, self.deployment).is_some();
    }
}

/// How the deployment `id` ended, if it did: when, whether it was completed, and the reason.
#[must_use]
pub fn ending<'a>(events: &'a [Event], id: &str) -> Option<(Timestamp, bool, &'a str)> {
    events.iter().rev().find_map(|event| ended(event, id))
}

/// The same, if `event` is that end.
fn ended<'a>(event: &'a Event, id: &str) -> Option<(Timestamp, bool, &'a str)> {
    let EventKind::Deployment { id: of, rollout_state, reason, .. } = &event.kind else { return None };
    match *rollout_state {
        _ if **of != *id => None,
        "COMPLETED" => Some((event.at, true, reason)),
        "FAILED" => Some((event.at, false, reason)),
        _ => None,
    }
}

/// Whether the service called `service` has reached a steady state, and no deployment has gone on after that.
#[must_use]
pub fn is_steady(events: &[Event], service: &str) -> bool {
    let last = events.iter().rev().find(|event| says_steady(event, service) || goes_on(event, service));
    last.is_some_and(|event| says_steady(event, service))
}

/// Whether a deployment of the service called `service` goes on, or back.
fn goes_on(event: &Event, service: &str) -> bool {
    matches!(&event.kind, EventKind::Deployment { service: of, rollout_state: "IN_PROGRESS" | "FAILED", .. }
        if **of == *service)
}

/// Whether `event` is the service's own word that it has reached a steady state.
pub(super) fn says_steady(event: &Event, service: &str) -> bool {
    matches!(&event.kind, EventKind::Service { service: of, message }
        if of == service && message.ends_with("has reached a steady state."))
}

fn text_at(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
