//! S1: the migration on the baseline's rows and on adversarial ones beside them.
//!
//! What succeeds on both together succeeds on the baseline's alone. What fails is run again on those alone: if it fails there too, that is
//! proved; if not, it depends on what rows production has.

use super::{Play, Report, way_out};
use crate::database::catalog::Catalog;
use crate::database::seeding::{Gap, Plan, Seeded, seed};
use crate::database::{Account, DatabaseError, LogicalDatabase, SchemaSnapshot};
use crate::finding::Finding;
use crate::rehearsal::RehearsalError;
use crate::rehearsal::error::chain;
use crate::scenario::judge::{Found, many, question, seeded};
use crate::scenario::migrator::{Unmigrated, migrate};
use crate::scenario::table::{Scenario, Schema};
use crate::scenario::watch::Watch;

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let (ground, reference) = (play.ground, play.reference);
    let rows = sow(&reference.catalog, database, play.seed).await?;
    let (watch, mark) = (Watch::over(database).await?, database.mark().await?);
    let Some(cause) = attempt(play, database).await? else {
        let watched = watch.seen(ground, "s1_again").await?;
        let report = succeeded(play, database, "the migration succeeds", Vec::new()).await?;
        return Ok(report.with_migration(rows, watched));
    };
    if rows.accepted.is_empty() {
        return Ok(failed(play, database, cause).await?.with_migration(rows, watch.seen(ground, "s1_again").await?));
    }
    let errors = database.errors_since(&mark).await?;
    let alone = ground.clone_called("s1_alone", Schema::Baseline).await?;
    let watch = Watch::over(&alone).await?;
    let cause_alone = attempt(play, &alone).await?;
    let watched = watch.seen(ground, "s1_again").await?;
    if let Some(cause) = cause_alone {
        return Ok(failed(play, &alone, cause).await?.with_migration(rows, watched));
    }
    let questions = errors.last().map(|error| question::questions(ground.engine(), error, &reference.catalog));
    let finding = seeded::judge(cause, &rows, questions.unwrap_or_default(), play.replay(Scenario::S1));
    let evidence = "the migration succeeds on the baseline's rows, and not on all that the schema allows";
    let report = succeeded(play, &alone, evidence, vec![Found::alone(finding)]).await?;
    Ok(report.with_migration(rows, watched))
}

/// Inserts what the schema of `database` allows and a fresh database does not have. Rows that a trigger refuses in the end are none, which
/// is said.
async fn sow(catalog: &Catalog, database: &LogicalDatabase, number: u64) -> Result<Seeded, DatabaseError> {
    let plan = Plan::of(catalog, &[], number);
    let mut connection = database.connect(Account::Administrator).await?;
    Ok(seed(&mut connection, &plan).await.unwrap_or_else(|error| {
        let gap = Gap { table: "every table".to_owned(), what: None, because: chain(&error) };
        Seeded { gaps: vec![gap], ..Seeded::default() }
    }))
}

/// Why the migration of `database` fails, if it does.
async fn attempt(play: &Play<'_>, database: &LogicalDatabase) -> Result<Option<Finding>, RehearsalError> {
    match migrate(play.ground, &play.ground.new, database).await {
        Ok(()) => Ok(None),
        Err(Unmigrated::Refuted(finding)) => Ok(Some(*finding)),
        Err(Unmigrated::Failed(error)) => Err(error),
    }
}

async fn failed(play: &Play<'_>, database: &LogicalDatabase, cause: Finding) -> Result<Report, RehearsalError> {
    let way_out = way_out::lines(play, database, &play.reference.schema).await?;
    let finding = cause.with_help(way_out).help(play.replay(Scenario::S1));
    Ok(Report::shown("the migration fails", vec![Found::alone(finding)]))
}

async fn succeeded(
    play: &Play<'_>,
    database: &LogicalDatabase,
    how: &str,
    found: Vec<Found>,
) -> Result<Report, RehearsalError> {
    let after = database.schema().await?;
    let changes = SchemaSnapshot::difference(&play.reference.schema, &after);
    let evidence = match changes.len() {
        0 => format!("{how} and changes nothing"),
        count => format!("{how}: {}", many(count, "change")),
    };
    Ok(Report::shown(evidence, found).with_changes(changes))
}
