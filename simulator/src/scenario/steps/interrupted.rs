//! S7: the migration killed at each of its statements and run again, and two of it at once.

use std::time::{Duration, Instant};

use super::{Play, Report};
use crate::database::LogicalDatabase;
use crate::migration_tool::interruption::{
    Bounds, Evidence, Interrupted, InterruptionError, Scene, Tried, findings, interrupt,
};
use crate::migration_tool::recognise;
use crate::rehearsal::RehearsalError;
use crate::rehearsal::error::chain;
use crate::scenario::judge::Found;
use crate::scenario::lane::Lane;
use crate::scenario::table::Scenario;

/// A longer migration is killed at so many of its statements.
const MOST_KILLS: usize = 12;

/// Nothing more is begun after this time: a migration may be as slow as it likes.
const BEGUN_WITHIN: Duration = Duration::from_secs(180);

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let ground = play.ground;
    let migration = ground.session.script.migration.as_ref();
    let command = migration.map(|it| it.command.clone()).unwrap_or_default();
    let by_table = database.migration_tool().await?;
    let lanes = [Lane::new(ground), Lane::new(ground)];
    let scene = Scene {
        baseline: database,
        migrators: [&lanes[0], &lanes[1]],
        tool: recognise(&command, &[]).or(by_table),
        command,
        at_start: migration.is_none(),
        address: ground.gateway,
        bounds: Bounds { kills: MOST_KILLS, seed: play.seed, until: Instant::now() + BEGUN_WITHIN },
    };
    let seen = interrupt(&scene).await;
    for lane in lanes {
        lane.close().await;
    }
    match seen {
        Ok(seen) => {
            let replay = play.replay(Scenario::S7);
            let found = findings(&seen).into_iter().map(|finding| Found::alone(finding.help(&replay)));
            Ok(Report::refuted_by(told(&seen), found.collect()))
        }
        Err(InterruptionError::Database(error)) => Err(error.into()),
        Err(InterruptionError::Fails(outcome)) => {
            let reason = chain(&InterruptionError::Fails(outcome));
            Ok(Report::not_shown(format!("{reason}; whether it fails without a gate, too, is S1's to say")))
        }
        Err(error @ (InterruptionError::ChangesNothing | InterruptionError::Run(_) | InterruptionError::Gate(_))) => {
            Ok(Report::not_shown(chain(&error)))
        }
    }
}

/// What was done, in one line.
fn told(seen: &Evidence) -> String {
    let (killed, of) = (seen.kills.len(), seen.statements.len());
    let recovered = seen.kills.iter().filter(|kill| kill.recovers()).count();
    let ways_out = || seen.kills.iter().filter_map(|kill| kill.way_out.as_ref());
    let led_out = ways_out().filter(|it| it.works()).count();
    let not_tried = match ways_out().filter(|it| matches!(it.tried, Tried::Not(_))).count() {
        0 => String::new(),
        count => format!(" (of {count} it could not be tried)"),
    };
    let lost: Vec<&Interrupted> = seen.kills.iter().filter(|kill| !kill.recovers()).collect();
    let kills = if seen.untried.is_empty() {
        format!("killed at each of its {of} statements and run again")
    } else {
        let numbers: Vec<String> = seen.untried.iter().map(ToString::to_string).collect();
        format!("killed at {killed} of its {of} statements and run again (not tried: {})", numbers.join(", "))
    };
    let again = match lost.len() {
        0 => format!("a second run puts all {recovered} right"),
        lost => {
            format!(
                "a second run puts {recovered} right, and the way out leads out of {led_out} of the other {lost}{not_tried}"
            )
        }
    };
    let together = match &seen.together {
        None => "two at once were not tried: there was no time left",
        Some(together) if together.whole => "two at once end with the schema that one makes",
        Some(_) => "two at once end with another schema than one makes",
    };
    let abandoned = match &seen.abandoned {
        None => "",
        Some(abandoned) if abandoned.again.succeeded() => {
            "; beside a session that outlives its run a second one succeeds"
        }
        Some(_) => "; beside a session that outlives its run a second one does not succeed",
    };
    format!("{kills}: {again}; {together}{abandoned}")
}
