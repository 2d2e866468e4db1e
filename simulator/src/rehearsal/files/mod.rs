//! The user's own files, read with places: what a value is and where it stands.
//!
//! Reading ends where meaning begins: a file that cannot be read, parsed or understood by itself is an error ([`FileError`], exit code 3);
//! that two files contradict each other is a finding of [`preflight`](super::preflight).

mod error;
mod source;

mod fields;
mod json;
mod template;
mod tree;
mod yaml;

pub mod compose;
pub mod dockerfile;
pub mod environment;
pub mod lifecycle_policies;
pub mod migrations;
pub mod nginx;
pub mod requirements;
pub mod security_groups;
pub mod smoke;
pub mod task_definition;
pub mod workflow;

use std::path::Path;

pub use compose::Compose;
pub use dockerfile::Dockerfile;
pub use environment::{EnvironmentFile, words};
pub use error::FileError;
pub use fields::Fields;
pub use lifecycle_policies::LifecyclePolicy;
pub use migrations::Migration;
pub use nginx::Nginx;
pub use requirements::Requirement;
pub use security_groups::SecurityGroups;
pub use smoke::Smoke;
pub use source::{Located, Source, Spot, sounds_secret};
pub use task_definition::TaskDefinition;
pub use template::{Reference, expand, references};
pub use tree::{Node, Value};
pub use workflow::Workflow;

/// Where the user's files are, relative to one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNames {
    /// The Dockerfile.
    pub dockerfile: String,
    /// The build's context.
    pub context: String,
    /// The compose file, if the project has one.
    pub compose: Option<String>,
    /// The task definition.
    pub task_definition: String,
    /// The smoke requests.
    pub smoke: String,
}

/// The user's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The Dockerfile.
    pub dockerfile: Dockerfile,
    /// The compose file, if the project has one.
    pub compose: Option<Compose>,
    /// The task definition.
    pub task_definition: TaskDefinition,
    /// The smoke requests.
    pub smoke: Smoke,
    /// Files of variables: those that the compose file names and that are there, and examples such as `.env.example`.
    pub environment_files: Vec<EnvironmentFile>,
    /// Alembic's or Django's migrations, if the project has any.
    pub migrations: Vec<Migration>,
    /// Migrations in SQL, as far as they are where they usually are.
    pub sql_migrations: Vec<Source>,
    /// What `requirements.txt` asks for, if there is one.
    pub requirements: Vec<Requirement>,
    /// The workflows that GitHub runs.
    pub workflows: Vec<Workflow>,
    /// The lifecycle policies of ECR that they write.
    pub lifecycle_policies: Vec<LifecyclePolicy>,
    /// The nginx of the compose file, where its configuration is in the repository.
    pub nginx: Vec<Nginx>,
}

impl Files {
    /// Reads the files of `directory`.
    ///
    /// # Errors
    /// With the first file that is missing or wrong, its place and what to do.
    pub fn read(directory: &Path, names: &FileNames) -> Result<Self, FileError> {
        let FileNames { dockerfile, context, compose, task_definition, smoke } = names;
        let task_definition = TaskDefinition::parse(Source::read(directory, task_definition)?)?;
        let dockerfile = Dockerfile::parse(&Source::read(directory, dockerfile)?)?;
        let compose = match compose {
            Some(name) => Some(Compose::parse(Source::read(directory, name)?)?),
            None => None,
        };
        let smoke = Smoke::parse(Source::read(directory, smoke)?)?;
        let nginx = compose.as_ref().map(|compose| nginx::read(directory, compose)).unwrap_or_default();
        let environment_files = environment::read(directory, compose.as_ref())?;
        let migrations = migrations::read(directory, context)?;
        let sql_migrations = migrations::read_sql(directory, context);
        let requirements = requirements::read(directory, context)?;
        let workflows = workflow::read(directory);
        Ok(Self {
            dockerfile,
            compose,
            task_definition,
            smoke,
            environment_files,
            migrations,
            sql_migrations,
            requirements,
            lifecycle_policies: lifecycle_policies::read(directory, &workflows),
            workflows,
            nginx,
        })
    }
}

/// The names of the files in `directory`, in order; none if there is no such directory.
fn file_names(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}
