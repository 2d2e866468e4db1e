//! Which tasks there are to be while traffic shifts: those of blue and of green side by side, each kept like a service of its own.

use super::super::rollout;
use super::super::step::Step;
use super::super::view::{Stage, View, count};
use crate::ecs::service::lifecycle::Direction;
use crate::ecs::service::{LifecycleStage, RolloutState, Service};

/// What is to become of a deployment's tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// As many as the service wants, all healthy.
    All,
    /// Whatever there is, for now.
    AsTheyAre,
    /// None.
    Nothing,
}

/// What each of the service's deployments is to have, by place, where that at `shift` shifts traffic.
pub(super) fn wanted(service: &Service, shift: usize) -> Vec<Wanted> {
    let shifting = service.deployments[shift].shift.as_ref();
    let Some(state) = shifting else { return vec![Wanted::AsTheyAre; service.deployments.len()] };
    let cleaning = state.stage == LifecycleStage::CleanUp;
    let of = |(place, id): (usize, &str)| {
        let is_source = state.source.as_deref() == Some(id);
        match state.direction {
            Direction::Forward if place == shift && state.stage >= LifecycleStage::ScaleUp => Wanted::All,
            Direction::Forward if is_source && !cleaning => Wanted::All,
            Direction::Forward => Wanted::Nothing,
            Direction::Back if is_source => Wanted::All,
            Direction::Back if place == shift && !cleaning => Wanted::AsTheyAre,
            Direction::Back => Wanted::Nothing,
        }
    };
    service.deployments.iter().map(|deployment| deployment.id.as_str()).enumerate().map(of).collect()
}

/// Starts and stops tasks so that each deployment has what it is to have.
pub(super) fn decide(view: &View, wanted: &[Wanted]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (place, wanted) in wanted.iter().enumerate() {
        match wanted {
            Wanted::All => steps.extend(rollout::decide(&alone(view, place)).into_iter().map(|step| at(step, place))),
            Wanted::AsTheyAre => {}
            Wanted::Nothing => {
                let here = |task: &&super::super::view::TaskView| {
                    task.deployment == Some(place) && task.stage != Stage::Stopping
                };
                let protected = count(view.tasks.iter().filter(here).filter(|task| task.protected));
                if protected > 0 {
                    steps.push(Step::Withhold { place, tasks: protected });
                }
                let here = |task: &&super::super::view::TaskView| here(task) && !task.protected;
                let tasks: Vec<_> = view.tasks.iter().filter(here).map(|task| task.id).collect();
                if !tasks.is_empty() {
                    steps.push(Step::Scale(tasks));
                }
            }
        }
    }
    steps
}

/// The service as if it had only the deployment at `place`.
fn alone(view: &View, place: usize) -> View {
    let mut alone = view.clone();
    alone.deployments = vec![view.deployments[place].clone()];
    alone.deployments[0].state = RolloutState::InProgress;
    alone.tasks.retain(|task| task.deployment == Some(place));
    for task in &mut alone.tasks {
        task.deployment = Some(0);
    }
    if place > 0 {
        // Only the primary deployment's tasks are found wanting by the back-off.
        alone.start_not_before = None;
    }
    alone
}

/// `step` of the only deployment, as one of the deployment at `place`.
fn at(step: Step, place: usize) -> Step {
    if let Step::Withhold { place: _, tasks } = step {
        return Step::Withhold { place, tasks };
    }
    if let Step::Start { count, replacing } = step
        && place > 0
    {
        return Step::Reinforce { place, count, replacing };
    }
    step
}
