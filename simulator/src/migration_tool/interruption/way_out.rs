//! The way out of a half-applied migration: what a reader is told to do, tried.

use std::time::Duration;

use super::undo::{can_be_run, undo};
use super::{InterruptionError, Migrator, NotRun, Tried, WayOut};
use crate::database::{Account, LogicalDatabase, SchemaChange};
use crate::migration_tool::{Lock, Rewind, State, Tool};

/// Where a migration was left.
pub struct Lost<'a> {
    /// The database.
    pub database: &'a LogicalDatabase,
    /// The tool, where it is known.
    pub tool: Option<&'static Tool>,
    /// The migration command, as argv.
    pub command: &'a [String],
    /// What the tool has written down.
    pub state: Option<&'a State>,
    /// How the schema differs from where it is to be put back.
    pub left: &'a [SchemaChange],
    /// What the tool's record said there.
    pub revision: &'a [String],
    /// How long a command may take.
    pub patience: Duration,
}

/// Takes back what was left: the tool's lock, the changes, and what the tool has written down of a migration that did not end.
///
/// # Errors
/// If what runs commands or the database fails. A step that does not succeed or cannot be begun is part of the answer.
pub async fn lead_out(lost: &Lost<'_>, migrator: &dyn Migrator) -> Result<WayOut, InterruptionError> {
    let mut way_out = WayOut::default();
    if let (Some(Lock::Row { unlock, by_hand, .. }), Some(State { locked: true, .. })) =
        (lost.tool.map(|tool| tool.lock), lost.state)
    {
        command(lost, migrator, words(unlock), &mut way_out).await?;
        if matches!(way_out.tried, Tried::Not(_)) {
            way_out = WayOut::default();
            execute(lost, &[by_hand.to_owned()], &mut way_out).await?;
        }
    }
    let statements = undo(lost.database.spec().engine, lost.left);
    execute(lost, &statements, &mut way_out).await?;
    let unfinished = lost.state.and_then(State::unfinished);
    if let (Some(tool), Some(migration)) = (lost.tool, unfinished) {
        match rewound(tool.rewind, lost.command, migration, lost.revision) {
            Step::Nothing => {}
            Step::Command(argv) => command(lost, migrator, argv, &mut way_out).await?,
            Step::Statement(text) => execute(lost, &[text], &mut way_out).await?,
        }
    }
    Ok(way_out)
}

async fn command(
    lost: &Lost<'_>,
    migrator: &dyn Migrator,
    argv: Vec<String>,
    way_out: &mut WayOut,
) -> Result<(), InterruptionError> {
    if way_out.works() {
        match migrator.start_command(lost.database, &argv).await {
            Ok(run) => way_out.went(run.ended(lost.patience).await?.succeeded()),
            Err(NotRun(why)) => way_out.tried = Tried::Not(why),
        }
    }
    way_out.steps.push(argv.join(" "));
    Ok(())
}

/// As the app's own user: whatever is made has to belong to it.
async fn execute(lost: &Lost<'_>, statements: &[String], way_out: &mut WayOut) -> Result<(), InterruptionError> {
    way_out.went(can_be_run(statements));
    if way_out.works() && !statements.is_empty() {
        let mut connection = lost.database.connect(Account::App).await?;
        for statement in statements {
            way_out.went(connection.attempt("undo what the migration left", statement).await?.is_ok());
        }
    }
    way_out.steps.extend(statements.iter().map(|statement| format!("{statement};")));
    Ok(())
}

/// What puts the tool's record right.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    Command(Vec<String>),
    Statement(String),
}

/// What makes the tool's record say that `migration`, which was begun and not ended, is not applied. Before it the record said
/// `revision`, and `command` is the project's own.
fn rewound(rewind: Rewind, command: &[String], migration: &str, revision: &[String]) -> Step {
    match rewind {
        Rewind::Unneeded => Step::Nothing,
        Rewind::Statement(text) => Step::Statement(text.replace("{}", migration)),
        Rewind::Command(text) => Step::Command(words(&text.replace("{}", migration))),
        Rewind::Force { up, force, none } => {
            let before = revision.iter().rev().find(|it| it.as_str() != migration).map_or(none, String::as_str);
            // The project's own command says where the migrations and the database are.
            let place = command.iter().position(|word| word == up);
            let given = place.map(|place| command[..place].to_vec()).unwrap_or_default();
            Step::Command(given.into_iter().chain(words(force).into_iter().chain([before.to_owned()])).collect())
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration_tool::by_key;

    #[test]
    fn the_record_is_put_right_with_the_tools_own_command() {
        let golang = "migrate -path /migrations -database $URL up";
        let cases = [
            ("alembic", "alembic upgrade head", "7", &["6"][..], ""),
            (
                "prisma",
                "npx prisma migrate deploy",
                "7_tag",
                &["6_x"][..],
                "npx prisma migrate resolve --rolled-back 7_tag",
            ),
            ("golang-migrate", golang, "7", &["6"][..], "migrate -path /migrations -database $URL force 6"),
            ("golang-migrate", golang, "1", &[][..], "migrate -path /migrations -database $URL force -1"),
            ("flyway", "flyway migrate", "7", &["6"][..], "flyway repair"),
            ("sqlx", "sqlx migrate run", "7", &["6"][..], "DELETE FROM _sqlx_migrations WHERE version = 7"),
        ];
        for (key, command, migration, revision, expected) in cases {
            let tool = by_key(key).expect("it is known");
            let revision: Vec<String> = revision.iter().map(|it| (*it).to_owned()).collect();
            let step = match rewound(tool.rewind, &words(command), migration, &revision) {
                Step::Nothing => String::new(),
                Step::Command(argv) => argv.join(" "),
                Step::Statement(text) => text,
            };
            assert_eq!(step, expected, "{key}");
        }
    }
}
