//! What the outside still owes a World, when whoever was outside has died.

use std::collections::{BTreeMap, BTreeSet};

use simulator_core::effect::{Target, TaskId};
use simulator_core::observation::{HookAnswer, ProbeAnswer};
use simulator_core::{Arn, Effect, Observation};

/// What every answer says of the reason.
const RESTARTED: &str = "greenroom was restarted, and its containers are gone";
/// The exit code of what was killed.
const KILLED: i32 = 137;

/// What has been wanted and is not over.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    /// What was asked, by what its answer will say.
    asked: BTreeMap<Question, Observation>,
    /// The containers that run.
    running: BTreeSet<(TaskId, String)>,
    listeners: BTreeMap<Arn, Effect>,
    routes: BTreeMap<Arn, Effect>,
    forwards: BTreeMap<Arn, Effect>,
}

/// What a question and its answer have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Prepare(TaskId),
    Pull(TaskId, String),
    Start(TaskId, String),
    Health(TaskId, String),
    Stop(TaskId, String),
    Clear(TaskId),
    Probe(Arn, Target),
    Drain(Arn, Target),
    Hook(String),
    Listen(Arn),
}

impl Outstanding {
    /// The World wants `effect`.
    pub(super) fn want(&mut self, effect: Effect) {
        let message = || RESTARTED.to_owned();
        let (question, lost) = match effect {
            Effect::PrepareTask(spec) => {
                let task = spec.task;
                (Question::Prepare(task), Observation::TaskNotPrepared { task, message: message() })
            }
            Effect::PullImage(pull) => {
                let (task, container) = (pull.task, pull.container);
                (
                    Question::Pull(task, container.to_string()),
                    Observation::ImageNotPulled { task, container, message: message() },
                )
            }
            Effect::StartContainer(spec) => {
                let (task, container) = (spec.task, spec.name);
                (
                    Question::Start(task, container.to_string()),
                    Observation::ContainerNotStarted { task, container, message: message() },
                )
            }
            Effect::ProbeHealth { task, container, .. } => (
                Question::Health(task, container.to_string()),
                Observation::HealthProbed { task, container, exit_code: None, output: RESTARTED.into() },
            ),
            Effect::StopContainer { task, container, .. } => {
                (Question::Stop(task, container.to_string()), killed(task, &container))
            }
            Effect::ClearTask { task } => (Question::Clear(task), Observation::TaskCleared { task }),
            Effect::ProbeTarget { target_group, target, .. } => (
                Question::Probe(target_group.clone(), target.clone()),
                Observation::TargetProbed { target_group, target, answer: ProbeAnswer::Failed(message()) },
            ),
            Effect::DrainTarget { target_group, target } => (
                Question::Drain(target_group.clone(), target.clone()),
                Observation::TargetDrained { target_group, target },
            ),
            Effect::InvokeHook(call) => {
                let execution = call.execution;
                let answer = HookAnswer::Broken(message());
                (Question::Hook(execution.clone()), Observation::HookAnswered { execution, answer })
            }
            Effect::Listen { ref listener, .. } => {
                self.listeners.insert(listener.clone(), effect);
                return;
            }
            Effect::StopListening { listener } => {
                self.listeners.remove(&listener);
                self.forwards.remove(&listener);
                return;
            }
            Effect::Forward { ref listener, .. } => {
                self.forwards.insert(listener.clone(), effect);
                return;
            }
            Effect::Route { ref target_group, .. } => {
                self.routes.insert(target_group.clone(), effect);
                return;
            }
        };
        self.asked.insert(question, lost);
    }

    /// The World is told `observation`.
    pub(super) fn told(&mut self, observation: &Observation) {
        let question = match observation {
            Observation::TaskPrepared { task, .. } | Observation::TaskNotPrepared { task, .. } => {
                Question::Prepare(*task)
            }
            Observation::ImagePulled { task, container } | Observation::ImageNotPulled { task, container, .. } => {
                Question::Pull(*task, container.to_string())
            }
            Observation::ContainerStarted { task, container, .. } => {
                self.running.insert((*task, container.to_string()));
                Question::Start(*task, container.to_string())
            }
            Observation::ContainerNotStarted { task, container, .. } => Question::Start(*task, container.to_string()),
            Observation::ContainerExited { task, container, .. } => {
                self.running.remove(&(*task, container.to_string()));
                // Of a container that is gone, no probe is answered.
                self.asked.remove(&Question::Health(*task, container.to_string()));
                Question::Stop(*task, container.to_string())
            }
            Observation::HealthProbed { task, container, .. } => Question::Health(*task, container.to_string()),
            Observation::TaskCleared { task } => Question::Clear(*task),
            Observation::TargetProbed { target_group, target, .. } => {
                Question::Probe(target_group.clone(), target.clone())
            }
            Observation::TargetDrained { target_group, target } => {
                Question::Drain(target_group.clone(), target.clone())
            }
            Observation::HookAnswered { execution, .. } => Question::Hook(execution.clone()),
            Observation::Listening { listener, .. } | Observation::NotListening { listener, .. } => {
                Question::Listen(listener.clone())
            }
            Observation::MemoryUsed { .. }
            | Observation::Logged { .. }
            | Observation::AlarmChanged { .. }
            | Observation::ImageScanned { .. } => return,
        };
        self.asked.remove(&question);
    }

    /// What the World has to be told, now that nothing outside is left, and what has to be carried out again.
    pub(super) fn settle(self) -> (Vec<Observation>, Vec<Effect>) {
        let Self { asked, running, listeners, routes, forwards } = self;
        // One that was being stopped has an answer among the questions already.
        let stopping = |task: &TaskId, name: &String| asked.contains_key(&Question::Stop(*task, name.clone()));
        let killed: Vec<Observation> = running
            .iter()
            .filter(|(task, name)| !stopping(task, name))
            .map(|(task, name)| killed(*task, name))
            .collect();
        let again = listeners.into_values().chain(forwards.into_values()).chain(routes.into_values()).collect();
        (killed.into_iter().chain(asked.into_values()).collect(), again)
    }
}

/// A container that did not end by itself.
fn killed(task: TaskId, name: &str) -> Observation {
    Observation::ContainerExited { task, container: name.into(), exit_code: Some(KILLED), out_of_memory: false }
}
