//! *baseline*: what runs now runs, healthy, with rows in its database.

use super::deploy::{Rollout, migration_task, register, roll_out};
use super::images::Images;
use super::scene::{Scene, Standing};
use crate::database::Database;
use crate::finding::{Code, Finding, Kind};
use crate::rehearsal::diagnosis::migration;
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;
use crate::rehearsal::traffic;

/// The revision that runs now.
#[derive(Clone, Debug)]
pub(super) struct Baseline {
    /// Its ARN.
    pub(super) revision: String,
}

/// Migrates the empty database with what runs now, rolls it out, and makes rows through its API.
pub(super) async fn establish(
    session: &Session<'_>,
    scene: &Scene,
    standing: &Standing,
    server: Option<&Database>,
    images: &Images,
) -> Result<Proof<Baseline>, Unproved> {
    let script = session.script;
    let now = &session.input.definition_now;
    let revision = register(session, standing, now, &images.now.reference, Stage::Baseline).await?;
    if let Some(failed) = migration_task(session, scene, standing, server, &revision, Stage::Baseline).await? {
        return Err(migration::diagnose(&failed.facts()).into());
    }
    let Rollout { tasks, .. } = roll_out(session, scene, standing, &revision, Stage::Baseline).await?;
    let base = &standing.base_url;
    let seed = &session.input.files.smoke.seed;
    for requests in [seed, &session.input.files.smoke.smoke] {
        traffic::send_all(base, requests).await.map_err(|failure| {
            Finding::error(
                Code::T05,
                Kind::Proved,
                Stage::Baseline,
                format!("what runs now does not answer `{}` as it must", failure.name),
            )
            .with_evidence([failure.answer])
            .with_help(["correct the smoke file, or choose another revision with `--from`".to_owned()])
        })?;
    }
    traffic::press(base, &session.input.files.smoke.smoke, script.service.desired_count).await;
    let evidence =
        format!("{} runs with {tasks} healthy tasks; {} seed requests made rows", script.from.label, seed.len());
    Ok(Proof::new(Baseline { revision }, evidence))
}
