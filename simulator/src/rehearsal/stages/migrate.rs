//! *migrate*: a one-off task of the new image runs the migration command.

use super::deploy::{migration_task, register};
use super::images::Images;
use super::scene::{Scene, Standing};
use crate::database::Database;
use crate::rehearsal::diagnosis::migration;
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;

/// Registers the new revision, which `revision` then names, and runs its migration.
pub(super) async fn run(
    session: &Session<'_>,
    scene: &Scene,
    standing: &Standing,
    server: Option<&Database>,
    images: &Images,
    revision: &mut Option<String>,
) -> Result<Proof<()>, Unproved> {
    let next = &session.input.definition_next;
    let registered = register(session, standing, next, &images.next.reference, Stage::Migrate).await?;
    let revision = revision.insert(registered);
    if let Some(failed) = migration_task(session, scene, standing, server, revision, Stage::Migrate).await? {
        return Err(migration::diagnose(&failed.facts()).into());
    }
    let command = session.script.migration.as_ref().map(|it| it.command.join(" ")).unwrap_or_default();
    Ok(Proof::new((), format!("`{command}` succeeded as a one-off task")))
}
