//! The overlap of a rollout for real, where the arithmetic of S3 says that connections run out in it: every task of both releases at once,
//! all of them asked side by side. Nothing else may use the server meanwhile: it would be turned away as well.

use futures_util::future::join_all;

use super::ground::Ground;
use super::migrator::{Unmigrated, migrate};
use super::table::{Scenario, Schema};
use super::task::{Broken, Task};
use super::verdict::{Ended, Outcome};
use super::version::Version;
use crate::database::{Clients, Engine, LogicalDatabase};
use crate::finding::{Code, Finding, Kind, Severity};
use crate::rehearsal::RehearsalError;
use crate::rehearsal::traffic::answer;

/// A service with more tasks than this is not started whole.
const MOST_TASKS: u32 = 8;

/// Requests at once for each task: more than the usual pools have connections.
const PRESSED: usize = 16;

/// So many failures are told.
const TOLD: usize = 3;

/// Starts all tasks of both releases, if S3 suspects that their connections run out, and puts what came of it into `outcomes`.
///
/// # Errors
/// If the rehearsal cannot go on.
pub(super) async fn hold(ground: &Ground<'_>, outcomes: &mut [Outcome]) -> Result<(), RehearsalError> {
    let suspects = |it: &Finding| it.code == Code::X09 && it.kind == Kind::Conditional;
    let Some(outcome) = outcomes.iter_mut().find(|it| it.scenario == Scenario::S3) else { return Ok(()) };
    let Some(finding) = outcome.findings.iter_mut().find(|it| suspects(it)) else { return Ok(()) };
    if ground.session.script.service.desired_count.saturating_mul(2) > MOST_TASKS {
        return Ok(());
    }
    let database = ground.clone_called("s3_all", Schema::Baseline).await?;
    tell(finding, &crowd(ground, &database).await?);
    if finding.severity == Severity::Error {
        outcome.ended = Ended::Refuted;
    }
    Ok(())
}

/// What became of all tasks of both releases.
#[derive(Debug, Default)]
struct Seen {
    /// How many of them ran.
    tasks: usize,
    /// How many connections they had in the end.
    open: u32,
    /// How many clients the server turned away, and its words for it, if it has any.
    turned_away: u64,
    words: Option<String>,
    /// What failed: tasks that do not start, the migration, requests.
    failed: Vec<String>,
    /// How many requests there were, and how many of them failed.
    asked: usize,
    unanswered: usize,
}

async fn crowd(ground: &Ground<'_>, database: &LogicalDatabase) -> Result<Seen, RehearsalError> {
    let mut clients = Clients::of(&ground.server).await?;
    let (mark, before) = (ground.server.mark().await?, clients.turned_away().await?);
    let (mut tasks, mut seen) = (Vec::new(), Seen::default());
    serve(ground, &ground.old, database, (&mut tasks, &mut seen)).await;
    match migrate(ground, &ground.new, database).await {
        Ok(()) => serve(ground, &ground.new, database, (&mut tasks, &mut seen)).await,
        Err(Unmigrated::Refuted(finding)) => seen.failed.push(finding.sentence),
        Err(Unmigrated::Failed(error)) => return Err(error),
    }
    seen.tasks = tasks.len();
    // The second time every pool is as large as it gets.
    for _ in 0..2 {
        press(ground, &tasks, &mut seen).await;
    }
    let counts = clients.count().await?;
    seen.open = tasks.iter().filter_map(|task| counts.get(&task.address)).sum();
    // As long as they run, even the rehearsal may be turned away.
    for task in tasks {
        task.remove().await;
    }
    match ground.engine() {
        Engine::Postgres => {
            let errors = ground.server.errors_since(&mark).await?;
            let turned_away: Vec<_> = errors.iter().filter(|error| error.sqlstate == "53300").collect();
            seen.turned_away = turned_away.len() as u64;
            seen.words = turned_away.first().map(|error| format!("{} {}", error.sqlstate, error.message.trim()));
        }
        Engine::MySql | Engine::MariaDb => {
            seen.turned_away = clients.turned_away().await?.saturating_sub(before);
        }
    }
    Ok(seen)
}

/// Starts all tasks of `version`.
async fn serve<'g>(
    ground: &'g Ground<'g>,
    version: &Version,
    database: &LogicalDatabase,
    (tasks, seen): (&mut Vec<Task<'g>>, &mut Seen),
) {
    for _ in 0..ground.session.script.service.desired_count {
        match Task::serve(ground, version, database).await {
            Ok(task) => tasks.push(task),
            Err(Broken { container, what, .. }) => {
                seen.failed.push(format!("a task of `{}`: `{container}` {what}", version.label));
            }
        }
    }
}

/// Asks all `tasks` at once.
async fn press(ground: &Ground<'_>, tasks: &[Task<'_>], seen: &mut Seen) {
    let each = tasks.iter().flat_map(|task| {
        let requests = ground.smoke().iter().cycle().take(PRESSED);
        requests.map(move |request| answer(&ground.client, &task.base, request))
    });
    let answers = join_all(each).await;
    seen.asked += answers.len();
    let failures: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    seen.unanswered += failures.len();
    seen.failed.extend(failures.into_iter().map(|failure| format!("{}: {}", failure.name, failure.answer)));
}

/// Puts what was seen into `finding`, which suspects that connections run out.
fn tell(finding: &mut Finding, seen: &Seen) {
    let Seen { tasks, open, turned_away, words, failed, asked, unanswered } = seen;
    let all = format!("S3: {tasks} tasks at once, asked side by side, have {open} connections");
    if *turned_away == 0 {
        finding.evidence.push(format!("{all}, and nobody was turned away"));
        return;
    }
    finding.kind = Kind::Proved;
    finding.evidence.push(format!("{all}, and the database turned clients away {turned_away} times"));
    finding.evidence.extend(words.clone());
    if !failed.is_empty() {
        finding.severity = Severity::Error;
        let what = if *unanswered == 0 { "not all that is to run does" } else { "requests fail" };
        finding.sentence = format!("{}: {what}", finding.sentence);
        finding.evidence.push(format!("{unanswered} of {asked} requests fail"));
        let mut told: Vec<&String> = Vec::new();
        for line in failed {
            if told.len() < TOLD && !told.contains(&line) {
                told.push(line);
            }
        }
        finding.evidence.extend(told.into_iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Stage;

    #[test]
    fn only_clients_that_were_turned_away_prove_that_connections_run_out() {
        let seen = |turned_away, failed: &[&str], unanswered| Seen {
            tasks: 4,
            open: 27,
            turned_away,
            words: None,
            failed: failed.iter().map(|it| (*it).to_owned()).collect(),
            asked: 128,
            unanswered,
        };
        let (proved, error) = (Kind::Proved, Severity::Error);
        for (seen, kind, severity, said) in [
            (seen(0, &["a: 500", "b: 500"], 2), Kind::Conditional, Severity::Warning, "nobody was turned away"),
            (seen(3, &[], 0), proved, Severity::Warning, "turned clients away 3 times"),
            (seen(3, &["a: 500", "a: 500"], 2), proved, error, "they want more: requests fail"),
            (seen(3, &["a task does not start"], 0), proved, error, "they want more: not all that is to run does"),
        ] {
            let mut finding = Finding::warning(Code::X09, Kind::Conditional, Stage::RollOut, "they want more");
            tell(&mut finding, &seen);
            assert_eq!((finding.kind, finding.severity), (kind, severity), "{seen:?}");
            assert!(finding.to_string().contains(said), "{finding}");
        }
    }
}
