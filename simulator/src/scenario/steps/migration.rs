//! S1: the migration on the baseline's rows and on adversarial ones beside them.
//!
//! What succeeds on both together succeeds on the baseline's alone. What fails is run again on those alone: if it fails there too, that is
//! proved; if not, it depends on what rows production has.

use super::way_out::Refused;
use super::{Play, Report, invalid, masked, way_out};
use crate::database::catalog::Catalog;
use crate::database::seeding::{Gap, Plan, Seeded, seed};
use crate::database::{Account, DatabaseError, LogicalDatabase, SchemaSnapshot};
use crate::finding::{Code, Finding, Kind, Stage};
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
        let hidden = masked::found(play, database, &mark).await?;
        let how = if hidden.is_empty() { "the migration succeeds" } else { "the migration ends with 0" };
        let report = succeeded(play, database, how, hidden).await?;
        return Ok(report.with_migration(rows, watched));
    };
    if rows.accepted.is_empty() {
        let watched = watch.seen(ground, "s1_again").await?;
        return Ok(failed(play, database, cause).await?.with_migration(rows, watched));
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
    let left = invalid::finding(play, database, (true, Kind::Conditional)).await?;
    let found = std::iter::once(finding).chain(left).map(Found::alone).collect();
    let report = succeeded(play, &alone, evidence, found).await?;
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
pub(super) async fn attempt(play: &Play<'_>, database: &LogicalDatabase) -> Result<Option<Finding>, RehearsalError> {
    match migrate(play.ground, &play.ground.new, database).await {
        Ok(()) => Ok(None),
        Err(Unmigrated::Refuted(finding)) => Ok(Some(*finding)),
        Err(Unmigrated::Failed(error)) => Err(error),
    }
}

async fn failed(play: &Play<'_>, database: &LogicalDatabase, cause: Finding) -> Result<Report, RehearsalError> {
    let left = invalid::finding(play, database, (true, Kind::Proved)).await?;
    let led = way_out::led(play, database, &play.reference.schema).await?;
    let replay = play.replay(Scenario::S1);
    let refused = led.refused.as_ref().map(|refused| refused_again(refused, &led.lines).help(&replay));
    let cause = cause.with_help(led.lines).help(&replay);
    let found = std::iter::once(cause).chain(left).chain(refused).map(Found::alone);
    Ok(Report::shown("the migration fails", found.collect()))
}

/// What a failed migration has left of its own that a second run meets.
fn refused_again(refused: &Refused, way_out: &[String]) -> Finding {
    let finding = match refused {
        Refused::Locked(why) => {
            let sentence = format!("the failed migration leaves its lock behind, and a second run is refused: {why}");
            Finding::error(Code::M05, Kind::Proved, Stage::Migrate, sentence)
                .evidence("S1: the lock is a row of a table, and no session that holds it lives")
        }
        Refused::Unfinished(again) => {
            // A tool that is refused by the database instead has no words of its own for it.
            let code = if [Code::M03, Code::M09].contains(&again.code) { again.code } else { Code::M03 };
            let what = &again.sentence;
            let sentence = format!("the failed migration stays noted as begun, and a second run is refused: {what}");
            Finding::error(code, Kind::Proved, Stage::Migrate, sentence)
                .evidence("S1: the note is in the tool's own table, and was not rolled back")
        }
    };
    let fix = finding.code.entry().fix;
    finding.with_help(way_out.to_vec()).help(fix)
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
