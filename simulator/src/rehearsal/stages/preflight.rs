//! *preflight*: what contradicts is found before anything starts.

use crate::database::Engine;
use crate::finding::Severity;
use crate::rehearsal::input::Input;
use crate::rehearsal::preflight::{self, Subject};
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::script::Script;
use crate::rehearsal::task_definition;

/// Checks the files of what would be deployed against one another.
pub(in crate::rehearsal) fn check(script: &Script, input: &Input) -> Result<Proof<()>, Unproved> {
    let service = &script.service;
    let findings = preflight::check(&Subject {
        files: &input.files,
        container: service.container.clone(),
        port: service.port,
        port_place: service.port_place.clone(),
        sql_migrations_before: &input.sql_migrations_now,
        migration_command: script.migration.as_ref().map(|it| it.command.clone()).unwrap_or_default(),
        engine: script.database.as_ref().map_or(Engine::Postgres, |(_, engine)| *engine),
        database_url: url_shape(script),
        database_url_place: script.database_url_place.clone(),
        secrets: secrets(script),
    });
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

fn url_shape(script: &Script) -> String {
    let shape = script.database.as_ref().and_then(|(database, engine)| database.url.shape(*engine));
    shape.unwrap_or_default().to_owned()
}

/// The names of the secrets that the rehearsal makes up.
fn secrets(script: &Script) -> Vec<String> {
    let database = script.database.as_ref().map(|(database, _)| database.secret.clone());
    database.into_iter().chain(script.secrets.keys().cloned()).collect()
}
