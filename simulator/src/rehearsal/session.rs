//! One rehearsal, from reading the user's files to leaving nothing behind.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use simulator_core::World;
use simulator_core::iam::Asked;

use super::account_setup::AccountSetUp;
use super::connections::Counter;
use super::diagnosis::not_simulated;
use super::error::RehearsalError;
use super::input::Input;
use super::load;
use super::permissions::{Permissions, Policy};
use super::record::{Halt, Progress, Record};
use super::script::Script;
use super::shift::{self, Course};
use super::stage::{Ending, Outcome, Stage};
use super::stages::{self, Stood};
use super::task_definition;
use super::verdict::Verdict;
use crate::account::Account;
use crate::behaviours;
use crate::database::Database;
use crate::driver::hook::Called;
use crate::engine::watch::{self, Watcher};
use crate::engine::{self, Engine};
use crate::prediction::{self, Deploy, Measured, Needs, Prediction, Sightings};
use crate::report::Redactor;

/// One rehearsal. [`Session::close`] must follow, whatever became of [`Session::run`]; where the process ends before that, a
/// watcher removes what is left.
pub struct Session<'a> {
    pub(crate) script: &'a Script,
    pub(crate) input: Input,
    pub(crate) engine: Engine,
    pub(crate) identity: engine::Rehearsal,
    pub(crate) redactor: Redactor,
    watcher: Watcher,
    pub(crate) began: Instant,
}

impl<'a> Session<'a> {
    /// Reads what the script points at, connects to the container engine, removes what dead rehearsals left, and sets the
    /// watcher: `watcher` is the program and the arguments, before the rehearsal's id, that lead to [`watch::run`].
    ///
    /// # Errors
    /// Files that cannot be used, and no engine that can be.
    pub async fn open(script: &'a Script, watcher: (&Path, &str)) -> Result<Self, RehearsalError> {
        let began = Instant::now();
        let input = Input::read(script)?;
        let refused = |error: engine::EngineError| {
            let help = error.help().map(str::to_owned);
            RehearsalError::engine(&error, help)
        };
        let engine = Engine::connect().await.map_err(refused)?;
        engine.sweep_leftovers().await.map_err(|error| RehearsalError::engine(&error, None))?;
        let identity = engine::Rehearsal::new(&script.project)
            .map_err(|error| RehearsalError::bug("cannot name the rehearsal", &error))?;
        let identity = if script.keep { identity.kept() } else { identity };
        let (program, subcommand) = watcher;
        let watcher = watch::spawn(identity.id(), program, &[subcommand])
            .map_err(|error| RehearsalError::bug("cannot start the watcher that cleans up", &error))?;
        Ok(Self { script, input, engine, identity, redactor: Redactor::default(), watcher, began })
    }

    /// Holds the rehearsal. Dropping the future stops it at once.
    ///
    /// # Errors
    /// If it cannot be held; a deploy that would fail is a verdict.
    pub async fn run(
        &self,
        set_up: &dyn AccountSetUp,
        progress: &Arc<dyn Progress>,
    ) -> Result<Verdict, RehearsalError> {
        let mut record = Record::new(&**progress, self.script.keep_going);
        let mut stood = Stood::default();
        let halted = stages::run(self, set_up, progress, &mut record, &mut stood).await;
        if let Err(Halt::Failed(error)) = halted {
            return Err(error);
        }
        let Stood {
            account,
            traffic,
            database,
            play,
            sightings,
            connections,
            hooks,
            deployed,
            deployer,
            real,
            simulated,
            stood_in,
            server,
        } = stood;
        let course = account.as_ref().zip(deployed.get());
        let course = course.and_then(|(account, deployed)| self.course(account, deployed, &hooks.calls()));
        let (prediction, behaviours, needs) = match (play, &account) {
            // What was disturbed shows nothing of how the containers behave by themselves.
            (Some((world, deploy)), Some(account)) if self.script.faults.is_empty() => {
                let (prediction, behaviours) = predict(world, &deploy, account, &sightings, &hooks.calls())?.unzip();
                let needs = needs(&deploy, account, connections.as_ref(), prediction.as_ref());
                (prediction, behaviours, needs)
            }
            (_, _) => (None, None, Needs::default()),
        };
        let outcomes = record.finish();
        let proved =
            |outcome: &Outcome| outcome.stage == Stage::RollOut && matches!(outcome.ending, Ending::Proved { .. });
        let predicted = prediction::findings(prediction.as_ref(), &needs, outcomes.iter().any(proved));
        let permissions = account.as_ref().zip(deployer);
        let permissions = permissions.and_then(|(account, key)| self.permissions(account, &key, &outcomes));
        let events = account.map(|account| account.events_after(0)).unwrap_or_default();
        if self.script.keep {
            // Dropping it would remove it.
            drop(server.map(Database::keep));
        }
        Ok(Verdict {
            id: self.identity.id().to_string(),
            project: self.script.project.clone(),
            from: self.script.from.label.clone(),
            to: self.script.to.label.clone(),
            database,
            outcomes,
            traffic,
            prediction,
            course,
            needs,
            predicted,
            not_simulated: not_simulated::findings(&events),
            permissions,
            behaviours,
            real,
            simulated,
            stood_in,
            cautions: load::caution(self.engine.facts().processors).into_iter().chain(self.script.left_out()).collect(),
            took: self.began.elapsed(),
            events,
            redactor: self.redactor.clone(),
        })
    }

    /// How requests moved in the deployment called `deployed`.
    fn course(&self, account: &Account, deployed: &str, calls: &[Called]) -> Option<Course> {
        let service = &self.script.service;
        let tested = account.look(|world| shift::is_tested(world, &service.cluster, &service.name));
        shift::course(&account.events_after(0), deployed, calls, tested)
    }

    /// How the deploy's policies fare by what was asked for with the access key `key`: those in the user's file if there is one, or else those
    /// that the identity has here.
    fn permissions(&self, account: &Account, key: &str, outcomes: &[Outcome]) -> Option<Permissions> {
        let (asked, attached) = account.look(|world| {
            let by = world.asked().iter().find(|asked| asked.caller.access_key.as_deref() == Some(key))?.caller.clone();
            let asked: Vec<Asked> = world.asked().iter().filter(|asked| asked.caller.arn == by.arn).cloned().collect();
            Some((asked, world.policy_texts(&by)))
        })?;
        let own = self.input.deploy_policy.clone().map(|policy| vec![policy]);
        let policies =
            own.unwrap_or_else(|| attached.iter().filter_map(|(name, text)| Policy::attached(name, text)).collect());
        Permissions::judge(&policies, &asked, outcomes, &self.script.others)
    }

    /// Leaves everything where it is, for the user to look at.
    pub fn keep(self) {
        self.watcher.stand_down();
    }

    /// Removes everything that the rehearsal made. What the engine does not let go now, the watcher removes later.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn close(self) -> Result<(), RehearsalError> {
        let swept = self.engine.sweep(self.identity.id()).await;
        // The watcher looks once more, as the process ends: what was under way may come up late.
        drop(self.watcher);
        swept.map(drop).map_err(|error| RehearsalError::engine(&error, None))
    }
}

/// What AWS would do with the deploy, from how its containers behaved here, and that as a script; nothing if none of what would be
/// deployed ran.
fn predict(
    world: World,
    deploy: &Deploy,
    account: &Account,
    sightings: &Sightings,
    calls: &[Called],
) -> Result<Option<(Prediction, String)>, RehearsalError> {
    let measured = account.look(|world| prediction::measure(world, sightings));
    let images: Vec<&str> = task_definition::images(&deploy.next);
    let next: Vec<&Measured> = measured.iter().filter(|it| images.contains(&it.image.as_str())).collect();
    if next.is_empty() {
        return Ok(None);
    }
    let script = behaviours::write(next.into_iter().map(|it| (it.container.as_str(), it.behaviours.as_slice())));
    let mut played = Measured::script(&measured);
    // What was asked while the account was set up is over where the play begins.
    let since = world.now();
    for Called { function, .. } in calls {
        let of = calls.iter().filter(|call| call.function == *function && call.at >= since);
        played.function(function, of.map(|call| (call.took, call.answer.clone())).collect());
    }
    match prediction::predict(world, played, deploy) {
        Ok((prediction, _)) => Ok(Some((prediction, script))),
        Err(error) => Err(RehearsalError::bug("cannot predict what AWS would do", &error)),
    }
}

/// What the containers of what would be deployed needed here, and all of them together on AWS.
fn needs(deploy: &Deploy, account: &Account, counter: Option<&Counter>, prediction: Option<&Prediction>) -> Needs {
    let memory = account.look(|world| prediction::memory(world, &deploy.next));
    let (old, new) = (task_definition::images(&deploy.now), task_definition::images(&deploy.next));
    let connections = counter.zip(prediction).map(|(counter, prediction)| {
        let connections = counter.connections(&old, &new);
        (connections, connections.most(&prediction.crowd, deploy.desired))
    });
    Needs { memory, connections }
}
