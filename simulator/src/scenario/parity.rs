//! What production's profile changes: what failed on the server that is like production's, or could have, is tried once more on the same
//! server as one in a container is. What comes out otherwise is a difference that a developer's machine hides.

use super::ground::Ground;
use super::migrator::{Unmigrated, migrate};
use super::steps::stands;
use super::table::{Scenario, Schema};
use super::verdict::{Ended, Outcome};
use crate::database::{Engine, Managed};
use crate::finding::{Code, Finding, Kind, Severity, Stage};
use crate::rehearsal::RehearsalError;

/// Lays the baseline, if it was refuted, and else the migration beside one on a plain server, and puts what differs into `outcomes`.
/// Nothing may run on the server any more: nothing is demanded of anybody there from now on.
///
/// # Errors
/// If the rehearsal cannot go on.
pub(super) async fn hold(ground: &Ground<'_>, outcomes: &mut [Outcome]) -> Result<(), RehearsalError> {
    let Some(managed) = &ground.server.spec().managed else { return Ok(()) };
    let refuted = |it: &Outcome| it.scenario == Scenario::S0 && it.ended == Ended::Refuted;
    let migrated = |it: &Outcome| it.scenario == Scenario::S1 && it.ended != Ended::NotShown;
    let Some(outcome) = outcomes.iter_mut().find(|it| refuted(it) || migrated(it)) else { return Ok(()) };
    ground.server.forgive().await?;
    let plain = again(ground, outcome.scenario, "plain").await?;
    tell(ground.engine(), managed, outcome, plain.as_deref());
    Ok(())
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
fn tell(engine: Engine, managed: &Managed, outcome: &mut Outcome, plain: Option<&Finding>) {
    let under = outcome.findings.iter_mut().find(|finding| finding.severity == Severity::Error);
    match (under, plain) {
        (None, None) => outcome.details += "; on a plain server as well",
        (Some(_), Some(_)) => outcome.details += "; it fails on a plain server, too",
        (Some(finding), None) => only_there(engine, managed, finding),
        (None, Some(plain)) => outcome.findings.extend(only_here(engine, managed, plain)),
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
fn only_here(engine: Engine, managed: &Managed, plain: &Finding) -> Option<Finding> {
    let mode = managed.sql_mode(engine)?;
    let sentence =
        format!("the migration succeeds in production only because its sql_mode is `{mode}`: {}", plain.sentence);
    let finding = Finding::warning(Code::M23, Kind::Proved, Stage::Migrate, sentence)
        .evidence(format!("on a plain {engine} the same migration fails; with `{mode}` values that do not fit are cut"))
        .with_evidence(plain.evidence.iter().take(2).cloned())
        .help(Code::M23.entry().fix);
    Some(finding)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn outcome(findings: &[(Code, &str)]) -> Outcome {
        let found = |(code, says): &(Code, &str)| {
            Finding::error(*code, Kind::Proved, Stage::Migrate, "it fails").evidence(*says)
        };
        Outcome {
            scenario: Scenario::S1,
            ended: Ended::Proved,
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
            tell(engine, &Managed::default(), &mut outcome, plain.as_ref());
            let said: Vec<String> =
                outcome.findings.iter().map(|it| format!("{} {} {}", it.severity, it.code, it.sentence)).collect();
            assert_eq!(said, expected, "{engine} {under:?}");
        }
    }
}
