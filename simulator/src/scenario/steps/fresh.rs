//! S9: an empty database to the head, against one that was upgraded.

use super::{Play, Report};
use crate::database::{LogicalDatabase, SchemaChange, SchemaSnapshot};
use crate::finding::{Code, Finding, Kind, Severity, Stage};
use crate::rehearsal::RehearsalError;
use crate::scenario::judge::Found;
use crate::scenario::migrator::{Unmigrated, migrate};
use crate::scenario::table::{Scenario, Schema};

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let ground = play.ground;
    match migrate(ground, &ground.new, database).await {
        Ok(()) => {}
        Err(Unmigrated::Refuted(cause)) => {
            let sentence = format!("an empty database cannot be migrated: {}", cause.sentence);
            let mut finding = *cause;
            finding.severity = Severity::Warning;
            finding.sentence = sentence;
            let found = Found::alone(finding.help(play.replay(Scenario::S9)));
            return Ok(Report::shown("the migration of an empty database fails", vec![found]));
        }
        Err(Unmigrated::Failed(error)) => return Err(error),
    }
    let fresh = database.schema().await?;
    let upgraded = ground.clone_called("s9_upgraded", Schema::Baseline).await?;
    let changes = match play.to_head(&upgraded).await? {
        Ok(changes) => changes,
        Err(report) => return Ok(report),
    };
    let differences = SchemaSnapshot::difference(&upgraded.schema().await?, &fresh);
    let evidence = match differences.len() {
        0 => "a fresh install has the schema that the upgrade leads to".to_owned(),
        count => format!("a fresh install differs from the upgrade in {count} places"),
    };
    let found = judge(&differences, &play.replay(Scenario::S9)).map(Found::alone);
    Ok(Report::shown(evidence, found.into_iter().collect()).with_changes(changes))
}

/// What follows from how a fresh install differs from an upgrade.
fn judge(differences: &[SchemaChange], replay: &str) -> Option<Finding> {
    let first = differences.first()?;
    let sentence = format!("a fresh install has another schema than the upgrade leads to: {first}");
    let finding = Finding::error(Code::M21, Kind::Proved, Stage::Migrate, sentence)
        .evidence("S9: from the upgraded schema to that of a fresh install:")
        .with_evidence(differences.iter().map(|change| format!("  {change}")))
        .help(Code::M21.entry().fix)
        .help(replay);
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_schemas_are_no_finding() {
        assert_eq!(judge(&[], ""), None);
        let gone = SchemaChange::TableRemoved { kind: "table".into(), table: "tags".into() };
        let finding = judge(&[gone], "again").expect("they differ");
        assert_eq!(finding.sentence, "a fresh install has another schema than the upgrade leads to: - table tags");
    }
}
