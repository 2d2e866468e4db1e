//! The sections, each decided from the repository's files.

mod database;
mod deploy;
mod files;
mod migration;
mod project;
mod secrets;
mod service;
mod services;

use super::document::Document;
use super::found::Found;
use super::release::{self, Kind, Release};
use super::repository::Repository;
use super::{health, migration as migrations};
use crate::rehearsal::files::compose::Service;
use crate::rehearsal::files::task_definition::Container;
use crate::rehearsal::files::{Compose, Dockerfile, TaskDefinition};
use services::Other;

/// What was chosen among the repository's files.
struct Chosen<'a> {
    repository: &'a Repository,
    releases: Vec<Release<'a>>,
    compose: Option<&'a Compose>,
    dockerfile: Option<&'a Dockerfile>,
    definition: Option<&'a TaskDefinition>,
    container: Option<&'a Container>,
    /// The compose service that is the app.
    app: Option<&'a Service>,
    /// The services beside it.
    others: Vec<Other<'a>>,
}

impl<'a> Chosen<'a> {
    fn new(repository: &'a Repository) -> Self {
        let releases = release::find(&repository.workflows);
        let release = releases.first();
        let named = |name: &str, wanted: &str| {
            let wanted = wanted.trim_start_matches("./");
            name == wanted || wanted.rsplit('/').next() == name.rsplit('/').next()
        };
        let definition = release.and_then(|release| release.task_definition.as_ref()).and_then(|file| {
            repository.task_definitions.iter().find(|definition| named(&definition.source.name, &file.value))
        });
        let definition = definition.or_else(|| repository.task_definitions.first());
        let compose = release
            .and_then(|release| release.compose.as_ref())
            .and_then(|file| repository.composes.iter().find(|compose| named(&compose.source.name, &file.value)))
            .or_else(|| repository.composes.first());
        let container = definition.and_then(|definition| service::container(definition, release));
        let app = compose.and_then(|compose| service::app(compose, container));
        // Compose names it from the build's context, which is the repository itself where there is such a file.
        let dockerfile = app
            .and_then(|app| app.build.as_ref())
            .and_then(|build| repository.dockerfiles.iter().find(|file| file.source.name == build.dockerfile))
            .or_else(|| repository.dockerfiles.first());
        let others = services::others(&repository.task_definitions, definition.zip(container), compose, app);
        Self { repository, compose, dockerfile, definition, container, app, others, releases }
    }

    fn release(&self) -> Option<&Release<'a>> {
        self.releases.first()
    }

    /// What the workflow says of `key` in a way that only GitHub understands.
    fn unknown(&self, key: &str) -> Option<String> {
        let (_, about) = self.release()?.unknown.iter().find(|(unknown, _)| *unknown == key)?;
        Some(format!("the workflow says {about}, which only GitHub knows"))
    }
}

/// The whole file.
pub(super) fn all(repository: &Repository) -> Document {
    let chosen = Chosen::new(repository);
    let health = health::path(
        chosen.definition.zip(chosen.container),
        chosen.compose.zip(chosen.app),
        chosen.dockerfile,
        chosen.release(),
    );
    let found = migrations::find(repository, chosen.release(), chosen.compose, chosen.definition, chosen.dockerfile);
    let smoke = (!repository.smoke).then(|| files::smoke(health.as_ref().map_or("/", |path| &path.value)));
    let mut sections = vec![project::section(&chosen), files::section(&chosen)];
    sections.push(service::section(&chosen, health));
    sections.push(service::repository(&chosen));
    sections.extend(deploy::section(&chosen));
    sections.extend(migration::section(&chosen, found));
    let (database, secret) = database::sections(&chosen);
    sections.extend(database);
    sections.extend(secrets::section(&chosen, secret.as_deref()));
    Document { sections, further: services::sections(&chosen), beyond: beyond(&chosen), smoke }
}

/// What greenroom.toml has no words for.
fn beyond(chosen: &Chosen<'_>) -> Vec<String> {
    let mut beyond = Vec::new();
    if let Some(release) = chosen.release() {
        let place = format!("{}, job `{}`", release.workflow.source.name, release.job.id.value);
        if release.kind == Kind::Ssh {
            beyond.push(format!(
                "{place}, deploys to a host over SSH. greenroom.toml describes a deploy to ECS: `bootstrap` would make an ECS service \
                 beside the host, and a rehearsal shows the image, the migration and the rollout, not the SSH step."
            ));
        }
        if release.by_code_deploy {
            beyond.push(format!(
                "{place}, has CodeDeploy shift the traffic. `[deployment] strategy = \"blue-green\"` is ECS's own blue/green \
                 deployment, which is another deployment controller; what is written here is a rolling one."
            ));
        }
        let taken: Vec<String> =
            chosen.others.iter().filter_map(|other| Some(services::repository(chosen, other)?.value)).collect();
        let first = service::repository_name(chosen).map(|found| found.value);
        let is_nobodys = |other: &&Found<String>| Some(&other.value) != first.as_ref() && !taken.contains(&other.value);
        let names: Vec<String> = release
            .repositories
            .iter()
            .filter(is_nobodys)
            .map(|other| format!("`{}` ({})", other.value, other.reason))
            .collect();
        if !names.is_empty() {
            beyond.push(format!(
                "{place}, also pushes to {}, and no service here has its image. `[services.NAME]` describes another service, and its \
                 `repository` is where its image is pushed.",
                names.join(" and ")
            ));
        }
    }
    for unread in &chosen.repository.unread {
        beyond.push(format!("left out, since it cannot be read: {unread}"));
    }
    beyond
}
