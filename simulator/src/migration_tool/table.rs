//! All of the tools.

use super::{Said, Tool};
use super::{alembic, dbmate, django, flask_migrate, flyway, golang_migrate, knex, liquibase, prisma, rails, sqlx};

/// Every tool that is known, in the order in which a project is asked for them: Flask-Migrate before Alembic, which it runs.
pub const TOOLS: [&Tool; 11] = [
    &flask_migrate::TOOL,
    &alembic::TOOL,
    &django::TOOL,
    &knex::TOOL,
    &sqlx::TOOL,
    &prisma::TOOL,
    &rails::TOOL,
    &flyway::TOOL,
    &liquibase::TOOL,
    &golang_migrate::TOOL,
    &dbmate::TOOL,
];

/// The tool of this key.
#[must_use]
pub fn by_key(key: &str) -> Option<&'static Tool> {
    TOOLS.into_iter().find(|tool| tool.key == key)
}

/// The tool that a migration command runs or, if the command is a script that says nothing, that the project's files show.
#[must_use]
pub fn recognise(command: &[String], files: &[String]) -> Option<&'static Tool> {
    let by_command = TOOLS.into_iter().find(|tool| tool.runs_in(command));
    by_command.or_else(|| TOOLS.into_iter().find(|tool| tool.is_shown_by(files.iter().map(String::as_str))))
}

/// What any tool says on one line, and which tool it is.
#[must_use]
pub fn said(line: &str) -> Option<(&'static Tool, Said)> {
    TOOLS.into_iter().find_map(|tool| {
        let (text, parts) = tool.texts.iter().find_map(|text| text.find(line).map(|parts| (text, parts)))?;
        Some((tool, Said { text, line: line.to_owned(), parts }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_recognised_by_their_command_and_then_by_files() {
        let cases: [(&[&str], &[&str], Option<&str>); 16] = [
            (&["alembic", "upgrade", "head"], &[], Some("alembic")),
            (&["python", "-m", "alembic", "-c", "db/alembic.ini", "upgrade", "head"], &[], Some("alembic")),
            (&["flask", "db", "upgrade"], &["migrations/alembic.ini"], Some("flask-migrate")),
            (&["python", "manage.py", "migrate", "--noinput"], &[], Some("django")),
            (&["sh", "-c", "npx knex migrate:latest && exec node server.js"], &[], Some("knex")),
            (&["sqlx", "migrate", "run"], &[], Some("sqlx")),
            (&["npx", "prisma", "migrate", "deploy"], &[], Some("prisma")),
            (&["bundle", "exec", "rails", "db:migrate"], &[], Some("rails")),
            (&["flyway", "-url=jdbc:postgresql://db/app", "migrate"], &[], Some("flyway")),
            (&["/liquibase/liquibase", "update"], &[], Some("liquibase")),
            (&["migrate", "-path", "/migrations", "-database", "x", "up"], &[], Some("golang-migrate")),
            (&["dbmate", "up"], &[], Some("dbmate")),
            (&["./migrate.sh"], &["prisma/schema.prisma"], Some("prisma")),
            (&["./migrate.sh"], &["app/alembic.ini", "app/migrations/env.py"], Some("alembic")),
            (&["./migrate.sh"], &["README.md"], None),
            (&["node", "server.js"], &[], None),
        ];
        for (command, files, expected) in cases {
            let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
            let found = recognise(&own(command), &own(files)).map(|tool| tool.key);
            assert_eq!(found, expected, "{command:?} {files:?}");
        }
    }

    #[test]
    fn every_tool_is_whole() {
        for tool in TOOLS {
            assert_eq!(by_key(tool.key).map(|it| it.name), Some(tool.name));
            assert!(!tool.commands.is_empty() && !tool.files.is_empty(), "{}", tool.key);
            for text in tool.texts {
                let parts = text.pattern.matches("{}").count();
                for sentence in [text.means, text.way_out] {
                    assert!(!sentence.is_empty() && !sentence.ends_with('.'), "{}: {sentence}", tool.key);
                    for number in 0..9 {
                        assert!(
                            number < parts || !sentence.contains(&format!("{{{number}}}")),
                            "{}: {sentence}",
                            tool.key
                        );
                    }
                }
            }
        }
    }
}
