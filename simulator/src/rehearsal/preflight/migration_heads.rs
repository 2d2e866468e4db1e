//! M-01: the migrations have one head.

use std::collections::BTreeSet;

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let migrations = &subject.files.migrations;
    let followed: BTreeSet<&str> =
        migrations.iter().flat_map(|migration| &migration.after).map(String::as_str).collect();
    let mut heads = migrations.iter().filter(|migration| !followed.contains(migration.revision.value.as_str()));
    let (Some(first), Some(second)) = (heads.next(), heads.next()) else { return Vec::new() };
    let mut names = vec![first.revision.value.as_str(), second.revision.value.as_str()];
    names.extend(heads.map(|migration| migration.revision.value.as_str()));
    // `alembic upgrade heads` goes to all of them; a command that is not Alembic's may too.
    let fails = subject.migration_command.iter().flat_map(|word| word.split_whitespace()).any(|word| word == "head");
    let sentence = format!("Alembic has {} heads: {}", names.len(), names.join(", "));
    let finding = if fails {
        Finding::error(
            Code::M01,
            Kind::Static,
            Stage::Preflight,
            format!("{sentence}; `upgrade head` refuses to choose"),
        )
    } else {
        Finding::warning(Code::M01, Kind::Static, Stage::Preflight, sentence)
    };
    let other = first.source.place(first.revision.spot);
    vec![
        finding
            .at(second.source.place(second.revision.spot))
            .evidence(format!("{other} is the other"))
            .help(format!("alembic merge -m \"merge heads\" {}", names.join(" "))),
    ]
}
