//! S10: down to the baseline and up again.

use std::collections::BTreeMap;

use super::{Play, Report, way_out};
use crate::database::{LogicalDatabase, SchemaChange, SchemaSnapshot};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::RehearsalError;
use crate::scenario::evidence::line;
use crate::scenario::judge::Found;
use crate::scenario::migrator::{Unmigrated, migrate};
use crate::scenario::table::Scenario;
use crate::scenario::task::Task;

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let (ground, reference) = (play.ground, play.reference);
    let script = ground.session.script;
    let has_alembic = !ground.session.input.files.migrations.is_empty();
    let command = script.migration.as_ref().map(|it| it.command.as_slice());
    let Some(down) = way_down(command, has_alembic, &reference.schema.revision) else {
        let shown = command.map_or_else(|| "the app's start".to_owned(), |words| format!("`{}`", words.join(" ")));
        return Ok(Report::not_shown(format!("greenroom knows no way back from {shown}")));
    };
    let rows = database.row_counts().await?;
    let changes = match play.to_head(database).await? {
        Ok(changes) => changes,
        Err(report) => return Ok(report),
    };
    let head = database.schema().await?;
    let app = &script.service.container;
    let container = script.migration.as_ref().and_then(|it| it.container.as_ref()).unwrap_or(app);
    let mark = database.mark().await?;
    let went = Task::run(ground, &ground.new, container, &down, database).await;
    let mut seen = Seen { command: down.join(" "), ..Seen::default() };
    if let Err(broken) = went {
        let errors = database.errors_since(&mark).await?;
        let refused = errors.iter().map(line);
        let last = broken.lines.iter().rev().take(3).rev().map(|line| format!("{}: {line}", broken.container));
        seen.failed = Some(std::iter::once(format!("it {}", broken.what)).chain(refused).chain(last).collect());
        seen.way_out = way_out::led(play, database, &head).await?.lines;
    } else {
        let after = database.schema().await?;
        seen.not_restored = SchemaSnapshot::difference(&reference.schema, &after);
        seen.lost = lost(&rows, &database.row_counts().await?);
        match migrate(ground, &ground.new, database).await {
            Ok(()) => seen.not_again = SchemaSnapshot::difference(&head, &database.schema().await?),
            Err(Unmigrated::Refuted(finding)) => seen.up_fails = Some(finding.sentence),
            Err(Unmigrated::Failed(error)) => return Err(error),
        }
    }
    let found = seen.judge(&play.replay(Scenario::S10));
    let evidence = match &found {
        None => format!("`{}` leads back to the baseline and its rows, and up again to the head", seen.command),
        Some(_) => format!("`{}` does not lead back", seen.command),
    };
    Ok(Report::shown(evidence, found.map(Found::alone).into_iter().collect()).with_changes(changes))
}

/// The command that undoes what `up` does beyond `revision`, where the tool is known to have one.
fn way_down(up: Option<&[String]>, has_alembic: bool, revision: &[String]) -> Option<Vec<String>> {
    let base = match revision {
        [] => "base",
        [only] => only,
        [_, ..] => return None,
    };
    let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match up {
        None => has_alembic.then(|| of(&["alembic", "downgrade", base])),
        Some(words) => {
            let upgrade = words.iter().position(|word| word == "upgrade")?;
            let is_alembic = words[..upgrade].iter().any(|word| word.rsplit('/').next() == Some("alembic"));
            is_alembic
                .then(|| words[..upgrade].iter().cloned().chain(["downgrade".to_owned(), base.to_owned()]).collect())
        }
    }
}

/// What was seen on the way down and up.
#[derive(Debug, Default)]
struct Seen {
    command: String,
    /// What was said, if the way down failed.
    failed: Option<Vec<String>>,
    /// What leads back to the head then.
    way_out: Vec<String>,
    /// How the schema differs from the baseline after it.
    not_restored: Vec<SchemaChange>,
    /// Tables that have fewer rows than before, a line each.
    lost: Vec<String>,
    /// Why the way up failed after it.
    up_fails: Option<String>,
    /// How the schema differs from the head after that.
    not_again: Vec<SchemaChange>,
}

impl Seen {
    /// What follows from it. Going down is no part of a deploy, so that it is no error.
    fn judge(&self, replay: &str) -> Option<Finding> {
        let Self { command, failed, way_out, not_restored, lost, up_fails, not_again } = self;
        let what = if failed.is_some() {
            "fails"
        } else if !not_restored.is_empty() {
            "does not lead back to the schema that there was"
        } else if !lost.is_empty() {
            "loses rows"
        } else if up_fails.is_some() {
            "leads where the migration fails when it is run again"
        } else if !not_again.is_empty() {
            "leads where the migration makes another schema when it is run again"
        } else {
            return None;
        };
        let finding =
            Finding::warning(Code::M27, Kind::Proved, Stage::Migrate, format!("the way down {what}: `{command}`"))
                .with_evidence(failed.clone().unwrap_or_default())
                .with_evidence(not_restored.iter().map(|change| format!("from the baseline: {change}")))
                .with_evidence(lost.clone())
                .with_evidence(up_fails.clone())
                .with_evidence(not_again.iter().map(|change| format!("from the head: {change}")))
                .with_help(way_out.clone())
                .help(Code::M27.entry().fix)
                .help(replay);
        Some(finding)
    }
}

/// The tables that have fewer rows `after` than `before`, a line each.
fn lost(before: &[(String, u64)], after: &[(String, u64)]) -> Vec<String> {
    let left: BTreeMap<&str, u64> = after.iter().map(|(table, count)| (table.as_str(), *count)).collect();
    let fewer = before.iter().filter_map(|(table, count)| {
        let left = left.get(table.as_str()).copied().unwrap_or_default();
        (left < *count).then(|| format!("`{table}` has {left} of its {count} rows"))
    });
    fewer.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_down_is_alembics_own() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let at = |revision: &str| vec![revision.to_owned()];
        for (up, alembic, revision, expected) in [
            (Some("alembic upgrade head"), true, at("0001"), Some("alembic downgrade 0001")),
            (
                Some("/venv/bin/alembic -c x.ini upgrade heads"),
                true,
                at("0001"),
                Some("/venv/bin/alembic -c x.ini downgrade 0001"),
            ),
            (Some("alembic upgrade head"), true, Vec::new(), Some("alembic downgrade base")),
            (Some("alembic upgrade head"), true, words("a b"), None),
            (Some("flask db upgrade"), false, at("0001"), None),
            (Some("./migrate"), true, at("0001"), None),
            (None, true, at("0001"), Some("alembic downgrade 0001")),
            (None, false, at("0001"), None),
        ] {
            let up = up.map(words);
            assert_eq!(way_down(up.as_deref(), alembic, &revision), expected.map(words), "{up:?}");
        }
    }

    #[test]
    fn the_first_thing_that_went_wrong_is_named() {
        let gone = || vec![SchemaChange::TableRemoved { kind: "table".into(), table: "tags".into() }];
        let seen = || Seen { command: "down".into(), ..Seen::default() };
        for (seen, expected) in [
            (seen(), None),
            (Seen { failed: Some(vec!["it exits with 1".into()]), not_restored: gone(), ..seen() }, Some("fails")),
            (Seen { not_restored: gone(), ..seen() }, Some("does not lead back")),
            (Seen { lost: lost(&[("t".into(), 3)], &[("t".into(), 1)]), ..seen() }, Some("loses rows")),
            (Seen { not_again: gone(), ..seen() }, Some("another schema")),
        ] {
            let sentence = seen.judge("again").map(|finding| finding.sentence);
            match expected {
                None => assert_eq!(sentence, None),
                Some(part) => assert!(sentence.as_ref().is_some_and(|it| it.contains(part)), "{sentence:?}"),
            }
        }
    }
}
