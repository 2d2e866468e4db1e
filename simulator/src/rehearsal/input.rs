//! The user's files, as far as a rehearsal needs them.

use std::path::Path;

use serde_json::Value;

use super::error::RehearsalError;
use super::files::{FileError, FileNames, Files, SecurityGroups, Source};
use super::permissions::Policy;
use super::preflight::secrets::nearest;
use super::script::Script;
use super::{production, secret_values, task_definition};
use crate::database::Managed;

/// What the user's files say, read and found usable.
#[derive(Debug)]
pub(crate) struct Input {
    /// The files of what would be deployed.
    pub(crate) files: Files,
    /// The migrations in SQL of what runs now.
    pub(crate) sql_migrations_now: Vec<Source>,
    /// The task definition of what runs now.
    pub(crate) definition_now: Value,
    /// The task definition of what would be deployed.
    pub(crate) definition_next: Value,
    /// The security groups of the account that is deployed to, if they are known.
    pub(crate) security_groups: Option<SecurityGroups>,
    /// What production's database demands, if it is a managed one.
    pub(crate) managed: Option<Managed>,
    /// The policy that the deploy identity has on AWS, if it is known.
    pub(crate) deploy_policy: Option<Policy>,
}

impl Input {
    /// Reads everything that the script points at, and refuses what cannot be used before anything starts.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub(crate) fn read(script: &Script) -> Result<Self, RehearsalError> {
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
        let managed = match &script.database {
            Some((database, engine)) => production::managed(database, *engine)?,
            None => None,
        };
        let security_groups = security_groups(script)?;
        let deploy_policy = match &script.files.deploy_policy {
            None => None,
            Some(path) => {
                let read = Source::read(&script.to.directory, &path.display().to_string()).and_then(Policy::read);
                Some(read.map_err(unusable)?)
            }
        };
        for (variable, value_from) in task_definition::secrets(&definition_next) {
            let name = secret_values::name_of(&value_from);
            let is_database = script.database.as_ref().is_some_and(|(database, _)| database.secret == name);
            // One that is misspelt is a finding.
            let is_misspelt = nearest(&script.secret_names(), name).is_some();
            if !is_database && !script.secrets.contains_key(name) && !is_misspelt {
                let shown = &names.task_definition;
                return Err(RehearsalError::Input {
                    message: format!(
                        "`{shown}` takes `{variable}` from the secret `{name}`, which has no value for a rehearsal"
                    ),
                    help: Some(format!("add `\"{name}\" = {{ generate = 32 }}` to [secrets] in greenroom.toml")),
                });
            }
        }
        Ok(Self {
            definition_now: now.task_definition.registration,
            sql_migrations_now: now.sql_migrations,
            definition_next,
            security_groups,
            managed,
            deploy_policy,
            files,
        })
    }
}

/// The security groups, among which the database's must be if the script names it.
fn security_groups(script: &Script) -> Result<Option<SecurityGroups>, RehearsalError> {
    let wanted = script.database.as_ref().and_then(|(database, _)| database.security_group.as_deref());
    let Some(path) = &script.files.security_groups else {
        return match wanted {
            None => Ok(None),
            Some(group) => Err(RehearsalError::Input {
                message: format!("greenroom.toml names the database's security group `{group}`, but no file that has it"),
                help: Some(
                    "write what `aws ec2 describe-security-groups` prints into a file, and name it as `security-groups` in [files]"
                        .to_owned(),
                ),
            }),
        };
    };
    let read = Source::read(&script.to.directory, &path.display().to_string()).and_then(SecurityGroups::parse);
    let groups = read.map_err(|error| RehearsalError::input(&error, error.help()))?;
    match wanted.filter(|group| groups.find(group).is_none()) {
        None => Ok(Some(groups)),
        Some(absent) => {
            let names: Vec<String> = groups.groups.iter().map(|group| format!("`{}`", group.name)).collect();
            Err(RehearsalError::Input {
                message: format!("`{}` has no security group `{absent}`", groups.source.name),
                help: Some(format!("name one of its groups as `security-group` in [database]: {}", names.join(", "))),
            })
        }
    }
}
