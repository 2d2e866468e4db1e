//! M-01, M-02: one migration comes last.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::Migration;

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let migrations = &subject.files.migrations;
    let followed: BTreeSet<&str> =
        migrations.iter().flat_map(|migration| &migration.after).map(String::as_str).collect();
    let last = migrations.iter().filter(|migration| !followed.contains(migration.revision.value.as_str()));
    // Alembic's have one order; Django's have one in each app.
    let mut groups: BTreeMap<Option<&str>, Vec<&Migration>> = BTreeMap::new();
    for migration in last {
        let app = (migration.tool == "django").then(|| migration.revision.value.split('.').next()).flatten();
        groups.entry(app).or_default().push(migration);
    }
    let several = groups.into_iter().filter(|(_, last)| last.len() > 1);
    several.filter_map(|(app, last)| finding(subject, app, &last)).collect()
}

fn finding(subject: &Subject<'_>, app: Option<&str>, last: &[&Migration]) -> Option<Finding> {
    let [first, second, ..] = last else { return None };
    let names: Vec<&str> = last.iter().map(|migration| without(app, &migration.revision.value)).collect();
    let error = |code, sentence| Finding::error(code, Kind::Static, Stage::Preflight, sentence);
    let listed = names.join(", ");
    let (finding, merge) = if let Some(app) = app {
        let sentence =
            format!("Django has {} leaf nodes in `{app}`: {listed}; `migrate` refuses to choose", names.len());
        (error(Code::M02, sentence), format!("python manage.py makemigrations --merge {app}"))
    } else {
        let sentence = format!("Alembic has {} heads: {listed}", names.len());
        // `alembic upgrade heads` goes to all of them; a command that is not Alembic's may too.
        let fails =
            subject.migration_command.iter().flat_map(|word| word.split_whitespace()).any(|word| word == "head");
        let finding = if fails {
            error(Code::M01, format!("{sentence}; `upgrade head` refuses to choose"))
        } else {
            Finding::warning(Code::M01, Kind::Static, Stage::Preflight, sentence)
        };
        (finding, format!("alembic merge -m \"merge heads\" {}", names.join(" ")))
    };
    let other = first.source.place(first.revision.spot);
    let finding = finding.at(second.source.place(second.revision.spot)).evidence(format!("{other} is the other"));
    Some(finding.help(merge))
}

/// A migration's name without its app's.
fn without<'name>(app: Option<&str>, revision: &'name str) -> &'name str {
    app.and_then(|app| revision.strip_prefix(app)?.strip_prefix('.')).unwrap_or(revision)
}
