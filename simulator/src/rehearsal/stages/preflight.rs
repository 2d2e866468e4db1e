//! *preflight*: what contradicts is found before anything starts.

use crate::database::Engine;
use crate::finding::{Finding, Severity};
use crate::rehearsal::input::Input;
pub(crate) use crate::rehearsal::preflight::AppHealthCheck;
use crate::rehearsal::preflight::{self, Subject};
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::script::Script;
use crate::rehearsal::task_definition;

/// Checks the files of what would be deployed against one another.
pub(in crate::rehearsal) fn check(script: &Script, input: &Input) -> Result<Proof<()>, Unproved> {
    let service = &script.service;
    let findings = preflight::check(&subject(script, input));
    let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|it| it.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(Unproved::Refuted(errors));
    }
    let definition = &input.definition_next;
    let evidence = format!(
        "the files agree: port {}, {} containers, {} secrets",
        service.port,
        task_definition::containers(definition).len(),
        task_definition::secrets(definition).len(),
    );
    Ok(Proof { value: (), evidence, warnings })
}

/// The secrets of the task definition that nobody can resolve (C-03): without them no task of it starts, wherever.
pub(crate) fn unresolved_secrets(script: &Script, input: &Input) -> Vec<Finding> {
    preflight::secrets::check(&subject(script, input))
}

/// The health checks of the app, wherever its files have them.
pub(crate) fn health_checks(script: &Script, input: &Input) -> Vec<AppHealthCheck> {
    preflight::health_checks(&subject(script, input))
}

fn subject<'input>(script: &Script, input: &'input Input) -> Subject<'input> {
    let service = &script.service;
    Subject {
        files: &input.files,
        container: service.container.clone(),
        port: service.port,
        port_place: service.port_place.clone(),
        sql_migrations_before: &input.sql_migrations_now,
        migration_command: script.migration.as_ref().map(|it| it.command.clone()).unwrap_or_default(),
        engine: script.database.as_ref().map_or(Engine::Postgres, |(_, engine)| *engine),
        database_url: url_shape(script),
        database_url_place: script.database_url_place.clone(),
        secrets: script.secret_names(),
        secret_keys: script.secret_keys(),
    }
}

fn url_shape(script: &Script) -> String {
    let shape = script.database.as_ref().and_then(|(database, engine)| database.url.shape(*engine));
    shape.unwrap_or_default().to_owned()
}
