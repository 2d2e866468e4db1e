//! `[migration]`.

use super::Chosen;
use crate::proposal::document::{Entry, Section, Setting};
use crate::proposal::found::{Found, list};
use crate::proposal::migration::Migration;

/// The section; none where nothing migrates and there is no database.
pub(super) fn section(chosen: &Chosen<'_>, migration: Option<Migration>) -> Option<Section> {
    let has_database =
        chosen.compose.is_some_and(|compose| compose.services.iter().any(|service| service.database().is_some()));
    if migration.is_none() && !has_database {
        return None;
    }
    let (command, container) = migration.map_or((None, None), |found| (Some(found.command), found.container));
    // A container that the task definition does not have cannot run it, whatever the workflow says.
    let known =
        |found: &Found<String>| chosen.definition.is_some_and(|definition| definition.container(&found.value).is_ok());
    let mut entries = Vec::new();
    if let Some(found) = container.filter(known) {
        entries.push(Entry::text("container", Some(found), || Setting::Open {
            example: String::new(),
            advice: String::new(),
        }));
    }
    entries.push(Entry::raw("command", command.map(|found| found.map(|words| list(&words))), || Setting::Open {
        example: list(&["alembic", "upgrade", "head"].map(str::to_owned)),
        advice: "the command that brings the schema up to date; without it nothing is migrated".to_owned(),
    }));
    Some(Section { name: "migration", choices: Vec::new(), entries, is_optional: true })
}
