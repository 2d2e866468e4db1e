//! Which effects wait for one another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use simulator_core::effect::{Target, TaskId};
use simulator_core::{Arn, Effect};

/// Effects of one lane are carried out one after the other, in the order in which the World wanted them. Lanes do not wait
/// for one another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// Making a task's network and clearing it away.
    Task(TaskId),
    /// Pulling, starting and stopping one container.
    Container(TaskId, String),
    /// Its health command, which may hang while the container is stopped.
    Health(TaskId, String),
    /// Where the load balancers send requests. One for all of them: a rule must turn away from a target group before the group's
    /// targets are drained.
    Traffic,
    /// One call of a lifecycle hook's function, by its `executionId`.
    Hook(String),
    /// Health checks of one target.
    TargetHealth(Arn, Target),
}

impl Lane {
    /// The lane of `effect`.
    pub(super) fn of(effect: &Effect) -> Self {
        match effect {
            Effect::PrepareTask(task) => Self::Task(task.task),
            Effect::ClearTask { task } => Self::Task(*task),
            Effect::PullImage(pull) => Self::Container(pull.task, pull.container.to_string()),
            Effect::StartContainer(spec) => Self::Container(spec.task, spec.name.to_string()),
            Effect::StopContainer { task, container, .. } => Self::Container(*task, container.to_string()),
            Effect::ProbeHealth { task, container, .. } => Self::Health(*task, container.to_string()),
            Effect::Route { .. }
            | Effect::DrainTarget { .. }
            | Effect::Listen { .. }
            | Effect::StopListening { .. }
            | Effect::Forward { .. } => Self::Traffic,
            Effect::InvokeHook(call) => Self::Hook(call.execution.clone()),
            Effect::ProbeTarget { target_group, target, .. } => {
                Self::TargetHealth(target_group.clone(), target.clone())
            }
        }
    }
}

/// What waits in each lane that somebody works on.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    waiting: Mutex<HashMap<Lane, VecDeque<Effect>>>,
}

impl Lanes {
    /// Queues `effect`. If nobody works on its lane, it is given back to be worked on, together with the lane.
    pub(super) fn enter(&self, effect: Effect) -> Option<(Lane, Effect)> {
        let lane = Lane::of(&effect);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = waiting.get_mut(&lane) {
            queue.push_back(effect);
            return None;
        }
        waiting.insert(lane.clone(), VecDeque::new());
        Some((lane, effect))
    }

    /// What comes next in `lane`. With nothing left the lane is given up.
    pub(super) fn next(&self, lane: &Lane) -> Option<Effect> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.get_mut(lane).and_then(VecDeque::pop_front);
        if next.is_none() {
            waiting.remove(lane);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stop(task: u128, container: &str) -> Effect {
        let (task, container) = (TaskId::new(task), container.to_owned());
        Effect::StopContainer { task, container: container.into(), timeout: Duration::ZERO }
    }

    fn probe(task: u128, container: &str) -> Effect {
        let (task, container) = (TaskId::new(task), container.to_owned());
        Effect::ProbeHealth {
            task,
            container: container.into(),
            command: std::sync::Arc::default(),
            timeout: Duration::ZERO,
        }
    }

    #[test]
    fn effects_on_one_thing_wait_in_order_and_others_do_not() {
        let lanes = Lanes::default();
        let (lane, first) = lanes.enter(stop(1, "app")).expect("nobody works on it yet");
        assert_eq!(first, stop(1, "app"));
        assert_eq!(lanes.enter(stop(1, "app")), None);
        assert!(lanes.enter(stop(1, "sidecar")).is_some(), "another container");
        assert!(lanes.enter(stop(2, "app")).is_some(), "another task");
        assert!(lanes.enter(probe(1, "app")).is_some(), "a probe that hangs holds nothing up");
        assert_eq!(lanes.next(&lane), Some(stop(1, "app")));
        assert_eq!(lanes.next(&lane), None);
        assert!(lanes.enter(stop(1, "app")).is_some(), "the lane was given up");
    }

    #[test]
    fn a_target_is_drained_only_after_it_was_taken_out_of_the_route() {
        let group: Arn = "arn:aws:elasticloadbalancing:r:1:targetgroup/x/1".parse().expect("an ARN");
        let target = Target { address: std::net::Ipv4Addr::LOCALHOST.into(), port: 80 };
        let route = Effect::Route { target_group: group.clone(), targets: Vec::new() };
        let drain = Effect::DrainTarget { target_group: group, target };
        let listener: Arn = "arn:aws:elasticloadbalancing:r:1:listener/app/x/1/2".parse().expect("an ARN");
        let forward = Effect::Forward { listener, rules: Vec::new() };
        assert_eq!(Lane::of(&route), Lane::of(&drain));
        assert_eq!(Lane::of(&forward), Lane::of(&drain));
    }
}
