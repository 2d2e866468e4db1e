//! A driver that lets things go wrong: what somebody has found in virtual time happens to real containers.
//!
//! A container that crashes is killed; one that hangs, or is up late, is frozen, all its processes at once. What a health check is
//! answered and whether an image is there is decided here, before the engine is asked: the containers themselves stay well. Only
//! containers of the revision under test that belong to a service are disturbed, counted in the order in which their images are wanted,
//! as in virtual time.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bollard::query_parameters::KillContainerOptionsBuilder;
use simulator_core::effect::{Pull, TaskId};
use simulator_core::observation::{HookAnswer, ProbeAnswer};
use simulator_core::{Effect, Observation, Refusal};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::run::{Driver, Observer};
use crate::account::Account;
use crate::engine::Engine;
use crate::fault::{Fault, RETRIES, act};

/// Another driver, disturbed.
#[derive(Debug)]
pub struct Interference<D> {
    driver: D,
    shared: Arc<Shared>,
}

/// What begins the disturbance, and what it has come to.
#[derive(Clone, Debug)]
pub struct Trigger(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    engine: Engine,
    account: Arc<Account>,
    faults: Vec<Fault>,
    state: Mutex<State>,
    /// What happens to containers later on. It ends with the driver.
    pending: Mutex<JoinSet<()>>,
}

#[derive(Debug, Default)]
struct State {
    /// The image and the container's name that are disturbed, once it has begun.
    subject: Option<(String, String)>,
    /// The places of containers among those that are disturbed, by task.
    places: BTreeMap<TaskId, usize>,
    /// When containers were started, by task.
    started: BTreeMap<TaskId, Instant>,
    addresses: BTreeMap<IpAddr, TaskId>,
}

impl<D: Driver> Interference<D> {
    /// `driver`, disturbed by `faults` once the trigger is pulled.
    pub fn new(driver: D, engine: Engine, account: Arc<Account>, faults: Vec<Fault>) -> (Self, Trigger) {
        let (state, pending) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { engine, account, faults, state, pending });
        (Self { driver, shared: Arc::clone(&shared) }, Trigger(shared))
    }
}

impl Trigger {
    /// Begins: UpdateService is called now, of the service called `service` in `cluster`, and `image` is that of the container called
    /// `container` in what it deploys.
    pub fn pull(&self, cluster: &str, service: &str, container: &str, image: &str) {
        self.0.state().subject = Some((image.to_owned(), container.to_owned()));
        let mut pending = self.0.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for fault in self.0.faults.iter().filter(|fault| fault.at().is_some()) {
            let fault = fault.clone();
            let (account, cluster, service) = (Arc::clone(&self.0.account), cluster.to_owned(), service.to_owned());
            pending.spawn(async move { happen(&account, &fault, &cluster, &service).await });
        }
    }

    /// The faults that happen.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }
}

impl Shared {
    /// Every change is whole, whoever panicked in between.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of the container whose image is wanted, if it is disturbed.
    fn enlist(&self, pull: &Pull) -> Option<usize> {
        let of_service =
            self.account.look(|world| world.ecs().task(&pull.task).is_some_and(|task| task.origin.service.is_some()));
        let mut state = self.state();
        let (image, name) = state.subject.as_ref()?;
        if !of_service || *image != pull.image || pull.container.as_str() != name {
            return None;
        }
        let next = state.places.len();
        Some(*state.places.entry(pull.task).or_insert(next))
    }

    /// What happens to the container that is disturbed in `task`.
    fn faults_of(&self, task: &TaskId, container: &str) -> Vec<Fault> {
        let state = self.state();
        let is_it = state.subject.as_ref().is_some_and(|(_, name)| name == container);
        let place = state.places.get(task).copied().filter(|_| is_it);
        self.faults.iter().filter(|fault| place.is_some() && fault.container() == place).cloned().collect()
    }

    /// Whether the container in `task` is sick by now.
    fn is_sick(&self, task: &TaskId, container: &str) -> bool {
        let sick = |fault: &Fault, lived: Duration| matches!(fault, Fault::Sick { after, .. } if lived >= *after);
        self.suffers(task, container, sick)
    }

    /// Whether one of the faults of the container in `task` is what `such` says, so long after its start.
    fn suffers(&self, task: &TaskId, container: &str, such: impl Fn(&Fault, Duration) -> bool) -> bool {
        let Some(started) = self.state().started.get(task).copied() else { return false };
        self.faults_of(task, container).iter().any(|fault| such(fault, started.elapsed()))
    }

    /// What is answered to a health check of the target at `address` in place of the target itself.
    fn answer_for(&self, address: IpAddr) -> Option<ProbeAnswer> {
        let (task, name) = {
            let state = self.state();
            let (_, name) = state.subject.clone()?;
            (state.addresses.get(&address).copied()?, name)
        };
        let unready = |fault: &Fault, lived: Duration| matches!(fault, Fault::Unready { after, lasts, .. } if (*after..*after + *lasts).contains(&lived));
        if self.is_sick(&task, &name) {
            Some(ProbeAnswer::Failed("connection refused".to_owned()))
        } else {
            self.suffers(&task, &name, unready).then_some(ProbeAnswer::Status(503))
        }
    }

    /// What the hooks of `stage` answer in place of their functions, once the disturbance has begun, and how long after the call.
    fn answer_of(&self, stage: &str) -> Option<(Duration, HookAnswer)> {
        self.state().subject.as_ref()?;
        self.faults.iter().find_map(|fault| {
            let Fault::Hook { stage: broken, how } = fault else { return None };
            (*broken == stage).then(|| how.answer())
        })
    }

    /// A container runs: what is to happen to it begins to be waited for.
    fn started(self: &Arc<Self>, task: TaskId, container: &str, runtime_id: &str) {
        let faults = self.faults_of(&task, container);
        if faults.is_empty() {
            return;
        }
        self.state().started.insert(task, Instant::now());
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for fault in faults {
            let (engine, id) = (self.engine.clone(), runtime_id.to_owned());
            pending.spawn(async move { disturb(&engine, &id, &fault).await });
        }
    }
}

/// Lets `fault` happen in the account when its time has come. A call that is throttled is made again, as SDKs do.
async fn happen(account: &Account, fault: &Fault, cluster: &str, service: &str) {
    sleep(fault.at().unwrap_or_default()).await;
    let mut waits = RETRIES.iter();
    loop {
        let answer = account.stir(|world, now| act(fault, world, now, cluster, service));
        match (answer.err().filter(Refusal::is_throttling), waits.next()) {
            (Some(_), Some(wait)) => sleep(*wait).await,
            // Any other refusal changes nothing.
            (_, _) => return,
        }
    }
}

/// Lets `fault` happen to the container that the engine calls `id`. One that is gone by then cannot be disturbed any more.
async fn disturb(engine: &Engine, id: &str, fault: &Fault) {
    let docker = engine.docker();
    let done = match fault {
        Fault::Crash { after, .. } => {
            sleep(*after).await;
            let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
            docker.kill_container(id, Some(options)).await
        }
        Fault::Hang { after, .. } => {
            sleep(*after).await;
            docker.pause_container(id).await
        }
        Fault::SlowStart { by, .. } => match docker.pause_container(id).await {
            Ok(()) => {
                sleep(*by).await;
                docker.unpause_container(id).await
            }
            refused @ Err(_) => refused,
        },
        Fault::PullRefused { .. }
        | Fault::Sick { .. }
        | Fault::Unready { .. }
        | Fault::Throttled { .. }
        | Fault::StopTask { .. }
        | Fault::Scale { .. }
        | Fault::DeployAgain { .. }
        | Fault::Hook { .. } => Ok(()),
    };
    if let Err(error) = done {
        tracing::debug!(%error, id, %fault, "a container could not be disturbed");
    }
}

#[async_trait]
impl<D: Driver> Driver for Interference<D> {
    async fn carry_out(&self, effect: Effect, observer: &Arc<dyn Observer>) {
        let shared = &self.shared;
        match &effect {
            Effect::PullImage(pull) => {
                let place = shared.enlist(pull);
                let refused = |fault: &Fault| matches!(fault, Fault::PullRefused { .. }) && fault.container() == place;
                if place.is_some() && shared.faults.iter().any(refused) {
                    let (task, container) = (pull.task, pull.container.clone());
                    let message = "manifest unknown".to_owned();
                    return observer.observe(Observation::ImageNotPulled { task, container, message });
                }
            }
            Effect::ProbeHealth { task, container, .. } if shared.is_sick(task, container) => {
                let (task, container) = (*task, container.clone());
                let output = "greenroom: this fault was asked for".into();
                return observer.observe(Observation::HealthProbed { task, container, exit_code: Some(1), output });
            }
            Effect::ProbeTarget { target_group, target, .. } => {
                if let Some(answer) = shared.answer_for(target.address) {
                    let (target_group, target) = (target_group.clone(), target.clone());
                    return observer.observe(Observation::TargetProbed { target_group, target, answer });
                }
            }
            Effect::InvokeHook(call) => {
                if let Some((after, answer)) = shared.answer_of(call.stage) {
                    sleep(after).await;
                    return observer.observe(Observation::HookAnswered { execution: call.execution.clone(), answer });
                }
            }
            Effect::PrepareTask(_)
            | Effect::StartContainer(_)
            | Effect::ProbeHealth { .. }
            | Effect::StopContainer { .. }
            | Effect::ClearTask { .. }
            | Effect::Route { .. }
            | Effect::DrainTarget { .. }
            | Effect::Forward { .. }
            | Effect::Listen { .. }
            | Effect::StopListening { .. } => {}
        }
        let watching: Arc<dyn Observer> =
            Arc::new(Watching { shared: Arc::clone(shared), observer: Arc::clone(observer) });
        self.driver.carry_out(effect, &watching).await;
    }
}

/// Sees which containers run, and where, before the World does.
struct Watching {
    shared: Arc<Shared>,
    observer: Arc<dyn Observer>,
}

impl Observer for Watching {
    fn observe(&self, observation: Observation) {
        if let Observation::ContainerStarted { task, container, runtime_id } = &observation {
            self.shared.started(*task, container, runtime_id);
        } else if let Observation::TaskPrepared { task, address } = &observation {
            self.shared.state().addresses.insert(*address, *task);
        }
        self.observer.observe(observation);
    }
}
