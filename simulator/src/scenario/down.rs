//! The database's server is down, and it was not greenroom that stopped it.

use super::ground::Ground;
use super::judge::{Found, replay};
use super::steps::Report;
use super::table::Scenario;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::RehearsalError;

/// What is to be reported of `scenario`, which ended with `error`, if that is because the server is down.
///
/// # Errors
/// `error`, if the server runs.
pub(super) async fn report(
    ground: &Ground<'_>,
    error: RehearsalError,
    (scenario, seed): (Scenario, u64),
) -> Result<Report, RehearsalError> {
    let Some((exit_code, lines)) = ground.server.ended().await else { return Err(error) };
    let found = Found::alone(judge(exit_code, &lines, scenario, seed));
    Ok(Report { evidence: "the database is stopped".to_owned(), shown: true, found: vec![found], ..Report::default() })
}

/// What is to be reported of the scenarios after it.
pub(super) fn not_shown() -> Report {
    Report { evidence: "an earlier scenario stops the database".to_owned(), ..Report::default() }
}

fn judge(exit_code: Option<i64>, lines: &str, scenario: Scenario, seed: u64) -> Finding {
    let (who, stage) = if scenario == Scenario::S0 {
        ("what runs now, or its migration, leaves", Stage::Baseline)
    } else if scenario.entry().migrates {
        ("the migration leaves", Stage::Migrate)
    } else {
        ("the new release leaves", Stage::RollOut)
    };
    let code = exit_code.map_or_else(|| "ended".to_owned(), |code| format!("ended with exit code {code}"));
    Finding::error(Code::T06, Kind::Proved, stage, format!("{who} the database stopped"))
        .evidence(format!("{scenario}: the server's process has {code}"))
        .with_evidence(lines.lines().map(|line| format!("the server: {}", line.trim_end())))
        .help("let the command stop nothing that others use, and give the app's user no right to do so")
        .help(replay(scenario, seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_server_is_laid_to_whoever_ran_then() {
        for (scenario, part, stage) in [
            (Scenario::S0, "what runs now", Stage::Baseline),
            (Scenario::S1, "the migration leaves", Stage::Migrate),
            (Scenario::S4, "the new release", Stage::RollOut),
        ] {
            let finding = judge(Some(0), "LOG: shutting down", scenario, 1);
            assert_eq!(finding.stage, stage);
            assert!(finding.sentence.starts_with(part), "{finding}");
            assert!(finding.evidence[1].ends_with("shutting down"), "{finding}");
        }
    }
}
