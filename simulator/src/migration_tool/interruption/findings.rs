//! What an interrupted migration means.

use super::abandoned::WAITS;
use super::{Abandoned, Evidence, Interrupted, Outcome, Together, WayOut};
use crate::database::{Engine, StatementError};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::migration_tool::{Said, Tool, said};

/// What is wrong, from what was seen: at most one finding per code. Nothing if a second run always puts everything right.
///
/// What only a kill brings about is no error: the deploy can succeed. What two runs at once break is one where every deploy has them.
#[must_use]
pub fn findings(evidence: &Evidence) -> Vec<Finding> {
    let lost: Vec<&Interrupted> = evidence.kills.iter().filter(|kill| !kill.recovers()).collect();
    let of_code = |code: Code| {
        let kills: Vec<&Interrupted> = lost.iter().copied().filter(|kill| codes(kill).contains(&code)).collect();
        killed(evidence, code, &kills)
    };
    let mut every: Vec<Code> = lost.iter().flat_map(|kill| codes(kill)).collect();
    every.sort_unstable();
    every.dedup();
    let after_kills = every.into_iter().filter_map(of_code);
    let at_once = evidence.together.as_ref().and_then(|it| at_once(evidence, it));
    let mut found: Vec<Finding> = after_kills.chain(at_once).collect();
    let locked_out = evidence.abandoned.as_ref().and_then(|it| locked_out(evidence.engine, it));
    if let Some(finding) = locked_out.filter(|finding| found.iter().all(|other| other.code != finding.code)) {
        found.push(finding);
    }
    found
}

/// Everything that is wrong after one kill.
fn codes(kill: &Interrupted) -> Vec<Code> {
    let mut codes = Vec::new();
    let state = kill.state.as_ref();
    if state.is_some_and(|state| state.locked) {
        codes.push(Code::M05);
    }
    match last_said(&kill.again) {
        Some(said) => codes.push(said.text.code),
        None if state.is_some_and(|state| state.unfinished().is_some()) => codes.push(Code::M03),
        None => {}
    }
    if !kill.left.is_empty() {
        codes.push(Code::M08);
    }
    if codes.is_empty() {
        codes.push(Code::T06);
    }
    codes
}

/// The last thing that a run says in words that are known.
fn last_said(outcome: &Outcome) -> Option<Said> {
    outcome.lines.iter().rev().find_map(|line| said(line)).map(|(_, said)| said)
}

fn killed(evidence: &Evidence, code: Code, kills: &[&Interrupted]) -> Option<Finding> {
    let first = *kills.first()?;
    let of = evidence.statements.len();
    let again = if first.again.succeeded() {
        "a second run succeeds without putting it right".to_owned()
    } else {
        format!("a second run fails: {}", why(&first.again))
    };
    let left = match first.left.len() {
        0 => "leaves the schema as it was, and ".to_owned(),
        1 => "leaves one change behind, and ".to_owned(),
        count => format!("leaves {count} changes behind, and "),
    };
    let sentence = format!("killed at statement {} of {of}, the migration {left}{again}", first.at);
    let mut finding = Finding::warning(code, Kind::Proved, Stage::Migrate, sentence);
    for kill in kills {
        finding = finding.with_evidence(told(kill, of));
    }
    let finding = finding.with_help(ways_out(kills));
    let help = last_said(&first.again).filter(|said| said.text.code == code).map(|said| said.way_out());
    Some(finding.help(help.unwrap_or_else(|| code.entry().fix.to_owned())))
}

/// One kill, as lines of evidence.
fn told(kill: &Interrupted, of: usize) -> Vec<String> {
    let mut lines = vec![format!("killed at {} of {of}: {}", kill.at, kill.statement)];
    lines.extend(kill.left.iter().map(|change| format!("  left behind: {change}")));
    if kill.state.as_ref().is_some_and(|state| state.locked) {
        lines.push("  left behind: the tool's lock".to_owned());
    }
    lines.push(if kill.recorded { "  recorded as applied" } else { "  not recorded as applied" }.to_owned());
    lines.push(format!("  run again: {}", why(&kill.again)));
    lines
}

/// The ways out as lines of help, each once with all the statements that it is for.
fn ways_out(kills: &[&Interrupted]) -> Vec<String> {
    let mut ways: Vec<(&WayOut, Vec<String>)> = Vec::new();
    for kill in kills {
        let Some(way_out) = &kill.way_out else { continue };
        match ways.iter_mut().find(|(known, _)| *known == way_out) {
            Some((_, statements)) => statements.push(kill.at.to_string()),
            None => ways.push((way_out, vec![kill.at.to_string()])),
        }
    }
    let told = ways.into_iter().map(|(way_out, statements)| {
        let statements = if statements.len() == 1 { "statement" } else { "one of the statements" }.to_owned()
            + " "
            + &statements.join(", ");
        way_out.told(&format!("after a kill at {statements}"))
    });
    told.flatten().collect()
}

/// How a run ended, in the database's words where it has any, else in the tool's.
fn why(outcome: &Outcome) -> String {
    if let Some(error) = outcome.errors.last() {
        let number = error.errno.map_or_else(|| error.sqlstate.clone(), |number| number.to_string());
        return format!("{number} {}", error.message.trim());
    }
    if let Some(said) = last_said(outcome) {
        return said.line.trim().to_owned();
    }
    match outcome.exit_code {
        Some(code) => format!("exit code {code}"),
        None => "it did not end in time".to_owned(),
    }
}

/// What two runs at once mean. That one of them is refused by the tool's own lock is as it should be.
fn at_once(evidence: &Evidence, together: &Together) -> Option<Finding> {
    let Together { met, outcomes: [first, second], whole } = together;
    let errors = first.errors.iter().chain(&second.errors);
    // PostgreSQL ends whichever of the two looks first. What it says of the deadlock names both their statements.
    let concurrent =
        |text: &Option<String>| text.as_deref().is_some_and(|text| text.to_ascii_uppercase().contains("CONCURRENTLY"));
    let is_both = |error: &&StatementError| concurrent(&error.statement) || concurrent(&error.detail);
    let deadlock = errors.clone().find(|error| error.sqlstate == "40P01" && is_both(error));
    if let Some(error) = deadlock {
        let sentence =
            "two runs at once end in a deadlock: the concurrent index waits for the run that waits for the lock";
        let finding = of_severity(evidence.at_start, Code::M15, sentence.to_owned()).evidence(error.to_string());
        return Some(finding.help(Code::M15.entry().fix));
    }
    let refused: Vec<String> = errors.map(ToString::to_string).collect();
    if !met || refused.is_empty() && *whole {
        return None;
    }
    let what = if *whole { "one of them fails" } else { "the schema is not what one run makes of it" };
    let name = evidence.tool.map_or("the tool", |tool| tool.name);
    let sentence = format!("{name} lets two runs migrate at once, and {what}");
    let finding = of_severity(evidence.at_start && !whole, Code::M07, sentence);
    Some(
        finding
            .with_evidence([format!("the first run: {}", ended(first)), format!("the second run: {}", ended(second))])
            .with_evidence(refused)
            .with_help(lock_around(evidence.engine, evidence.tool))
            .help(Code::M07.entry().fix),
    )
}

/// What a session means that outlives its migrator. Where a second run comes to no lock, nothing: what it meets then the kills show.
fn locked_out(engine: Engine, abandoned: &Abandoned) -> Option<Finding> {
    let Abandoned { statement, blocked, again, way_out } = abandoned;
    let told = last_said(again).filter(|said| said.text.code == Code::M06);
    if again.succeeded() || blocked.is_none() && told.is_none() {
        return None;
    }
    let what = match again.exit_code {
        None => "waits for it without end".to_owned(),
        Some(_) => format!("fails: {}", why(again)),
    };
    let sentence =
        format!("killed without the server's noticing, the migration keeps its lock, and a second run {what}");
    let waits = blocked.as_ref().map(|blocked| {
        let until = if again.exit_code.is_some() {
            "until it gave up".to_owned()
        } else {
            format!("and had not ended after {} s", WAITS.as_secs())
        };
        vec![
            format!("the second run waited in `{}`, {until}", blocked.statement),
            format!("the lock's holder is the session that the killed run left: {}", blocked.holder),
        ]
    });
    let finding = Finding::warning(Code::M06, Kind::Proved, Stage::Migrate, sentence)
        .evidence(format!("killed at `{statement}`, its connection kept open"))
        .with_evidence(waits.unwrap_or_default())
        .with_help(way_out.iter().flat_map(|way_out| way_out.told("while a run waits, as an administrator")))
        .with_help(of_holder(engine));
    Some(finding.help(told.map_or_else(|| Code::M06.entry().fix.to_owned(), |said| said.way_out())))
}

/// What the statement that was tried needs, and what has the server end such a session by itself.
fn of_holder(engine: Engine) -> Vec<String> {
    let lines: &[&str] = match engine {
        Engine::Postgres => &[
            "to have the server end such a session by itself, before the tool takes its lock:",
            "  SET idle_session_timeout = '1min'; SET idle_in_transaction_session_timeout = '1min';",
        ],
        Engine::MySql | Engine::MariaDb => &[
            "its rows are the statements that end the sessions: on RDS `CALL mysql.rds_kill(NUMBER)` in their place",
            "to have the server end such a session by itself, before the tool takes its lock:",
            "  SET SESSION wait_timeout = 60;",
        ],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn of_severity(is_error: bool, code: Code, sentence: String) -> Finding {
    if is_error {
        Finding::error(code, Kind::Proved, Stage::Migrate, sentence)
    } else {
        Finding::warning(code, Kind::Proved, Stage::Migrate, sentence)
    }
}

/// A lock as text to paste, where it is known where it goes.
fn lock_around(engine: Engine, tool: Option<&Tool>) -> Vec<String> {
    let is_alembic = tool.is_some_and(|tool| ["alembic", "flask-migrate"].contains(&tool.key));
    let lock = match engine {
        Engine::Postgres => "SELECT pg_advisory_xact_lock(20401)",
        Engine::MySql | Engine::MariaDb => "SELECT GET_LOCK('migrations', 60)",
    };
    let paste = || {
        vec![
            "in migrations/env.py, before `context.run_migrations()`:".to_owned(),
            format!("  connection.execute(sqlalchemy.text(\"{lock}\"))"),
        ]
    };
    if is_alembic { paste() } else { Vec::new() }
}

fn ended(outcome: &Outcome) -> String {
    outcome.exit_code.map_or_else(|| "did not end in time".to_owned(), |code| format!("exit code {code}"))
}
