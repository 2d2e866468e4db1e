//! What probes met while a driver carried effects out: the World keeps what follows from them, not what they were.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use simulator_core::effect::{Target, TaskId};
use simulator_core::elb::TargetGroup;
use simulator_core::observation::ProbeAnswer;
use simulator_core::{Effect, Observation, Timestamp};

use super::probes::{Met, Probe};
use crate::account::now;
use crate::driver::{Driver, Observer};

/// Every probe of containers and targets, in order.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    containers: BTreeMap<(TaskId, String), Vec<Probe>>,
    /// Tasks have an address one after the other: times tell whose it was.
    targets: BTreeMap<Target, Vec<(Timestamp, Timestamp, ProbeAnswer)>>,
}

impl Sightings {
    /// The probes of the container called `name` of `task`.
    pub(super) fn of_container(&self, task: &TaskId, name: &str) -> Vec<Probe> {
        self.kept().containers.get(&(*task, name.to_owned())).cloned().unwrap_or_default()
    }

    /// The probes of `target`, judged as its `group` does.
    pub(super) fn of_target(&self, target: &Target, group: &TargetGroup) -> Vec<Probe> {
        let kept = self.kept();
        let answers = kept.targets.get(target).into_iter().flatten();
        let judged = answers.map(|(begun, ended, answer)| {
            let met = match answer {
                ProbeAnswer::TimedOut => Met::Nothing,
                ProbeAnswer::Status(_) | ProbeAnswer::Failed(_) if !group.accepts(answer) => Met::Failure,
                ProbeAnswer::Status(_) | ProbeAnswer::Failed(_) => Met::Success,
            };
            Probe { begun: *begun, ended: *ended, met }
        });
        judged.collect()
    }

    /// Takes in what a probe that was begun at `begun` has met.
    fn see(&self, begun: Timestamp, observation: &Observation) {
        let ended = now();
        #[expect(clippy::wildcard_enum_match_arm, reason = "only what probes meet is looked at")]
        match observation {
            Observation::HealthProbed { task, container, exit_code, output: _ } => {
                let met = match exit_code {
                    Some(0) => Met::Success,
                    Some(_) => Met::Failure,
                    None => Met::Nothing,
                };
                let of = (*task, container.to_string());
                self.kept().containers.entry(of).or_default().push(Probe { begun, ended, met });
            }
            Observation::TargetProbed { target_group: _, target, answer } => {
                let answers = (begun, ended, answer.clone());
                self.kept().targets.entry(target.clone()).or_default().push(answers);
            }
            _ => {}
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A driver whose probes are kept.
#[derive(Debug)]
pub struct Sighted<D> {
    driver: D,
    sightings: Arc<Sightings>,
}

impl<D> Sighted<D> {
    /// `driver`, whose probes `sightings` takes in.
    pub const fn new(driver: D, sightings: Arc<Sightings>) -> Self {
        Self { driver, sightings }
    }
}

#[async_trait]
impl<D: Driver> Driver for Sighted<D> {
    async fn carry_out(&self, effect: Effect, observer: &Arc<dyn Observer>) {
        if !matches!(effect, Effect::ProbeHealth { .. } | Effect::ProbeTarget { .. }) {
            return self.driver.carry_out(effect, observer).await;
        }
        let (begun, sightings, observer) = (now(), Arc::clone(&self.sightings), Arc::clone(observer));
        let witness: Arc<dyn Observer> = Arc::new(Witness { begun, sightings, observer });
        self.driver.carry_out(effect, &witness).await;
    }
}

/// Sees what comes of one probe before the World hears of it.
struct Witness {
    begun: Timestamp,
    sightings: Arc<Sightings>,
    observer: Arc<dyn Observer>,
}

impl Observer for Witness {
    fn observe(&self, observation: Observation) {
        self.sightings.see(self.begun, &observation);
        self.observer.observe(observation);
    }
}
