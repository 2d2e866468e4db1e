//! The way out of a migration that failed and left something behind, tried before it is told.

use std::time::Duration;

use super::Play;
use super::migration::attempt;
use crate::database::{Account, LogicalDatabase, SchemaSnapshot};
use crate::finding::Finding;
use crate::migration_tool::interruption::{InterruptionError, Lost, lead_out};
use crate::migration_tool::{State, UNFINISHED, recognise};
use crate::rehearsal::RehearsalError;
use crate::rehearsal::error::chain;
use crate::scenario::lane::Lane;

/// How long one of the tool's commands may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(60);

/// What a failed migration has left, and what leads out of it.
#[derive(Debug, Default)]
pub(super) struct Led {
    /// The way out, as lines of help.
    pub(super) lines: Vec<String>,
    /// What a second run is refused for, if the tool's lock or its note of what it has begun was left behind and it is.
    pub(super) refused: Option<Refused>,
}

/// Why a second run fails.
#[derive(Debug)]
pub(super) enum Refused {
    /// The tool's lock was left behind, with what fails.
    Locked(String),
    /// So was its note that a migration was begun, with what it says of that.
    Unfinished(Box<Finding>),
}

/// What leads from the present state of `database` back to `before`, from which a command began that failed, as lines of help; none if
/// nothing is left behind, or if some of its migrations ended: what those made is to stay.
pub(super) async fn led(
    play: &Play<'_>,
    database: &LogicalDatabase,
    before: &SchemaSnapshot,
) -> Result<Led, RehearsalError> {
    let now = database.schema().await?;
    let command = play.ground.session.script.migration.as_ref().map(|it| it.command.as_slice()).unwrap_or_default();
    let tool = recognise(command, &[]).or(database.migration_tool().await?);
    let state = match tool {
        Some(tool) if !now.revision.is_empty() => {
            Some(tool.state(&mut database.connect(Account::Administrator).await?).await?)
        }
        Some(_) | None => None,
    };
    let locked = state.as_ref().is_some_and(|state: &State| state.locked);
    let unfinished = locked || state.as_ref().is_some_and(|state| state.unfinished().is_some());
    let is_new = |entry: &String| !entry.ends_with(UNFINISHED) && !before.revision.contains(entry);
    let has_ended = now.revision.iter().any(is_new);
    let left = SchemaSnapshot::tables_changed(before, &now);
    if !unfinished && (left.is_empty() || now.revision != before.revision) {
        return Ok(Led::default());
    }
    let refused = if unfinished { refused(play, database, locked).await? } else { None };
    if has_ended && !locked {
        return Ok(Led { lines: Vec::new(), refused });
    }
    let lost = Lost {
        database,
        tool,
        command,
        state: state.as_ref(),
        left: &left,
        revision: &before.revision,
        patience: COMMAND_WITHIN,
    };
    let lane = Lane::new(play.ground);
    let led = lead_out(&lost, &lane).await;
    lane.close().await;
    match led {
        Ok(mut way_out) => {
            way_out.went(SchemaSnapshot::difference(before, &database.schema().await?).is_empty());
            Ok(Led { lines: way_out.told("back to where it began"), refused })
        }
        Err(InterruptionError::Database(error)) => Err(error.into()),
        Err(
            error @ (InterruptionError::Run(_)
            | InterruptionError::Gate(_)
            | InterruptionError::Fails(_)
            | InterruptionError::ChangesNothing),
        ) => {
            let lines = vec![format!("the way back could not be tried: {}", chain(&error))];
            Ok(Led { lines, refused })
        }
    }
}

/// What a second run meets of what the first has left of the tool's own, its lock or a note of what it has begun, on a clone.
async fn refused(play: &Play<'_>, database: &LogicalDatabase, locked: bool) -> Result<Option<Refused>, RehearsalError> {
    let clone = database.clone_as(&format!("{}_refused", database.name())).await?;
    let refused = |finding: Finding| {
        if locked { Refused::Locked(finding.sentence) } else { Refused::Unfinished(Box::new(finding)) }
    };
    Ok(attempt(play, &clone).await?.map(refused))
}
