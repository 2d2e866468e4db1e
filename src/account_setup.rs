//! Has `bootstrap` make a rehearsal's account ready. Here, and only here, the two halves of greenroom meet.

use std::num::NonZeroU16;
use std::path::Path;

use async_trait::async_trait;
use bootstrap::outcome::{AccessKey, DeployKey, SecretAccessKey};
use bootstrap::plan::Step;
use bootstrap::{ConnectOptions, Credentials, Desired, Outcome, StepEvent};
use simulator::database::Engine;
use simulator::rehearsal::error::chain;
use simulator::rehearsal::{AccountSetUp, Administrator, DeployIdentity, Progress, SetUpFailed, Stage};

use crate::config::Config;

/// `bootstrap`, told what the project's files say.
pub(crate) struct BootstrapAccount {
    pub(crate) config: bootstrap::Config,
}

/// Why the task definition is no use to bootstrap.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum SetUpError {
    #[error("cannot read `{path}`: {source}")]
    #[diagnostic(help("`[files] task-definition` in greenroom.toml names it"))]
    Read { path: String, source: std::io::Error },
    #[error("`{path}`: {message}")]
    Unusable { path: String, message: String },
}

impl BootstrapAccount {
    /// Reads the task definition that `config` points at, in `directory`. The database is of `engine`, if there is one.
    pub(crate) fn read(config: &Config, directory: &Path, engine: Option<Engine>) -> Result<Self, SetUpError> {
        let shown = config.files.task_definition.display().to_string();
        let file = directory.join(&config.files.task_definition);
        let text = std::fs::read_to_string(file).map_err(|source| SetUpError::Read { path: shown.clone(), source })?;
        let task_definition = bootstrap::TaskDefinition::parse(&text)
            .map_err(|error| SetUpError::Unusable { path: shown, message: chain(&error) })?;
        let config = bootstrap::Config {
            project: config.project.clone(),
            service: config.service.clone(),
            repository: config.repository.clone(),
            shift: config.shift.clone(),
            task_definition,
            database_port: engine.and_then(|engine| NonZeroU16::new(engine.port())),
        };
        Ok(Self { config })
    }
}

#[async_trait]
impl AccountSetUp for BootstrapAccount {
    async fn apply(
        &self,
        administrator: &Administrator,
        progress: &dyn Progress,
    ) -> Result<DeployIdentity, SetUpFailed> {
        let options = ConnectOptions {
            endpoint_url: Some(administrator.endpoint.clone()),
            region: self.config.project.region.clone(),
            credentials: Credentials::Explicit {
                access_key_id: administrator.access_key_id.clone(),
                secret_access_key: SecretAccessKey::new(administrator.secret_access_key.clone()),
                session_token: None,
            },
        };
        let account = bootstrap::connect(&options).await.map_err(failed)?;
        let desired = Desired::new(&self.config, account.location()).map_err(failed)?;
        let observed = bootstrap::observe(&account, &desired).await.map_err(failed)?;
        let plan = bootstrap::plan(&desired, &observed, &bootstrap::PlanOptions::default());
        let outcome = bootstrap::execute(&account, &plan, &Listener(progress)).await.map_err(failed)?;
        identity(outcome, plan.steps().len())
    }
}

fn identity(outcome: Outcome, changes: usize) -> Result<DeployIdentity, SetUpFailed> {
    let Outcome { deploy, network, .. } = outcome;
    let DeployKey::Created(AccessKey { id, secret }) = deploy.key else {
        return Err(SetUpFailed { message: "the deploy user has a key already".to_owned(), evidence: Vec::new() });
    };
    Ok(DeployIdentity {
        user: deploy.user.name,
        access_key_id: id,
        secret_access_key: secret.expose().to_owned(),
        subnets: network.subnet_ids,
        security_groups: vec![network.service_group_id],
        database_group: network.database_group_id,
        changes,
    })
}

fn failed(error: impl std::error::Error + 'static) -> SetUpFailed {
    SetUpFailed { message: chain(&error), evidence: Vec::new() }
}

/// Hands bootstrap's steps on, a line each.
struct Listener<'a>(&'a dyn Progress);

impl bootstrap::Progress for Listener<'_> {
    fn report(&self, step: &Step, event: StepEvent<'_>) {
        if matches!(event, StepEvent::Started) {
            self.0.says(Stage::Account, &step.change.to_string());
        }
    }
}
