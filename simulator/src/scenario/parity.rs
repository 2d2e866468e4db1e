//! What production's profile changes: what failed on the server that is like production's, or could have, is tried once more on the same
//! server as one in a container is. What comes out otherwise is a difference that a developer's machine hides.

use std::collections::{BTreeMap, BTreeSet};

use super::ground::Ground;
use super::judge::replay;
use super::migrator::{Unmigrated, migrate};
use super::steps::{Play, Reference, Report, stands};
use super::table::{Scenario, Schema};
use super::verdict::{Ended, Outcome};
use crate::database::{Engine, Managed};
use crate::finding::{Code, Finding, Kind, Severity, Stage};
use crate::rehearsal::RehearsalError;

/// The scenarios in which tasks work on the data.
const WITH_TASKS: [Scenario; 5] = [Scenario::S2, Scenario::S3, Scenario::S4, Scenario::S5, Scenario::S6];

/// Plays on a plain server what was played on one like production's, as far as it may come out otherwise there, and puts what differs
/// into `outcomes`: the baseline, if it was refuted, and else the migration; then, with `reference` and `seed`, what tasks do. Nothing may
/// run on the server any more: nothing is demanded of anybody there from now on.
///
/// # Errors
/// If the rehearsal cannot go on.
pub(super) async fn hold(
    ground: &Ground<'_>,
    reference: Option<&Reference>,
    seed: u64,
    outcomes: &mut [Outcome],
) -> Result<(), RehearsalError> {
    let Some(managed) = &ground.server.spec().managed else { return Ok(()) };
    let refuted = |it: &Outcome| it.scenario == Scenario::S0 && it.ended == Ended::Refuted;
    let migrated = |it: &Outcome| it.scenario == Scenario::S1 && it.ended != Ended::NotShown;
    let first = outcomes.iter().position(|it| refuted(it) || migrated(it));
    let may_differ = may_differ(ground.engine(), managed, outcomes);
    if first.is_none() && may_differ.is_empty() {
        return Ok(());
    }
    ground.server.forgive().await?;
    if let Some(outcome) = first.and_then(|place| outcomes.get_mut(place)) {
        let plain = again(ground, outcome.scenario, "plain").await?;
        tell(ground.engine(), managed, outcome, plain.as_deref(), seed);
    }
    let Some(reference) = reference else { return Ok(()) };
    let play = Play { ground, reference, seed };
    let mut plain = BTreeMap::new();
    for scenario in may_differ {
        plain.insert(scenario, play.run_in(scenario, &format!("{scenario}_plain")).await?);
    }
    compare(ground.engine(), managed, outcomes, &plain, seed);
    Ok(())
}

/// Which of the scenarios with tasks may come out otherwise on a plain server: those that were refuted, and all where production's server
/// takes what a plain one refuses.
fn may_differ(engine: Engine, managed: &Managed, outcomes: &[Outcome]) -> Vec<Scenario> {
    let may = |it: &&Outcome| match it.ended {
        Ended::Refuted => true,
        Ended::Proved => managed.is_lenient(engine),
        Ended::NotShown => false,
    };
    let with_tasks = outcomes.iter().filter(|it| WITH_TASKS.contains(&it.scenario));
    with_tasks.filter(may).map(|it| it.scenario).collect()
}

/// Why the baseline or the migration fails as the server is now, in a database whose name ends so; nothing if it succeeds.
///
/// # Errors
/// If the rehearsal cannot go on.
pub(super) async fn again(
    ground: &Ground<'_>,
    scenario: Scenario,
    name: &str,
) -> Result<Option<Box<Finding>>, RehearsalError> {
    if scenario == Scenario::S0 {
        let database = ground.clone_called(name, Schema::Empty).await?;
        return Ok(stands(ground, &database).await?.err());
    }
    let database = ground.clone_called(name, Schema::Baseline).await?;
    match migrate(ground, &ground.new, &database).await {
        Ok(()) => Ok(None),
        Err(Unmigrated::Refuted(finding)) => Ok(Some(finding)),
        Err(Unmigrated::Failed(error)) => Err(error),
    }
}

/// Puts into `outcome`, of the server that is like production's, what differs from what came of it on a plain one: `plain`, or nothing if
/// it succeeded.
fn tell(engine: Engine, managed: &Managed, outcome: &mut Outcome, plain: Option<&Finding>, seed: u64) {
    let under = outcome.findings.iter_mut().find(|finding| finding.severity == Severity::Error);
    match (under, plain) {
        (None, None) => outcome.details += "; on a plain server as well",
        (Some(_), Some(_)) => outcome.details += "; it fails on a plain server, too",
        (Some(finding), None) => only_there(engine, managed, finding),
        (None, Some(plain)) => {
            let found = only_here(engine, managed, plain, &replay(outcome.scenario, seed));
            outcome.findings.extend(found);
        }
    }
}

/// It fails in production's circumstances alone.
fn only_there(engine: Engine, managed: &Managed, finding: &mut Finding) {
    if let Some(code) = explanation(engine, managed, finding) {
        finding.code = code;
        finding.help.insert(0, code.entry().fix.to_owned());
    }
    finding.sentence = format!("with production's profile `rds` {}", finding.sentence);
    let line = format!("on a plain {engine} the same succeeds; the profile demands: {managed}");
    finding.evidence.insert(0, line);
}

/// What of the profile explains `finding`, if nothing else does.
fn explanation(engine: Engine, managed: &Managed, finding: &Finding) -> Option<Code> {
    let unexplained = [Code::T05, Code::T06, Code::T08].contains(&finding.code);
    let denied = finding.to_string().contains("Access denied for user");
    match engine {
        // What MySQL and MariaDB say to a user who must encrypt and does not.
        Engine::MySql | Engine::MariaDb if unexplained && denied => Some(Code::C08),
        Engine::MySql | Engine::MariaDb if unexplained => managed.sql_mode(engine).map(|_| Code::M23),
        Engine::Postgres | Engine::MySql | Engine::MariaDb => None,
    }
}

/// It fails on a plain server alone: production's takes what the engine itself would refuse.
fn only_here(engine: Engine, managed: &Managed, plain: &Finding, replay: &str) -> Option<Finding> {
    let mode = managed.sql_mode(engine)?;
    let what = if plain.stage == Stage::Migrate { "the migration succeeds" } else { "requests succeed" };
    let sentence = format!("{what} in production only because its sql_mode is `{mode}`: {}", plain.sentence);
    let finding = Finding::warning(Code::M23, Kind::Proved, plain.stage, sentence)
        .evidence(format!(
            "on a plain {engine} the same fails; with `{mode}` values that do not fit are cut, and those that are missing made up"
        ))
        .with_evidence(plain.evidence.iter().take(2).cloned())
        .help(Code::M23.entry().fix)
        .help(replay);
    Some(finding)
}

/// Puts into `outcomes`, of the server that is like production's, what tasks met otherwise on a plain one. What one scenario shows may be
/// another's to say, so it is the codes of all that are compared.
fn compare(engine: Engine, managed: &Managed, outcomes: &mut [Outcome], plain: &BTreeMap<Scenario, Report>, seed: u64) {
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let there = outcomes.iter().filter(|it| plain.contains_key(&it.scenario)).flat_map(|it| &it.findings);
    let mut there: BTreeSet<Code> = there.filter(is_error).map(|it| it.code).collect();
    let here = plain.values().flat_map(|it| &it.found).map(|it| &it.finding);
    let here: BTreeSet<Code> = here.filter(is_error).map(|it| it.code).collect();
    for outcome in outcomes {
        let Some(report) = plain.get(&outcome.scenario).filter(|it| it.shown) else { continue };
        let failed = outcome.findings.iter_mut().filter(|it| it.severity == Severity::Error);
        failed.filter(|it| !here.contains(&it.code)).for_each(|it| only_there(engine, managed, it));
        let fails = report.found.iter().map(|it| &it.finding).filter(is_error).filter(|it| there.insert(it.code));
        let again = replay(outcome.scenario, seed);
        outcome.findings.extend(fails.filter_map(|it| only_here(engine, managed, it, &again)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scenario::judge::Found;

    fn outcome(findings: &[(Code, &str)]) -> Outcome {
        outcome_of(Scenario::S1, findings)
    }

    fn outcome_of(scenario: Scenario, findings: &[(Code, &str)]) -> Outcome {
        let found = |(code, says): &(Code, &str)| {
            Finding::error(*code, Kind::Proved, Stage::Migrate, "it fails").evidence(*says)
        };
        Outcome {
            scenario,
            ended: if findings.is_empty() { Ended::Proved } else { Ended::Refuted },
            details: "done".to_owned(),
            findings: findings.iter().map(found).collect(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn only_what_comes_out_otherwise_is_a_difference() {
        let (postgres, mysql, mariadb) = (Engine::Postgres, Engine::MySql, Engine::MariaDb);
        let denied = "pymysql: (1045, \"Access denied for user 'news'@'172.18.0.3' (using password: YES)\")";
        for (engine, under, plain, expected) in [
            (postgres, &[][..], None, vec![]),
            (postgres, &[(Code::M12, "")], Some(Code::M12), vec!["error M-12 it fails"]),
            (postgres, &[(Code::M19, "57014")], None, vec!["error M-19 with production's profile `rds` it fails"]),
            (postgres, &[(Code::T06, "")], None, vec!["error T-06 with production's profile `rds` it fails"]),
            (mysql, &[(Code::T05, denied)], None, vec!["error C-08 with production's profile `rds` it fails"]),
            (mysql, &[(Code::T06, "1067")], None, vec!["error M-23 with production's profile `rds` it fails"]),
            (mysql, &[(Code::C09, "1227")], None, vec!["error C-09 with production's profile `rds` it fails"]),
            (
                mysql,
                &[],
                Some(Code::T06),
                vec![
                    "warning M-23 the migration succeeds in production only because its sql_mode is `NO_ENGINE_SUBSTITUTION`: it fails",
                ],
            ),
            // Nothing is known to differ there.
            (mariadb, &[], Some(Code::T06), vec![]),
            (postgres, &[], Some(Code::T06), vec![]),
        ] {
            let mut outcome = outcome(under);
            let plain = plain.map(|code| Finding::error(code, Kind::Proved, Stage::Migrate, "it fails"));
            tell(engine, &Managed::default(), &mut outcome, plain.as_ref(), 1);
            let said: Vec<String> =
                outcome.findings.iter().map(|it| format!("{} {} {}", it.severity, it.code, it.sentence)).collect();
            assert_eq!(said, expected, "{engine} {under:?}");
        }
    }

    fn report(shown: bool, codes: &[Code]) -> Report {
        let found = codes.iter().map(|code| Finding::error(*code, Kind::Proved, Stage::RollOut, "it fails"));
        Report { shown, found: found.map(Found::alone).collect(), ..Report::default() }
    }

    #[test]
    fn what_tasks_meet_on_one_of_the_servers_alone_is_a_difference() {
        let (s2, s6) = (Scenario::S2, Scenario::S6);
        let there = "error M-19 with production's profile `rds` it fails";
        let here = "warning M-23 requests succeed in production only because its sql_mode is `NO_ENGINE_SUBSTITUTION`: it fails";
        for (under, plain, expected) in [
            (vec![(s2, &[][..])], vec![(s2, report(true, &[]))], vec![]),
            (vec![(s2, &[(Code::M19, "")])], vec![(s2, report(true, &[]))], vec![there]),
            (vec![(s2, &[(Code::X02, "")])], vec![(s2, report(true, &[Code::X02]))], vec!["error X-02 it fails"]),
            // What the rollback meets is said of the rollout, where both meet it.
            (
                vec![(s2, &[(Code::X02, "")]), (s6, &[])],
                vec![(s2, report(true, &[Code::X02])), (s6, report(true, &[Code::X02]))],
                vec!["error X-02 it fails"],
            ),
            (
                vec![(s2, &[]), (s6, &[])],
                vec![(s2, report(true, &[Code::X02])), (s6, report(true, &[Code::X02]))],
                vec![here],
            ),
            // It was not played to the end, or not at all.
            (vec![(s2, &[(Code::M19, "")])], vec![(s2, report(false, &[]))], vec!["error M-19 it fails"]),
            (vec![(s2, &[(Code::M19, "")])], vec![], vec!["error M-19 it fails"]),
        ] {
            let mut outcomes: Vec<Outcome> =
                under.iter().map(|(scenario, found)| outcome_of(*scenario, found)).collect();
            let plain: BTreeMap<Scenario, Report> = plain.into_iter().collect();
            compare(Engine::MySql, &Managed::default(), &mut outcomes, &plain, 1);
            let findings = outcomes.iter().flat_map(|it| &it.findings);
            let said: Vec<String> = findings.map(|it| format!("{} {} {}", it.severity, it.code, it.sentence)).collect();
            assert_eq!(said, expected, "{under:?}");
        }
    }

    #[test]
    fn only_what_may_come_out_otherwise_is_played_again() {
        let mut outcomes =
            vec![outcome_of(Scenario::S2, &[]), outcome_of(Scenario::S6, &[(Code::X05, "")]), outcome(&[])];
        let managed = Managed::default();
        assert_eq!(may_differ(Engine::Postgres, &managed, &outcomes), [Scenario::S6]);
        assert_eq!(may_differ(Engine::MySql, &managed, &outcomes), [Scenario::S2, Scenario::S6]);
        outcomes[0].ended = Ended::NotShown;
        assert_eq!(may_differ(Engine::MySql, &managed, &outcomes), [Scenario::S6]);
    }
}
