//! What baseline, roll out and roll back share: a migration task, and a deployment followed to its end.

use std::time::Duration;

use serde_json::Value;
use simulator_core::effect::TaskId;
use simulator_core::{Event, EventKind};

use super::explain::FailedRollout;
use super::images::Images;
use super::scene::{Scene, Standing};
use super::verify;
use crate::database::{Database, Mark, SchemaSnapshot, StatementError};
use crate::finding::Place;
use crate::rehearsal::RehearsalError;
use crate::rehearsal::diagnosis::blamed::blamed;
use crate::rehearsal::diagnosis::migration::{FailedMigration, StoppedTask, cause};
use crate::rehearsal::diagnosis::stories;
use crate::rehearsal::files::Migration;
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::rollout::{self, Ended};
use crate::rehearsal::session::Session;
use crate::rehearsal::shift::{self, Course};
use crate::rehearsal::stage::Stage;
use crate::rehearsal::task_definition;
use crate::rehearsal::traffic::Traffic;

/// The `services-stable` waiter gives up after 40 polls of 15 s (BOTO), and so do deploy pipelines.
const PATIENCE: Duration = Duration::from_secs(600);

/// A deployment that was completed.
#[derive(Clone, Debug)]
pub(super) struct Rollout {
    /// How many tasks run.
    pub(super) tasks: u64,
    /// From UpdateService to the steady state.
    pub(super) took: Duration,
    /// How requests moved, if they did.
    pub(super) course: Option<Course>,
}

/// A migration that failed, with all that was seen of it.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    engine: crate::database::Engine,
    task: StoppedTask,
    container: String,
    lines: Vec<String>,
    errors: Vec<StatementError>,
    changes: Vec<String>,
    before: Option<String>,
    now: Option<String>,
    attempted: Option<(String, Place)>,
}

impl Failed {
    /// What is known of `task`, whose container `container` wrote `lines` last: the statements that the database refused meanwhile
    /// (`errors`) and its schema before and after.
    pub(crate) fn of(
        engine: crate::database::Engine,
        (task, container, lines): (StoppedTask, &str, Vec<String>),
        errors: Vec<StatementError>,
        (before, after): (&SchemaSnapshot, &SchemaSnapshot),
        migrations: &[Migration],
    ) -> Self {
        let statement = cause(&errors).and_then(|error| error.statement.clone());
        Self {
            engine,
            task,
            container: container.to_owned(),
            lines,
            errors,
            changes: SchemaSnapshot::difference(before, after).iter().map(ToString::to_string).collect(),
            before: one(&before.revision),
            now: one(&after.revision),
            attempted: blamed(migrations, &after.revision, statement.as_deref()),
        }
    }

    /// What the diagnosis asks for.
    pub(crate) fn facts(&self) -> FailedMigration<'_> {
        FailedMigration {
            engine: self.engine,
            task: &self.task,
            container: &self.container,
            lines: &self.lines,
            errors: &self.errors,
            changes: &self.changes,
            revisions: (self.before.as_deref(), self.now.as_deref()),
            attempted: self.attempted.as_ref().map(|(revision, place)| (revision.as_str(), place.clone())),
        }
    }
}

/// Registers the task definition `file` with `image` in it and answers the new revision's ARN.
pub(super) async fn register(
    session: &Session<'_>,
    standing: &Standing,
    file: &Value,
    image: &str,
    stage: Stage,
) -> Result<String, Unproved> {
    let service = &session.script.service;
    let definition = task_definition::registration(file, &service.container, &service.repository, image);
    standing.deploy.register(definition).await.map_err(|error| Standing::refused(stage, &error))
}

/// *roll out*: deploys the new revision (registered now, if it is not yet).
pub(super) async fn advance(
    session: &Session<'_>,
    scene: &Scene,
    standing: &Standing,
    images: &Images,
    revision: Option<String>,
) -> Result<Proof<()>, Unproved> {
    let next = &session.input.definition_next;
    let revision = match revision {
        Some(revision) => revision,
        None => register(session, standing, next, &images.next.reference, Stage::RollOut).await?,
    };
    if let Some(faults) = &scene.faults {
        let service = &session.script.service;
        faults.pull(&service.cluster, &service.name, &service.container, &images.next.reference);
    }
    let Rollout { tasks, took, course } = roll_out(session, scene, standing, &revision, Stage::RollOut).await?;
    let label = &session.script.to.label;
    let runs = format!("{label} runs with {tasks} healthy tasks, {:.1} s after UpdateService", took.as_secs_f64());
    let evidence: Vec<String> = std::iter::once(runs).chain(course.iter().flat_map(Course::lines)).collect();
    Ok(Proof::new((), evidence.join("; ")))
}

/// *roll back*: deploys the revision before again, on the migrated schema.
pub(super) async fn go_back(
    session: &Session<'_>,
    scene: &Scene,
    standing: &Standing,
    revision: &str,
    traffic: &Traffic,
) -> Result<Proof<()>, Unproved> {
    let before = traffic.tally().await;
    let Rollout { took, .. } = roll_out(session, scene, standing, revision, Stage::RollBack).await?;
    verify::once(session, standing, Stage::RollBack).await?;
    let after = traffic.tally().await;
    verify::none_failed(&after, &before, Stage::RollBack)?;
    let label = &session.script.from.label;
    let sent = after.sent - before.sent;
    let evidence = format!(
        "{label} runs again on the migrated schema after {:.1} s; none of {sent} requests failed",
        took.as_secs_f64()
    );
    Ok(Proof::new((), evidence))
}

/// Runs the migration command as a one-off task of `revision` and answers what failed, if it did.
pub(super) async fn migration_task(
    session: &Session<'_>,
    scene: &Scene,
    standing: &Standing,
    server: Option<&Database>,
    revision: &str,
    stage: Stage,
) -> Result<Option<Failed>, Unproved> {
    let (Some(migration), Some(database)) = (&session.script.migration, server) else { return Ok(None) };
    let container = migration.container.as_ref().unwrap_or(&session.script.service.container);
    let before: SchemaSnapshot = database.schema().await.map_err(|error| bug("cannot read the schema", &error))?;
    let mark: Mark = database.mark().await.map_err(|error| bug("cannot read the database's clock", &error))?;
    let refused = |error| Standing::refused(stage, &error);
    let arn = standing.deploy.run(revision, container, &migration.command).await.map_err(refused)?;
    let id = task_of(&arn)?;
    let stopped = scene.account.until(|world| {
        let is_stopped =
            |event: &Event| matches!(&event.kind, EventKind::Task { task, status: "STOPPED", .. } if *task == id);
        world.events().iter().rev().any(is_stopped).then_some(())
    });
    if tokio::time::timeout(PATIENCE, stopped).await.is_err() {
        standing.deploy.stop(&arn, "greenroom: the migration does not end").await.map_err(refused)?;
    }
    let task = standing.deploy.stopped(&arn, container).await.map_err(refused)?;
    if task.exit_code == Some(0) {
        return Ok(None);
    }
    let story = stories(&scene.account.events_after(0)).remove(&id).unwrap_or_default();
    let after = database.schema().await.map_err(|error| bug("cannot read the schema", &error))?;
    let errors =
        database.errors_since(&mark).await.map_err(|error| bug("cannot read the database's errors", &error))?;
    let lines = story.containers.get(container).map(|it| it.lines.clone()).unwrap_or_default();
    let (engine, migrations) = (database.spec().engine, &session.input.files.migrations);
    Ok(Some(Failed::of(engine, (task, container, lines), errors, (&before, &after), migrations)))
}

/// Deploys `revision` and follows it until the service is in a steady state on it.
pub(super) async fn roll_out(
    session: &Session<'_>,
    scene: &Scene,
    standing: &Standing,
    revision: &str,
    stage: Stage,
) -> Result<Rollout, Unproved> {
    let service = &session.script.service;
    let began = std::time::Instant::now();
    let seen = scene.account.events_after(0).len();
    let refused = |error| Standing::refused(stage, &error);
    let deployment = standing.deploy.update(revision, service.desired_count).await.map_err(refused)?;
    if stage == Stage::RollOut {
        // There is one such stage.
        let _ = scene.deployed.set(deployment.clone());
    }
    let course = || {
        let tested = scene.account.look(|world| shift::is_tested(world, &service.cluster, &service.name));
        shift::course(&scene.account.events_after(0), &deployment, &scene.hooks.calls(), tested)
    };
    match rollout::ended(&scene.account, &deployment, seen, PATIENCE).await {
        Ended::Completed => {
            rollout::steady(&scene.account, &service.name, seen, PATIENCE).await;
            let shown = standing.deploy.describe().await.map_err(refused)?;
            let tasks = shown.get("runningCount").and_then(Value::as_u64).unwrap_or_default();
            Ok(Rollout { tasks, took: began.elapsed(), course: course() })
        }
        Ended::Failed { reason } => {
            // The rollback is part of what is shown: v1 serves throughout, and the service is stable again.
            let steady = rollout::steady(&scene.account, &service.name, seen, PATIENCE).await;
            let serving =
                if steady { "the service is stable again on the revision before" } else { "the service is not stable" };
            let course = course();
            let calls = course.as_ref().map(|course| course.hooks.as_slice()).unwrap_or_default();
            let place = |function: &str| session.script.stand_ins.get(function).map(|(_, place)| place.clone());
            let finding = match shift::refusal(stage, calls, place) {
                Some(finding) => finding,
                None => {
                    let failed = FailedRollout { revision, deployment: &deployment, seen, stage };
                    failed.explain(session, scene, standing).await?
                }
            };
            let lines = course.iter().flat_map(|course| course.shift.lines());
            Err(finding.with_evidence(lines.chain([reason, serving.to_owned()])).into())
        }
        Ended::Neither => {
            let failed = FailedRollout { revision, deployment: &deployment, seen, stage };
            let finding = failed.explain(session, scene, standing).await?;
            let waited = format!("the deployment neither completed nor failed within {} s", PATIENCE.as_secs());
            Err(finding.with_evidence([waited]).into())
        }
    }
}

fn bug(while_doing: &str, error: &(dyn std::error::Error + 'static)) -> Unproved {
    Unproved::Failed(RehearsalError::bug(while_doing, error))
}

/// The id of the task that `arn` names.
pub(super) fn task_of(arn: &str) -> Result<TaskId, Unproved> {
    let id = arn.rsplit('/').next().unwrap_or_default().parse();
    id.map_err(|error| {
        Unproved::Failed(RehearsalError::Bug { message: format!("cannot tell the task of `{arn}`: {error}") })
    })
}

/// The revision that the schema is at; several where a tool has several heads.
fn one(revisions: &[String]) -> Option<String> {
    if revisions.is_empty() { None } else { Some(revisions.join(", ")) }
}
