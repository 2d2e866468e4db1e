//! A migration that waits for a reader, and those who wait behind it.

use super::many;
use crate::database::Engine;
use crate::database::lock_trial::{Outcome, Stop};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::migration_tool::Tool;

/// A canary that is not served after so many seconds has failed: whoever asked has gone.
pub(in crate::scenario) const CANARY_SECONDS: u32 = 5;

/// What was seen of a migration beside holders.
#[derive(Debug)]
pub(in crate::scenario) struct Seen {
    /// The database's engine.
    pub(in crate::scenario) engine: Engine,
    /// The tool, where it is known.
    pub(in crate::scenario) tool: Option<&'static Tool>,
    /// Each time that it waited.
    pub(in crate::scenario) stops: Vec<Stop>,
    /// The same where sessions wait a second for locks; none if that was not tried.
    pub(in crate::scenario) with_limit: Option<Vec<Stop>>,
    /// How many tables were held.
    pub(in crate::scenario) held: usize,
    /// How many were not.
    pub(in crate::scenario) left_out: usize,
}

/// What was done, in one line.
pub(in crate::scenario) fn told(seen: &Seen) -> String {
    let Seen { stops, with_limit, held, left_out, .. } = seen;
    let readers = match left_out {
        0 => format!("with readers on {}", many(*held, "table")),
        some => format!("with readers on {} (not on {})", many(*held, "table"), many(*some, "other")),
    };
    if stops.is_empty() {
        return format!("{readers} the migration waits for nobody");
    }
    let (failed, predicted, all) = counted(stops);
    let gave_up = stops.iter().filter(|stop| stop.gave_up).count();
    let waits = match stops.len() {
        1 => "waits once".to_owned(),
        count => format!("waits {count} times"),
    };
    let limit = match with_limit {
        None if gave_up == stops.len() => "; it gives up by itself".to_owned(),
        None => String::new(),
        Some(limited) if limited.is_empty() => "; with a limit of a second it did not come so far".to_owned(),
        Some(limited) => {
            let (failed, _, all) = counted(limited);
            format!("; with a limit of a second {failed} of {all} fail")
        }
    };
    format!("{readers} the migration {waits}: {failed} of {all} canaries fail, the locks say {predicted}{limit}")
}

/// How many canaries failed, how many had to by the locks, and how many there were.
fn counted(stops: &[Stop]) -> (usize, usize, usize) {
    let predicted = |stop: &Stop| if stop.gave_up { 0 } else { stop.predicted() };
    let sum = |count: &dyn Fn(&Stop) -> usize| stops.iter().map(count).sum();
    (sum(&Stop::failed), sum(&predicted), sum(&|stop| stop.canaries.len()))
}

/// The finding about those who wait behind the migration, if somebody does. It needs a reader to happen, so that the deploy can succeed.
pub(in crate::scenario) fn judge(seen: &Seen, replay: &str) -> Option<Finding> {
    let Seen { engine, tool, stops, with_limit, .. } = seen;
    let worst = stops.iter().max_by_key(|stop| stop.failed()).filter(|stop| stop.failed() > 0)?;
    let (code, query) = match engine {
        Engine::Postgres => (
            Code::M16,
            "SELECT pid, now() - xact_start AS open_for, query FROM pg_stat_activity \
             WHERE xact_start < now() - interval '5 seconds'",
        ),
        Engine::MySql | Engine::MariaDb => (
            Code::M17,
            "SELECT trx_mysql_thread_id, trx_started, trx_query FROM information_schema.INNODB_TRX \
             WHERE trx_started < now() - INTERVAL 5 SECOND",
        ),
    };
    let table = &worst.waiting.lock.table;
    let sentence = format!(
        "the migration waits for whoever reads `{table}`, and everybody else waits for the migration: {} of {} requests fail",
        worst.failed(),
        worst.canaries.len()
    );
    let finding = Finding::warning(code, Kind::Proved, Stage::Migrate, sentence)
        .evidence("S8: an open transaction has read each table, as pg_dump, a report or an idle session does")
        .with_evidence(stops.iter().flat_map(shown))
        .with_help(limited(*engine, *tool))
        .help(match with_limit.as_deref().filter(|stops| !stops.is_empty()).map(counted) {
            Some((0, _, all)) => {
                format!("tried here with 1 s: the migration gives up, and all {all} requests are served")
            }
            Some((failed, _, all)) => format!("tried here with 1 s: {failed} of {all} requests fail all the same"),
            None => code.entry().fix.to_owned(),
        })
        .help(format!("on production, before it is run: {query};"))
        .help(replay);
    Some(finding)
}

/// One wait, as lines of evidence.
fn shown(stop: &Stop) -> Vec<String> {
    let statement = stop.waiting.statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = vec![format!("waits for {}: {statement}", stop.waiting.lock)];
    // MySQL builds a table anew under a name of its own, which is another each time.
    let held = stop.held.iter().filter(|lock| !lock.table.starts_with('#'));
    lines.extend(held.map(|lock| format!("  and has {lock}")));
    lines.extend(stop.canaries.iter().map(|canary| {
        let came = match &canary.outcome {
            Outcome::Served(_) => "served".to_owned(),
            Outcome::TimedOut => format!("not served within {CANARY_SECONDS} s"),
            Outcome::Refused(refusal) => format!("refused: {refusal}"),
        };
        let as_said = stop.predicts(&canary.table, canary.access) == (canary.outcome == Outcome::TimedOut);
        let differs = if as_said || stop.gave_up { "" } else { ", which the locks do not say" };
        format!("  {} on {}: {came}{differs}", canary.access, canary.table)
    }));
    if stop.gave_up {
        lines.push("  it gives up by itself meanwhile".to_owned());
    }
    lines
}

/// A limit as text to paste for the project's own tool.
fn limited(engine: Engine, tool: Option<&Tool>) -> Vec<String> {
    let statement = match engine {
        Engine::Postgres => "SET lock_timeout = '2s'",
        Engine::MySql | Engine::MariaDb => "SET SESSION lock_wait_timeout = 2",
    };
    let line = match tool.map(|tool| tool.key) {
        Some("alembic" | "flask-migrate") => format!("op.execute(\"{statement}\")"),
        Some("django") => format!("migrations.RunSQL(\"{statement}\", migrations.RunSQL.noop),"),
        Some("knex") => format!("await knex.raw(\"{statement}\");"),
        Some("rails") => format!("execute \"{statement}\""),
        Some(_) | None => format!("{statement};"),
    };
    vec!["first in the migration, which is run again when it gives up:".to_owned(), format!("  {line}")]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::database::evidence::{Access, LockMode, TableLock, Waiting};
    use crate::database::lock_trial::Canary;
    use crate::migration_tool::by_key;

    fn stop(failed: bool, gave_up: bool) -> Stop {
        let lock =
            TableLock { table: "articles".to_owned(), mode: LockMode::Postgres("AccessExclusiveLock".to_owned()) };
        let outcome = if failed { Outcome::TimedOut } else { Outcome::Served(Duration::from_millis(3)) };
        let canary = |access| Canary { table: "articles".to_owned(), access, outcome: outcome.clone() };
        let statement = "ALTER TABLE articles\n ADD a int".to_owned();
        Stop {
            waiting: Waiting { connection: 2, lock, blocked_by: vec![1], statement },
            held: Vec::new(),
            canaries: vec![canary(Access::Read), canary(Access::Write)],
            gave_up,
        }
    }

    fn seen(stops: Vec<Stop>, with_limit: Option<Vec<Stop>>) -> Seen {
        Seen { engine: Engine::Postgres, tool: by_key("alembic"), stops, with_limit, held: 1, left_out: 0 }
    }

    #[test]
    fn only_canaries_that_fail_are_a_finding() {
        let cases = [
            (seen(Vec::new(), None), false, "waits for nobody"),
            (
                seen(vec![stop(false, true)], None),
                false,
                "waits once: 0 of 2 canaries fail, the locks say 0; it gives up by itself",
            ),
            (
                seen(vec![stop(true, false)], Some(vec![stop(false, true)])),
                true,
                "2 of 2 canaries fail, the locks say 2; with a limit of a second 0 of 2 fail",
            ),
        ];
        for (seen, found, line) in cases {
            assert!(told(&seen).ends_with(line), "{}", told(&seen));
            assert_eq!(judge(&seen, "again").is_some(), found, "{seen:?}");
        }
    }

    #[test]
    fn the_finding_says_who_waits_and_what_to_paste() {
        let finding = judge(&seen(vec![stop(true, false)], Some(vec![stop(false, true)])), "again").expect("they fail");
        let text = finding.to_string();
        for part in [
            "warning[M-16] the migration waits for whoever reads `articles`",
            "waits for AccessExclusiveLock on articles: ALTER TABLE articles ADD a int",
            "  SELECT on articles: not served within 5 s\n",
            "op.execute(\"SET lock_timeout = '2s'\")",
            "tried here with 1 s: the migration gives up, and all 2 requests are served",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
