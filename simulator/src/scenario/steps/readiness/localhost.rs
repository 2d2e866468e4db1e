//! The app's own health checks that ask `localhost`, tried where that is ::1 as well (H-03).
//!
//! A Fargate task with an IPv4 address has `127.0.0.1 localhost` in its hosts file and nothing else (amazon-ecs-agent, `createHostsFile`),
//! and so have those of a rehearsal. Docker writes `::1 localhost`, too, and from release 26 on leaves ::1 on a container's loopback; so
//! the same check may fail under Compose, or on ECS with instances of EC2.

use crate::database::LogicalDatabase;
use crate::database::readiness::subject::HealthCheck;
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::rehearsal::RehearsalError;
use crate::rehearsal::stages::preflight::{AppHealthCheck, health_checks};
use crate::scenario::judge::Found;
use crate::scenario::steps::Play;
use crate::scenario::table::{Scenario, Schema};
use crate::scenario::task::Task;

/// What came of it.
pub(super) struct Tried {
    /// One line that says so.
    pub(super) evidence: String,
    /// Whether it could be tried.
    pub(super) shown: bool,
    /// What was found.
    pub(super) found: Vec<Found>,
}

/// Tries the health checks of the app that ask `localhost`; nothing if none does.
///
/// # Errors
/// If the rehearsal cannot go on.
pub(super) async fn run(play: &Play<'_>) -> Result<Option<Tried>, RehearsalError> {
    let session = play.ground.session;
    let asking: Vec<(AppHealthCheck, Vec<String>)> = health_checks(session.script, &session.input)
        .into_iter()
        .filter_map(|check| by_address(&check.words).map(|words| (check, words)))
        .collect();
    if asking.is_empty() {
        return Ok(None);
    }
    let not_shown = |reason: String| Ok(Some(Tried { evidence: reason, shown: false, found: Vec::new() }));
    let database: LogicalDatabase = play.ground.clone_called("localhost", Schema::Baseline).await?;
    if play.to_head(&database).await?.is_err() {
        return not_shown("the app's health check was not tried: the migration fails".to_owned());
    }
    let task = match Task::serve(play.ground, &play.ground.new, &database).await {
        Ok(task) => task,
        Err(broken) => return not_shown(format!("the app's health check was not tried: new tasks {}", broken.what)),
    };
    let tried = match task.give_loopback_ipv6().await {
        Ok(()) => try_each(&task, &asking, &play.replay(Scenario::Readiness)).await,
        Err(why) => {
            Tried { evidence: format!("`localhost` was not tried as ::1: {why}"), shown: false, found: Vec::new() }
        }
    };
    task.remove().await;
    Ok(Some(tried))
}

async fn try_each(task: &Task<'_>, asking: &[(AppHealthCheck, Vec<String>)], replay: &str) -> Tried {
    let inside = task.inside();
    let (mut found, mut unclear) = (Vec::new(), 0);
    for (check, by_address) in asking {
        let run = async |words: &[String]| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match HealthCheck::read(&words) {
                Some(check) => inside.run(check.words()).await,
                None => (None, String::new()),
            }
        };
        let met = Met { as_written: run(&check.words).await, by_address: run(by_address).await.0 };
        if met.by_address != Some(0) {
            // Whatever is wrong with it, it is not the name.
            unclear += 1;
            continue;
        }
        let sockets = inside.listens().await.into_iter().filter(|it| it.port() == task.port());
        let listens: Vec<String> = sockets.map(|socket| socket.to_string()).collect();
        let line = check.line(by_address);
        found.extend(judge(&met, check.place.clone(), &listens, (&line, replay)).map(Found::alone));
    }
    let evidence = match (found.len(), unclear) {
        (0, 0) => "the app's health check succeeds where `localhost` is ::1 as well".to_owned(),
        (0, _) => "the app's health check fails by address, too".to_owned(),
        _ => "the app's health check fails where `localhost` is ::1 as well".to_owned(),
    };
    Tried { evidence, shown: unclear < asking.len(), found }
}

/// What a health check met where `localhost` is ::1 as well.
struct Met {
    /// As it is written: its exit code and what it said.
    as_written: (Option<i32>, String),
    /// With 127.0.0.1 instead: its exit code.
    by_address: Option<i32>,
}

/// What follows from that: only where the address works and the name does not, the name is to blame. On Fargate it is not met, so it is no
/// error.
fn judge(met: &Met, place: Place, listens: &[String], (line, replay): (&str, &str)) -> Option<Finding> {
    let Met { as_written: (code, said), by_address } = met;
    if *code == Some(0) || *by_address != Some(0) {
        return None;
    }
    let sentence = "the app's health check asks `localhost`, which is ::1 first wherever Docker gives containers IPv6, and the app does \
                    not listen there";
    let ended = code.map_or_else(|| "does not end".to_owned(), |code| format!("exits with {code}"));
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) };
    Some(
        Finding::warning(Code::H03, Kind::Proved, Stage::RollOut, sentence)
            .at(place)
            .evidence(format!("as written it {ended}{said}"))
            .evidence("with 127.0.0.1 it succeeds in the same container")
            .evidence(format!("it listens on {}", listens.join(", ")))
            .evidence(
                "under Compose and on EC2 `localhost` is ::1, too; a Fargate task has `127.0.0.1 localhost` alone",
            )
            .help(line)
            .help(replay),
    )
}

/// The words with 127.0.0.1 where they say `localhost`; none if they do not.
fn by_address(words: &[String]) -> Option<Vec<String>> {
    let replaced: Vec<String> = words.iter().map(|word| replace(word)).collect();
    (replaced != words).then_some(replaced)
}

fn replace(text: &str) -> String {
    const NAME: &str = "localhost";
    let is_part =
        |letter: Option<char>| letter.is_some_and(|it| it.is_ascii_alphanumeric() || ['-', '.', '_'].contains(&it));
    let (mut replaced, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(NAME) {
        let (before, after) = (&rest[..at], &rest[at + NAME.len()..]);
        let is_longer = is_part(before.chars().next_back()) || is_part(after.chars().next());
        replaced.push_str(before);
        replaced.push_str(if is_longer { NAME } else { "127.0.0.1" });
        rest = after;
    }
    replaced + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_name_is_replaced() {
        for (text, expected) in [
            ("http://localhost:8000/", "http://127.0.0.1:8000/"),
            ("curl -f localhost/ok || exit 1", "curl -f 127.0.0.1/ok || exit 1"),
            (
                "localhost.localdomain mylocalhost localhost-a localhost",
                "localhost.localdomain mylocalhost localhost-a 127.0.0.1",
            ),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(replace(text), expected);
        }
        assert_eq!(by_address(&["CMD".to_owned(), "true".to_owned()]), None);
    }

    #[test]
    fn the_name_is_to_blame_only_where_the_address_works() {
        let found = |as_written, by_address| {
            let met = Met { as_written: (as_written, "connect ECONNREFUSED ::1:8000\n".to_owned()), by_address };
            judge(&met, Place::file("task-definition.json"), &["0.0.0.0:8000".to_owned()], ("line", "again"))
        };
        assert_eq!(found(Some(0), Some(0)), None);
        assert_eq!(found(Some(1), Some(1)), None);
        assert_eq!(found(None, None), None);
        let finding = found(Some(1), Some(0)).expect("the name is to blame");
        assert_eq!((finding.code, finding.help.as_slice()), (Code::H03, &["line".to_owned(), "again".to_owned()][..]));
        assert_eq!(finding.evidence[0], "as written it exits with 1: connect ECONNREFUSED ::1:8000");
    }
}
