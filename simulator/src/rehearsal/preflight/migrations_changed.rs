//! M-04: a migration that was applied stays as it was, where the tool keeps checksums.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::migration_tool::recognise;
use crate::rehearsal::files::Source;

/// The tools that refuse a file that has changed: sqlx compares SHA-384 of the bytes, Flyway a CRC-32 of the lines.
const REFUSE: [&str; 2] = ["sqlx", "flyway"];

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let names: Vec<String> = subject.files.sql_migrations.iter().map(|source| source.name.clone()).collect();
    let Some(tool) = recognise(&subject.migration_command, &names).filter(|tool| REFUSE.contains(&tool.key)) else {
        return Vec::new();
    };
    let now = |before: &Source| subject.files.sql_migrations.iter().find(|source| source.name == before.name);
    let pairs = subject.sql_migrations_before.iter().filter_map(|before| now(before).map(|now| (before, now)));
    pairs.filter_map(|(before, now)| changed(tool.key, tool.name, before, now)).collect()
}

fn changed(key: &str, tool: &str, before: &Source, now: &Source) -> Option<Finding> {
    if before.text == now.text {
        return None;
    }
    let plain = |source: &Source| source.text.replace("\r\n", "\n");
    let endings_only = plain(before) == plain(now);
    // Flyway reads line by line.
    if endings_only && key == "flyway" {
        return None;
    }
    let file = &now.name;
    let (what, help) = if endings_only {
        (
            "has other line endings, and nothing else is different",
            "add `*.sql text eol=lf` to .gitattributes, then `git add --renormalize .`".to_owned(),
        )
    } else {
        (
            "was edited",
            format!(
                "restore the file's bytes from git, and put the change into a new migration: git checkout BASE -- {file}"
            ),
        )
    };
    let differs = before.text.split_inclusive('\n').zip(now.text.split_inclusive('\n')).take_while(|(a, b)| a == b);
    let offset = differs.map(|(_, line)| line.len()).sum();
    let sentence = format!("{tool} refuses a migration that is not the one it applied: `{file}` {what}");
    Some(Finding::error(Code::M04, Kind::Static, Stage::Preflight, sentence).at(now.place_at(offset)).help(help))
}
