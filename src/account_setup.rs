//! Has `bootstrap` make a rehearsal's account ready. Here, and only here, the two halves of greenroom meet.

use std::num::NonZeroU16;
use std::path::Path;

use async_trait::async_trait;
use bootstrap::config::deploy::{Jobs, Reference, Workflow};
use bootstrap::config::{Deployer, Further};
use bootstrap::outcome::{self, AccessKey, DeployKey, SecretAccessKey};
use bootstrap::plan::Step;
use bootstrap::policy::{TaskRolePolicy, trust};
use bootstrap::{ConnectOptions, Credentials, Desired, Outcome, StepEvent, TaskDefinition};
use simulator::database::Engine;
use simulator::oidc::{Job, RepositoryError, Trigger};
use simulator::rehearsal::error::chain;
use simulator::rehearsal::{
    AccountSetUp, Administrator, DeployCredentials, DeployIdentity, Progress, SetUpFailed, Stage,
};

use crate::config::Config;

/// `bootstrap`, told what the project's files say.
pub(crate) struct BootstrapAccount {
    pub(crate) config: bootstrap::Config,
}

/// Why a file that greenroom.toml names is no use to bootstrap.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum SetUpError {
    #[error("cannot read `{path}`: {source}")]
    #[diagnostic(help("`{}` in greenroom.toml names it", shown(keys)))]
    Read { path: String, keys: Vec<String>, source: std::io::Error },
    #[error("`{path}`: {message}")]
    Unusable { path: String, message: String },
}

impl BootstrapAccount {
    /// Reads the task definition that `config` points at, in `directory`. The database is of `engine`, if there is one.
    pub(crate) fn read(config: &Config, directory: &Path, engine: Option<Engine>) -> Result<Self, SetUpError> {
        let task_definition = read_definition(directory, &config.files.task_definition, &["files"])?;
        let task_role_policy = read_policy(directory, config.files.task_role_policy.as_deref(), &["files"])?;
        let further = config.services.iter().map(|(key, section)| {
            let tables = ["services", key.as_str()];
            let task_definition = read_definition(directory, &section.task_definition, &tables)?;
            let task_role_policy = read_policy(directory, section.task_role_policy.as_deref(), &tables)?;
            let further = Further::new(key, section, &config.project.name, task_definition, task_role_policy);
            further.map_err(|misplaced| SetUpError::Unusable {
                path: format!("[services.{key}]"),
                message: misplaced.to_string(),
            })
        });
        let config = bootstrap::Config {
            project: config.project.clone(),
            service: config.service.clone(),
            repository: config.repository.clone(),
            further: further.collect::<Result<_, _>>()?,
            shift: config.shift.clone(),
            capacity: config.capacity.clone(),
            ssh: config.ssh.clone(),
            deployer: config.deployer.clone(),
            boundary: config.boundary.clone(),
            host: config.host,
            task_definition,
            task_role_policy,
            database_port: engine.and_then(|engine| NonZeroU16::new(engine.port())),
        };
        Ok(Self { config })
    }
}

/// Reads the task definition at `path`, which the table at `tables` of greenroom.toml names.
fn read_definition(directory: &Path, path: &Path, tables: &[&str]) -> Result<TaskDefinition, SetUpError> {
    let text = read(directory, path, tables, "task-definition")?;
    TaskDefinition::parse(&text).map_err(|error| unusable(path, &error))
}

/// Reads the policy of an app's role at `path`, if the table at `tables` of greenroom.toml names one.
fn read_policy(directory: &Path, path: Option<&Path>, tables: &[&str]) -> Result<Option<TaskRolePolicy>, SetUpError> {
    let Some(path) = path else { return Ok(None) };
    let text = read(directory, path, tables, "task-role-policy")?;
    TaskRolePolicy::parse(&text).map(Some).map_err(|error| unusable(path, &error))
}

fn read(directory: &Path, path: &Path, tables: &[&str], key: &str) -> Result<String, SetUpError> {
    std::fs::read_to_string(directory.join(path)).map_err(|source| SetUpError::Read {
        path: path.display().to_string(),
        keys: tables.iter().chain([&key]).map(ToString::to_string).collect(),
        source,
    })
}

/// A key with the tables that it is in, as people write it.
fn shown(keys: &[String]) -> String {
    keys.split_last().map(|(key, tables)| format!("[{}] {key}", tables.join("."))).unwrap_or_default()
}

fn unusable(path: &Path, error: &(dyn std::error::Error + 'static)) -> SetUpError {
    SetUpError::Unusable { path: path.display().to_string(), message: chain(error) }
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
        identity(outcome, &self.config.deployer, plan.steps().len())
    }
}

fn identity(outcome: Outcome, deployer: &Deployer, changes: usize) -> Result<DeployIdentity, SetUpFailed> {
    let Outcome { deploy, network, location, .. } = outcome;
    let cannot = |message: &str| SetUpFailed { message: message.to_owned(), evidence: Vec::new() };
    let (named, credentials) = match (deploy, deployer) {
        (outcome::DeployIdentity::User { user, key: DeployKey::Created(AccessKey { id, secret }) }, _) => {
            let secret_access_key = secret.expose().to_owned();
            (user, DeployCredentials::Key { access_key_id: id, secret_access_key })
        }
        (outcome::DeployIdentity::Role(role), Deployer::Workflow(workflow)) => {
            let job = job(workflow).map_err(|error| cannot(&error.to_string()))?;
            let audience = trust::audience(&location).to_owned();
            let credentials = DeployCredentials::Role { arn: role.arn.clone(), job: Box::new(job), audience };
            (role, credentials)
        }
        (outcome::DeployIdentity::User { .. } | outcome::DeployIdentity::Role(_), _) => {
            return Err(cannot("whoever deploys was there already, with a key that nobody has"));
        }
    };
    Ok(DeployIdentity {
        user: named.name,
        credentials,
        subnets: network.subnet_ids,
        security_groups: vec![network.service_group_id],
        database_group: network.database_group_id,
        changes,
    })
}

/// A job that the workflow's repository would deploy with. Where any of several tags does, it is of the shortest.
fn job(workflow: &Workflow) -> Result<Job, RepositoryError> {
    let Workflow { repository, repository_id, owner_id, jobs, session: _ } = workflow;
    let (owner, name) = repository.as_str().split_once('/').unwrap_or((repository.as_str(), ""));
    let numbered = format!("{owner}@{}/{name}@{}", owner_id.get(), repository_id.get());
    let mut job = Job::of(repository.as_str()).in_repository(&numbered)?;
    let (environment, reference) = match jobs {
        Jobs::Of(reference) => (None, Some(reference)),
        Jobs::In(environment, reference) => (Some(environment), reference.as_ref()),
    };
    job.environment = environment.map(ToString::to_string);
    if let Some(reference) = reference {
        job.trigger = match reference {
            Reference::Branch(name) => Trigger::Branch(name.to_string()),
            Reference::Tag(name) => Trigger::Tag(name.as_str().replace('*', "")),
        };
    }
    Ok(job)
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
