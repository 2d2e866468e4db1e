//! One rehearsal, from reading the user's files to leaving nothing behind.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use simulator_core::World;

use super::account_setup::AccountSetUp;
use super::error::RehearsalError;
use super::files::{FileError, FileNames, Files};
use super::record::{Halt, Progress, Record};
use super::script::Script;
use super::stages::{self, Stood};
use super::verdict::Verdict;
use super::{secret_values, task_definition};
use crate::account::Account;
use crate::database::Database;
use crate::engine::sweep::Kept;
use crate::engine::watch::{self, Watcher};
use crate::engine::{self, Engine};
use crate::prediction::{self, Deploy, Measured, Prediction};
use crate::report::Redactor;

/// What the user's files say, read and found usable.
#[derive(Debug)]
pub(super) struct Input {
    /// The files of what would be deployed.
    pub(super) files: Files,
    /// The task definition of what runs now.
    pub(super) definition_now: Value,
    /// The task definition of what would be deployed.
    pub(super) definition_next: Value,
}

/// One rehearsal. [`Session::close`] must follow, whatever became of [`Session::run`]; where the process ends before that, a
/// watcher removes what is left.
pub struct Session<'a> {
    pub(super) script: &'a Script,
    pub(super) input: Input,
    pub(super) engine: Engine,
    pub(super) identity: engine::Rehearsal,
    pub(super) redactor: Redactor,
    watcher: Watcher,
    began: Instant,
}

impl<'a> Session<'a> {
    /// Reads what the script points at, connects to the container engine, removes what dead rehearsals left, and sets the
    /// watcher: `watcher` is the program and the arguments, before the rehearsal's id, that lead to [`watch::run`].
    ///
    /// # Errors
    /// Files that cannot be used, and no engine that can be.
    pub async fn open(script: &'a Script, watcher: (&Path, &str)) -> Result<Self, RehearsalError> {
        let began = Instant::now();
        let input = read(script)?;
        let refused = |error: engine::EngineError| {
            let help = error.help().map(str::to_owned);
            RehearsalError::engine(&error, help)
        };
        let engine = Engine::connect().await.map_err(refused)?;
        engine.sweep_dead(Kept::Stay).await.map_err(|error| RehearsalError::engine(&error, None))?;
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
        let Stood { account, traffic, database, play, real, simulated, stood_in, server } = stood;
        let prediction = match (play, &account) {
            (Some((world, deploy)), Some(account)) => predict(world, &deploy, account)?,
            (_, _) => None,
        };
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
            outcomes: record.finish(),
            traffic,
            prediction,
            real,
            simulated,
            stood_in,
            took: self.began.elapsed(),
            events: account.map(|account| account.events_after(0)).unwrap_or_default(),
            redactor: self.redactor.clone(),
        })
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

/// What AWS would do with the deploy, from how its containers behaved here; nothing if none of what would be deployed ran.
fn predict(world: World, deploy: &Deploy, account: &Account) -> Result<Option<Prediction>, RehearsalError> {
    let measured = account.look(prediction::measure);
    let images: Vec<&str> = task_definition::images(&deploy.next);
    if !measured.iter().any(|it| images.contains(&it.image.as_str())) {
        return Ok(None);
    }
    prediction::predict(world, Measured::script(&measured), deploy)
        .map(Some)
        .map_err(|error| RehearsalError::bug("cannot predict what AWS would do", &error))
}

/// Reads everything that the script points at, and refuses what cannot be used before anything starts.
fn read(script: &Script) -> Result<Input, RehearsalError> {
    let text = |path: &Path| path.display().to_string();
    let names = FileNames {
        dockerfile: text(&script.files.dockerfile),
        context: text(&script.files.context),
        compose: script.files.compose.as_deref().map(text),
        task_definition: text(&script.files.task_definition),
        smoke: text(&script.files.smoke),
    };
    let unusable = |error: FileError| RehearsalError::input(&error, error.help());
    let files = Files::read(&script.to.directory, &names).map_err(unusable)?;
    let now = Files::read(&script.from.directory, &names).map_err(unusable)?;
    let definition_next = files.task_definition.registration.clone();
    files.task_definition.container(&script.service.container).map_err(unusable)?;
    if let Some((database, engine)) = &script.database
        && database.url.shape(*engine).is_none()
    {
        return Err(RehearsalError::Input {
            message: format!("greenroom.toml does not say how the database's URL is written for {engine}"),
            help: Some(format!("add `{} = \"…\"` to [database.url]", engine.key())),
        });
    }
    for (variable, value_from) in task_definition::secrets(&definition_next) {
        let name = secret_values::name_of(&value_from);
        let is_database = script.database.as_ref().is_some_and(|(database, _)| database.secret == name);
        if !is_database && !script.secrets.contains_key(name) {
            let shown = &names.task_definition;
            return Err(RehearsalError::Input {
                message: format!(
                    "`{shown}` takes `{variable}` from the secret `{name}`, which has no value for a rehearsal"
                ),
                help: Some(format!("add `\"{name}\" = {{ generate = 32 }}` to [secrets] in greenroom.toml")),
            });
        }
    }
    Ok(Input { definition_now: now.task_definition.registration, definition_next, files })
}
