//! What a migration hides that ends with 0: statements that were refused, and are refused again when it is run again.

use super::Play;
use super::invalid;
use super::migration::attempt;
use crate::database::{LogicalDatabase, Mark, StatementError};
use crate::finding::Kind;
use crate::rehearsal::RehearsalError;
use crate::scenario::judge::Found;
use crate::scenario::judge::masked::{failures, judge, repeated};
use crate::scenario::table::{Scenario, Schema};

/// What the migration of `database`, which has ended with 0 beside adversarial rows, has hidden since `mark`.
pub(super) async fn found(
    play: &Play<'_>,
    database: &LogicalDatabase,
    mark: &Mark,
) -> Result<Vec<Found>, RehearsalError> {
    let ground = play.ground;
    let refused = failures(ground.engine(), &database.errors_since(mark).await?);
    if refused.is_empty() && database.schema().await?.invalid_indexes().is_empty() {
        return Ok(Vec::new());
    }
    let alone = ground.clone_called("s1_masked", Schema::Baseline).await?;
    let first = refused_in(play, &alone).await?;
    let mut findings: Vec<_> = invalid::finding(play, &alone, (false, Kind::Proved)).await?.into_iter().collect();
    let (replay, command) = (play.replay(Scenario::S1), command(play));
    if let Some(error) = repeated(&first, &refused_in(play, &alone).await?) {
        findings.push(judge(error, &command, Kind::Proved, &replay));
    } else if let Some(error) = repeated(&refused, &refused_in(play, database).await?) {
        findings.push(judge(error, &command, Kind::Conditional, &replay));
    }
    Ok(findings.into_iter().map(Found::alone).collect())
}

/// The changes that a further run of the migration on `database` is refused although it ends with 0.
async fn refused_in(play: &Play<'_>, database: &LogicalDatabase) -> Result<Vec<StatementError>, RehearsalError> {
    let mark = database.mark().await?;
    if attempt(play, database).await?.is_some() {
        return Ok(Vec::new());
    }
    Ok(failures(play.ground.engine(), &database.errors_since(&mark).await?))
}

fn command(play: &Play<'_>) -> String {
    let migration = play.ground.session.script.migration.as_ref();
    migration.map_or_else(|| "the start of a task".to_owned(), |it| it.command.join(" "))
}
