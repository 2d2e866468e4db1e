//! S8: the migration beside somebody who has read its tables and does not end his transaction.

use std::time::Duration;

use super::{Play, Report};
use crate::database::lock_trial::{LockTrial, Patience, lock_trial};
use crate::database::{LogicalDatabase, SchemaSnapshot};
use crate::migration_tool::{Tool, recognise};
use crate::rehearsal::RehearsalError;
use crate::scenario::judge::{Found, waiting};
use crate::scenario::migrator::{Unmigrated, migrate};
use crate::scenario::table::{Scenario, Schema};

/// Each table that is held takes a connection. Of more tables only so many are held.
const MOST_TABLES: usize = 24;

/// The migration has time for every holder that it waits for. A canary waits as everybody's requests do, and lives to see that a
/// migration gives up which limits its own waiting to the few seconds that are advised.
const PATIENCE: Patience = Patience { migration: Duration::from_secs(180), canary_seconds: waiting::CANARY_SECONDS };

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let ground = play.ground;
    let (tables, left_out) = held(play, database).await?;
    let limited = ground.clone_called("s8_limited", Schema::Baseline).await?;
    let trial = lock_trial(database, &tables, migrate(ground, &ground.new, database), PATIENCE).await?;
    let trial = match ended(trial)? {
        Ok(trial) => trial,
        Err(report) => return Ok(report),
    };
    let harmed = trial.stops.iter().any(|stop| stop.failed() > 0);
    let with_limit = if harmed {
        limited.limit_waiting().await?;
        Some(lock_trial(&limited, &tables, migrate(ground, &ground.new, &limited), PATIENCE).await?.stops)
    } else {
        None
    };
    let seen = waiting::Seen {
        engine: ground.engine(),
        tool: tool(play, database).await?,
        stops: trial.stops,
        with_limit,
        held: tables.len(),
        left_out,
    };
    let found = waiting::judge(&seen, &play.replay(Scenario::S8)).map(Found::alone);
    Ok(Report::refuted_by(waiting::told(&seen), found.into_iter().collect()))
}

/// The trial, unless the migration failed for a reason of its own.
fn ended(trial: LockTrial<Result<(), Unmigrated>>) -> Result<Result<LockTrial<()>, Report>, RehearsalError> {
    let LockTrial { stops, migration } = trial;
    let gave_up = stops.iter().any(|stop| stop.gave_up);
    match migration {
        Some(Ok(())) => Ok(Ok(LockTrial { stops, migration: Some(()) })),
        None => Ok(Ok(LockTrial { stops, migration: None })),
        // Then it fails because of the holder, as it is meant to.
        Some(Err(Unmigrated::Refuted(_))) if gave_up => Ok(Ok(LockTrial { stops, migration: None })),
        Some(Err(Unmigrated::Refuted(_))) => Ok(Err(Report::not_shown("the migration fails: see S1"))),
        Some(Err(Unmigrated::Failed(error))) => Err(error),
    }
}

/// The tables to hold, and how many are left out: of many only those that the migration changes, and as many others as there is room for.
async fn held(play: &Play<'_>, database: &LogicalDatabase) -> Result<(Vec<String>, usize), RehearsalError> {
    let tables = &play.reference.schema.tables;
    let all: Vec<String> =
        tables.iter().filter(|(_, table)| table.kind == "table").map(|(name, _)| name.clone()).collect();
    if all.len() <= MOST_TABLES {
        return Ok((all, 0));
    }
    let first = database.clone_as(&format!("{}_first", database.name())).await?;
    let changes = match play.to_head(&first).await? {
        Ok(_) => SchemaSnapshot::difference(&play.reference.schema, &first.schema().await?),
        Err(_) => Vec::new(),
    };
    let changed: Vec<&str> = changes.iter().filter_map(crate::scenario::judge::subject::table_of).collect();
    let (mut chosen, others): (Vec<String>, Vec<String>) =
        all.into_iter().partition(|table| changed.contains(&table.as_str()));
    let room = MOST_TABLES.saturating_sub(chosen.len());
    let left_out = others.len().saturating_sub(room);
    chosen.truncate(MOST_TABLES);
    chosen.extend(others.into_iter().take(room));
    Ok((chosen, left_out))
}

async fn tool(play: &Play<'_>, database: &LogicalDatabase) -> Result<Option<&'static Tool>, RehearsalError> {
    let command = play.ground.session.script.migration.as_ref().map(|it| it.command.as_slice()).unwrap_or_default();
    match recognise(command, &[]) {
        Some(tool) => Ok(Some(tool)),
        None => Ok(database.migration_tool().await?),
    }
}
