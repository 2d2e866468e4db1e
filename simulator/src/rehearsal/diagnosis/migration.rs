//! Why a migration failed, and what it left behind.

use super::{last_lines, log_pattern};
use crate::database::schema::{INVALID, REVISION};
use crate::database::{Engine, StatementError};
use crate::finding::{Code, Finding, Kind, Place, Stage, migration_failure};
use crate::migration_tool::UNFINISHED;

/// A one-off task that has stopped.
#[derive(Clone, Debug)]
pub struct StoppedTask {
    /// Its ARN.
    pub arn: String,
    /// Exit code of the container that the command ran in; none if it never ran.
    pub exit_code: Option<i64>,
    /// `stoppedReason`.
    pub stopped_reason: String,
    /// The container's own `reason`.
    pub container_reason: Option<String>,
}

/// What is known of a migration that failed.
#[derive(Clone, Debug)]
pub struct FailedMigration<'a> {
    /// The database's engine.
    pub engine: Engine,
    /// The one-off task.
    pub task: &'a StoppedTask,
    /// The container that it ran in.
    pub container: &'a str,
    /// The last lines that it wrote.
    pub lines: &'a [String],
    /// Statements that the database refused meanwhile.
    pub errors: &'a [StatementError],
    /// How the schema differs from before, a line each.
    pub changes: &'a [String],
    /// The schema's revision before and now, where the tool keeps one.
    pub revisions: (Option<&'a str>, Option<&'a str>),
    /// The revision that comes after the present one, and where it is.
    pub attempted: Option<(&'a str, Place)>,
}

/// What ECS gives as the `reason` of a container that was killed for its memory begins so (facts H-09).
pub const OUT_OF_MEMORY: &str = "OutOfMemoryError: container killed due to memory usage";

/// Why it failed: the revision, the statement, the database's code, and the state that the schema is in now.
#[must_use]
pub fn diagnose(failed: &FailedMigration<'_>) -> Finding {
    let FailedMigration { container, lines, errors, .. } = failed;
    let read = log_pattern::read(lines);
    let killed = failed.task.container_reason.as_deref().filter(|reason| reason.starts_with(OUT_OF_MEMORY));
    let finding = match (cause(errors), read) {
        _ if killed.is_some() => {
            let sentence = "the migration is killed for using more memory than its task has".to_owned();
            proved(Code::H09, sentence).with_evidence(killed.map(str::to_owned)).help(Code::H09.entry().fix)
        }
        (Some(error), _) => refused_statement(failed, error),
        (None, Some(read)) => proved(read.code, format!("the migration {}", read.sentence))
            .with_evidence([format!("{container}: {}", read.line.trim())])
            .with_help([read.help]),
        (None, None) => never_ran(failed),
    };
    let finding = match &failed.attempted {
        // A revision is only to blame once its statements were being run.
        Some((_, place)) if !errors.is_empty() => finding.at(place.clone()),
        Some(_) | None => finding,
    };
    finding.with_evidence(state(failed)).with_evidence(last_lines(container, lines))
}

/// What is wrong with a migration that did not end and was ended, while its sessions in the database did what `sessions` say.
#[must_use]
pub fn hangs(failed: &FailedMigration<'_>, sessions: &[String]) -> Finding {
    let FailedMigration { container, lines, .. } = failed;
    let waits = sessions.iter().any(|session| session.contains("lock"));
    let why = if waits {
        "it waits for a lock that another session has"
    } else if sessions.is_empty() {
        "it is not connected to the database: it waits for something else, such as an answer that nobody types"
    } else {
        "it is connected to the database and waits for no lock there"
    };
    let sentence = format!("the migration command {}, and was ended", failed.task.stopped_reason);
    proved(Code::T06, sentence)
        .evidence(why)
        .with_evidence(sessions.iter().map(|session| format!("its session: {session}")))
        .with_evidence(state(failed))
        .with_evidence(last_lines(container, lines))
        .help("have it end by itself: answer its questions in the command, and give it a lock timeout")
        .help("if it needs longer: `timeout-seconds` under [migration] in greenroom.toml")
}

/// The statement at fault: the last that was refused for itself. What PostgreSQL refuses because an earlier statement of the transaction has
/// failed (25P02) says nothing; Knex gives its lock back in the same transaction and meets that each time.
#[must_use]
pub fn cause(errors: &[StatementError]) -> Option<&StatementError> {
    errors.iter().rev().find(|error| error.sqlstate != "25P02").or_else(|| errors.last())
}

/// The database refused a statement.
fn refused_statement(failed: &FailedMigration<'_>, error: &StatementError) -> Finding {
    let half = half_applied(failed);
    let code = if half { Code::M08 } else { migration_failure(failed.engine, error).unwrap_or(Code::T06) };
    let revision = failed.attempted.as_ref().map_or_else(String::new, |(revision, _)| format!(" `{revision}`"));
    let left = if half { ", and its earlier statements stay applied" } else { "" };
    let sentence = format!("migration{revision} fails: {}{left}", error.message.trim());
    let help = help_for(code);
    let number = error.errno.map_or_else(String::new, |it| format!(", error {it}"));
    proved(code, sentence)
        .with_evidence([format!("SQLSTATE {}{number}", error.sqlstate)])
        .with_evidence(error.statement.as_deref().map(|statement| format!("statement: {}", statement.trim())))
        .with_help(help)
}

/// What to do about a statement that the database refused.
fn help_for(code: Code) -> Vec<String> {
    let lines: &[&str] = if code == Code::M08 {
        &[
            "put one DDL statement into each migration: this engine commits each of them by itself",
            "undo by hand what is applied (listed above) before the migration is run again",
        ]
    } else if code == Code::M11 {
        &[
            "add the column as nullable, fill it, then set NOT NULL; or give it a server default",
            "see whether production has such rows: `SELECT count(*) FROM … WHERE … IS NULL`",
        ]
    } else if code == Code::M12 {
        &["remove the duplicates first: `SELECT …, count(*) FROM … GROUP BY … HAVING count(*) > 1`"]
    } else {
        &[code.entry().fix]
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// The tool failed before the database refused anything.
fn never_ran(failed: &FailedMigration<'_>) -> Finding {
    let StoppedTask { exit_code, stopped_reason, container_reason, .. } = failed.task;
    let not_there = container_reason.as_deref().is_some_and(|it| it.contains("executable file not found"));
    let (sentence, help) = match exit_code {
        Some(code) => (format!("the migration command exits with {code}"), "the last lines of the task say why"),
        None if not_there => (
            "the migration command is not in the image".to_owned(),
            "install it in the image, or correct `[migration] command` in greenroom.toml",
        ),
        None => (format!("the migration task did not run: {stopped_reason}"), "the reason above is the engine's own"),
    };
    proved(Code::T06, sentence).with_evidence(container_reason.clone()).with_help([help.to_owned()])
}

fn proved(code: Code, sentence: String) -> Finding {
    Finding::error(code, Kind::Proved, Stage::Migrate, sentence)
}

/// Whether statements stayed although the migration as a whole did not. What stays of a concurrent index that failed is no statement's work,
/// and that a tool notes what it has begun is none of the migration's.
fn half_applied(failed: &FailedMigration<'_>) -> bool {
    let (before, now) = failed.revisions;
    let stayed = failed.changes.iter().any(|change| !change.ends_with(INVALID) && !change.starts_with(REVISION));
    stayed && (before == now || is_begun_after(before, now))
}

/// Whether a record says no more than before but that one migration was begun and not ended. What others made, which ended, is to stay.
fn is_begun_after(before: Option<&str>, now: Option<&str>) -> bool {
    let unfinished = now.and_then(|now| now.strip_suffix(UNFINISHED));
    // Some tools keep one row, which the migration that is begun takes.
    unfinished.is_some_and(|record| record.rsplit_once(", ").is_none_or(|(ended, _)| before == Some(ended)))
}

fn state(failed: &FailedMigration<'_>) -> Vec<String> {
    let (before, now) = failed.revisions;
    let revision = match (before, now) {
        (Some(before), Some(now)) if before == now => format!("the schema's revision is `{now}`, as before"),
        (before, now) => {
            let shown = |revision: Option<&str>| revision.unwrap_or("none").to_owned();
            format!("the schema's revision was `{}` and is `{}`", shown(before), shown(now))
        }
    };
    if failed.changes.is_empty() {
        return vec![format!("{revision}; tables, columns, indexes and constraints are as before")];
    }
    let heading = format!("{revision}; changed since before:");
    std::iter::once(heading).chain(failed.changes.iter().map(|change| format!("  {change}"))).collect()
}

#[cfg(test)]
mod tests {
    use simulator_core::Timestamp;

    use super::*;

    #[test]
    fn what_the_kernel_ended_is_not_the_log_s_to_explain() {
        for (reason, expected) in [(None, Code::C01), (Some(OUT_OF_MEMORY), Code::H09)] {
            let task = StoppedTask {
                arn: String::new(),
                exit_code: Some(137),
                stopped_reason: "Essential container in task exited".to_owned(),
                container_reason: reason.map(str::to_owned),
            };
            let failed = FailedMigration {
                engine: Engine::Postgres,
                task: &task,
                container: "app",
                lines: &["KeyError: 'TOKEN'".to_owned()],
                errors: &[],
                changes: &[],
                revisions: (None, None),
                attempted: None,
            };
            assert_eq!(diagnose(&failed).code, expected, "{reason:?}");
        }
    }

    #[test]
    fn what_other_migrations_made_is_not_left_by_the_one_that_was_begun() {
        let cases = [
            (Some("1"), Some("1"), false),
            (Some("1"), Some("1, 2 (unfinished)"), true),
            (Some("1"), Some("1, 2, 3 (unfinished)"), false),
            (Some("1"), Some("2 (unfinished)"), true),
            (None, Some("1 (unfinished)"), true),
            (None, None, false),
        ];
        for (before, now, expected) in cases {
            assert_eq!(is_begun_after(before, now), expected, "{before:?} {now:?}");
        }
    }

    #[test]
    fn what_only_follows_from_a_failure_is_not_its_cause() {
        for (states, expected) in [
            (&[][..], None),
            (&["23505"], Some("23505")),
            (&["42P07", "57014", "25P02", "25P02"], Some("57014")),
            (&["25P02"], Some("25P02")),
        ] {
            let refused = |sqlstate: &&str| StatementError {
                sqlstate: (*sqlstate).to_owned(),
                errno: None,
                message: String::new(),
                detail: None,
                statement: None,
                at: Timestamp::from_millis(0),
            };
            let errors: Vec<StatementError> = states.iter().map(refused).collect();
            assert_eq!(cause(&errors).map(|error| error.sqlstate.as_str()), expected, "{states:?}");
        }
    }
}
