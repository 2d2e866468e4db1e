//! S5: a task is stopped while requests are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Play, Report};
use crate::database::LogicalDatabase;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::RehearsalError;
use crate::scenario::judge::{Found, start};
use crate::scenario::round::warm;
use crate::scenario::table::Scenario;
use crate::scenario::task::Task;
use crate::scenario::witness::Exit;

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let ground = play.ground;
    let changes = match play.to_head(database).await? {
        Ok(changes) => changes,
        Err(report) => return Ok(report),
    };
    let task = match Task::serve(ground, &ground.new, database).await {
        Ok(task) => task,
        Err(broken) => {
            let finding = start::judge(&broken, "new tasks", Stage::RollOut, Code::T08).help(play.replay(Scenario::S5));
            return Ok(Report::shown("new tasks do not start on the new schema", vec![Found::alone(finding)]));
        }
    };
    let grace = task.grace(&ground.new);
    let over = Arc::new(AtomicBool::new(false));
    let pressing = async {
        // Requests go on coming until the task has ended, as they do until the load balancer knows.
        while !over.load(Ordering::Relaxed) {
            warm(&ground.client, &task.base, ground.smoke()).await;
        }
    };
    let stopping = async {
        let stopped = task.stop(&ground.new).await;
        over.store(true, Ordering::Relaxed);
        stopped
    };
    let ((), (exit, took)) = tokio::join!(pressing, stopping);
    task.remove().await;
    let evidence = format!("a new task under load ends {:.1} s after its stop signal", took.as_secs_f64());
    let found = killed(exit, took, grace).map(|finding| Found::alone(finding.help(play.replay(Scenario::S5))));
    Ok(Report::shown(evidence, found.into_iter().collect()).with_changes(changes))
}

/// What follows from how a task ended that was given `grace` to do so.
fn killed(exit: Exit, took: Duration, grace: Duration) -> Option<Finding> {
    let is_killed = took >= grace && !exit.out_of_memory && exit.code.is_none_or(|code| code == 137);
    is_killed.then(|| {
        let sentence = format!("new tasks do not end by themselves: each stop takes the whole {} s", grace.as_secs());
        Finding::error(Code::H07, Kind::Proved, Stage::RollOut, sentence)
            .evidence("it was asked to stop while requests were under way, and ended by SIGKILL (exit code 137)")
            .help(Code::H07.entry().fix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_had_to_be_killed_is_found() {
        let exit = |code, out_of_memory| Exit { code, out_of_memory };
        let (long, short, grace) = (Duration::from_millis(10_020), Duration::from_secs(2), Duration::from_secs(10));
        for (exit, took, expected) in [
            (exit(Some(137), false), long, true),
            (exit(Some(137), true), long, false),
            (exit(Some(0), false), short, false),
            (exit(Some(143), false), short, false),
            // Killed by somebody else.
            (exit(Some(137), false), short, false),
        ] {
            assert_eq!(killed(exit, took, grace).is_some(), expected, "{exit:?}");
        }
    }
}
