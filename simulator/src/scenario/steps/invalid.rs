//! What a migration leaves behind that is there and does nothing: an index whose concurrent creation failed, and what a second run makes
//! of it.

use super::Play;
use super::migration::attempt;
use crate::database::{Account, Engine, LogicalDatabase, sql};
use crate::finding::{Finding, Kind};
use crate::rehearsal::RehearsalError;
use crate::scenario::judge::invalid::{Seen, judge};
use crate::scenario::table::Scenario;

/// The finding about the indexes that the migration of `database` has left invalid, if there are any. It `failed` or not, and how that is
/// known is `kind`.
pub(super) async fn finding(
    play: &Play<'_>,
    database: &LogicalDatabase,
    (failed, kind): (bool, Kind),
) -> Result<Option<Finding>, RehearsalError> {
    let before = play.reference.schema.invalid_indexes();
    let left: Vec<String> = database.schema().await?.invalid_indexes().difference(&before).cloned().collect();
    if left.is_empty() {
        return Ok(None);
    }
    let clone = database.clone_as(&format!("{}_twice", database.name())).await?;
    let again = attempt(play, &clone).await?.map(|finding| finding.sentence);
    let still: Vec<String> = clone.schema().await?.invalid_indexes().difference(&before).cloned().collect();
    let drop = |name: &String| format!("DROP INDEX CONCURRENTLY {}", sql::name(Engine::Postgres, name));
    let drops: Vec<String> = still.iter().map(drop).collect();
    let mut connection = clone.connect(Account::App).await?;
    for statement in &drops {
        // Whether it worked is seen in the catalog.
        let _refusal = connection.attempt("drop an invalid index", statement).await?;
    }
    let dropped = clone.schema().await?.invalid_indexes().is_subset(&before);
    let seen = Seen { left, failed, still, again, drops, dropped };
    Ok(judge(&seen, kind, &play.replay(Scenario::S1)))
}
