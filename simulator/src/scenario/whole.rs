//! What follows from several scenarios together.

use std::collections::BTreeSet;
use std::time::Duration;

use super::judge::{Found, locks, replay, suspicion};
use super::steps::{Reference, Report};
use super::table::Scenario;
use crate::database::Engine;
use crate::finding::{Code, Kind, Severity};

/// What came of a scenario, and how long it took.
pub(super) type Played = (Scenario, Report, Duration);

/// Says in the first scenario that met it why the migration fails, if S1, whose matter it is, has not.
pub(super) fn own_up(seed: u64, played: &mut [Played]) {
    let is_said = |(scenario, report, _): &Played| {
        *scenario == Scenario::S1 && report.found.iter().any(|it| it.finding.severity == Severity::Error)
    };
    if played.iter().any(is_said) {
        return;
    }
    let first =
        played.iter_mut().find_map(|(scenario, report, _)| Some((*scenario, report.unmigrated.take()?, report)));
    if let Some((scenario, cause, report)) = first {
        "the migration fails".clone_into(&mut report.evidence);
        report.shown = true;
        report.found.push(Found::alone(cause.help(replay(scenario, seed))));
    }
}

/// Adds what was foreseen of old tasks on the new schema and that no scenario has met.
pub(super) fn foresee(played: &mut [Played]) {
    let met: BTreeSet<(Code, String)> =
        played.iter().flat_map(|(_, report, _)| &report.found).filter_map(|it| it.subject.clone()).collect();
    for (_, report, _) in played {
        let foreseen = std::mem::take(&mut report.foreseen);
        report.found.extend(foreseen.into_iter().filter(|it| it.subject.as_ref().is_none_or(|it| !met.contains(it))));
    }
}

/// Adds to S1 what the migration does to those who use its tables meanwhile, and the patterns in its statements that nothing that was played
/// answers. A scenario that has proved the same needs neither.
pub(super) fn suspect(engine: Engine, seed: u64, played: &mut [Played], reference: &Reference) {
    let Some(place) = played.iter().position(|(scenario, ..)| *scenario == Scenario::S1) else { return };
    let Some(watched) = played[place].1.watched.take() else { return };
    let replay = replay(Scenario::S1, seed);
    let found: Vec<&Found> = played.iter().flat_map(|(_, report, _)| &report.found).collect();
    let is_proved = |code: Code| found.iter().any(|it| it.finding.kind == Kind::Proved && it.finding.code == code);
    let is_known = |table: &str| reference.schema.tables.contains_key(table);
    let locks = locks::judge(engine, &watched, &is_known, &replay);
    let mut further: Vec<_> = locks.into_iter().filter(|it| it.kind == Kind::Proved || !is_proved(it.code)).collect();
    let shown = |of: Scenario| played.iter().any(|(scenario, report, _)| *scenario == of && report.shown);
    let migration = &played[place].1;
    let seeded = migration.rows.iter().filter(|_| migration.found.is_empty()).flat_map(|rows| rows.tables());
    let shown = suspicion::Shown {
        seeded: seeded.map(str::to_owned).collect(),
        exercised: reference.exercised.clone(),
        old_on_new: shown(Scenario::S2),
        rollback: shown(Scenario::S6),
    };
    further.extend(suspicion::judge(engine, &watched.statements, &shown, &found, &replay));
    played[place].1.found.extend(further.into_iter().map(Found::alone));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Stage};

    fn played(scenario: Scenario, report: Report) -> Played {
        (scenario, report, Duration::ZERO)
    }

    fn error() -> Finding {
        Finding::error(Code::M12, Kind::Proved, Stage::Migrate, "migration `0003` fails")
    }

    #[test]
    fn a_migration_that_fails_is_said_once_whatever_was_asked_for() {
        let unmigrated = || Report { unmigrated: Some(error()), ..Report::default() };
        let shown = || Report { shown: true, found: vec![Found::alone(error())], ..Report::default() };
        let cases = [
            (vec![played(Scenario::S1, shown()), played(Scenario::S2, unmigrated())], vec![1, 0]),
            (vec![played(Scenario::S2, unmigrated()), played(Scenario::S6, unmigrated())], vec![1, 0]),
            (vec![played(Scenario::S1, Report::default()), played(Scenario::S2, unmigrated())], vec![0, 1]),
            (vec![played(Scenario::S4, Report::default())], vec![0]),
        ];
        for (mut played, expected) in cases {
            own_up(1, &mut played);
            let found: Vec<usize> = played.iter().map(|(_, report, _)| report.found.len()).collect();
            assert_eq!(found, expected);
            assert!(played.iter().all(|(_, report, _)| report.found.is_empty() || report.shown));
        }
    }

    #[test]
    fn what_was_foreseen_is_said_unless_it_was_met() {
        let about = |subject: &str| Found { subject: Some((Code::X01, subject.to_owned())), finding: error() };
        let foreseeing = Report { foreseen: vec![about("`a.b`"), about("`a.c`")], ..Report::default() };
        let met = Report { found: vec![about("`a.c`")], ..Report::default() };
        let mut played = [played(Scenario::S2, foreseeing), played(Scenario::S6, met)];
        foresee(&mut played);
        assert_eq!(played.each_ref().map(|(_, report, _)| report.found.len()), [1, 1]);
        assert_eq!(played[0].1.found[0].subject, Some((Code::X01, "`a.b`".to_owned())));
    }
}
