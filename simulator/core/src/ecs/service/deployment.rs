//! Deployments of a service.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::ServiceKey;
use super::config::LoadBalancer;
use super::lifecycle::TrafficShift;
use crate::arn::Arn;
use crate::ecs::capacity::StrategyItem;
use crate::ecs::definition::TaskDefinition;
use crate::ecs::network::Network;
use crate::event::EventKind;
use crate::id::IdKind;
use crate::time::Timestamp;
use crate::world::World;

/// A deployment: one state of what a service's tasks are made of, on its way in or out.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// `ecs-svc/` and 19 digits.
    pub id: String,
    /// What its tasks are made of.
    pub definition: Arc<TaskDefinition>,
    /// `networkConfiguration`.
    pub network: Network,
    /// `loadBalancers`.
    pub load_balancers: Vec<LoadBalancer>,
    /// `capacityProviderStrategy`; empty where the launch type was given.
    pub strategy: Vec<StrategyItem>,
    /// `createdAt`.
    pub created_at: Timestamp,
    /// `updatedAt`.
    pub updated_at: Timestamp,
    /// `rolloutState`.
    pub rollout_state: RolloutState,
    /// `rolloutStateReason`.
    pub reason: String,
    /// `failedTasks`.
    pub failed_tasks: u32,
    /// Whether a task of it has run.
    pub(in crate::ecs) has_run: bool,
    /// What the tags of its images meant when its first task was launched: digests by container.
    pub(in crate::ecs) digests: BTreeMap<String, SmolStr>,
    /// When the circuit breaker fails it, once it has counted enough.
    pub(in crate::ecs) trip_at: Option<Timestamp>,
    /// Whether its tasks stand in the alternate target groups.
    pub(in crate::ecs) in_alternate: bool,
    /// Where it stands, if it shifts traffic.
    pub(in crate::ecs) shift: Option<TrafficShift>,
    /// Whether alarms can fail it: they are enabled, and none of them was in ALARM at its start.
    pub(in crate::ecs) alarmed: bool,
    /// Until when alarms go on watching it after the tasks before it are gone.
    pub(in crate::ecs) bake_until: Option<Timestamp>,
}

impl Deployment {
    /// A new deployment, in progress.
    pub(super) fn new(
        world: &mut World,
        definition: Arc<TaskDefinition>,
        network: Network,
        load_balancers: Vec<LoadBalancer>,
        strategy: Vec<StrategyItem>,
    ) -> Self {
        // The first digit must not be a zero, or the number would be shorter.
        let first = world.ids.text(IdKind::Deployment, b"123456789", 1);
        let id = format!("ecs-svc/{first}{}", world.ids.text(IdKind::Deployment, b"0123456789", 18));
        Self {
            reason: format!("ECS deployment {id} in progress."),
            id,
            definition,
            network,
            load_balancers,
            strategy,
            created_at: world.now,
            updated_at: world.now,
            rollout_state: RolloutState::InProgress,
            failed_tasks: 0,
            has_run: false,
            digests: BTreeMap::new(),
            trip_at: None,
            in_alternate: false,
            shift: None,
            alarmed: false,
            bake_until: None,
        }
    }

    /// Where it stands, if it shifts traffic; also when that is over.
    #[must_use]
    pub const fn traffic_shift(&self) -> Option<&TrafficShift> {
        self.shift.as_ref()
    }

    /// `lifecycleStage`: none for a rolling deployment.
    #[must_use]
    pub fn lifecycle_stage(&self) -> Option<&'static str> {
        self.shift.as_ref().map(|shift| shift.stage().as_str())
    }

    /// The target group in which `balancer` reaches its tasks.
    pub(in crate::ecs) fn group_of<'a>(&self, balancer: &'a LoadBalancer) -> &'a Arn {
        match &balancer.advanced {
            Some(advanced) if self.in_alternate => &advanced.alternate,
            Some(_) | None => &balancer.target_group,
        }
    }
}

/// `rolloutState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutState {
    /// Under way.
    InProgress,
    /// It reached a steady state.
    Completed,
    /// The circuit breaker failed it.
    Failed,
}

impl RolloutState {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// Records where the deployment at `place` in its service stands.
pub(in crate::ecs) fn tell(world: &mut World, key: &ServiceKey, place: usize) {
    let Some(deployment) = world.ecs.services.get(key).and_then(|service| service.deployments.get(place)) else {
        return;
    };
    let event = EventKind::Deployment {
        service: key.service.to_string(),
        id: deployment.id.to_string(),
        rollout_state: deployment.rollout_state.as_str(),
        reason: deployment.reason.clone(),
    };
    let told = world.record(event);
    world.follow(Some(told));
}
