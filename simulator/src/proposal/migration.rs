//! Which command brings the schema up to date.

use super::found::Found;
use super::release::Release;
use super::repository::Repository;
use crate::migration_tool::{TOOLS, begins};
use crate::rehearsal::files::dockerfile;
use crate::rehearsal::files::workflow::commands;
use crate::rehearsal::files::{Compose, Dockerfile, Located, Source, Spot, TaskDefinition};

/// How migrations are run with tools of which nothing else is known.
const OTHER_TOOLS: [&[&str]; 8] = [
    &["sequelize", "db:migrate"],
    &["sequelize-cli", "db:migrate"],
    &["typeorm", "migration:run"],
    &["drizzle-kit", "migrate"],
    &["goose", "up"],
    &["diesel", "migration", "run"],
    &["artisan", "migrate"],
    &["node-pg-migrate", "up"],
];

/// Programs that run a script of `package.json`, whose name says what it does.
const SCRIPT_RUNNERS: [&str; 3] = ["npm", "yarn", "pnpm"];

/// Programs that run another one, with the words that may come with them.
const RUNNERS: [&str; 15] = [
    "npx", "python", "python3", "-m", "poetry", "uv", "run", "bundle", "exec", "pnpm", "yarn", "php", "node", "pipenv",
    "bunx",
];

/// The migration in a command, without what runs it elsewhere (`docker compose run app`).
pub(super) fn of_words(words: &[String]) -> Option<Vec<String>> {
    let plain: Vec<&str> = words.iter().map(String::as_str).collect();
    let tool = TOOLS.iter().map(|tool| tool.commands).chain([&OTHER_TOOLS[..]]).find_map(|it| begins(it, &plain));
    let script = || {
        (0..words.len()).find(|at| {
            let name = words[*at + 1..].iter().find(|word| *word != "run" && !word.starts_with('-'));
            SCRIPT_RUNNERS.contains(&words[*at].as_str()) && name.is_some_and(|name| name.contains("migrat"))
        })
    };
    let mut start = tool.or_else(script)?;
    // `docker compose run` and `docker compose exec` end with a service's name, which is no runner.
    while start > 0 && RUNNERS.contains(&words[start - 1].as_str()) {
        start -= 1;
    }
    // ... unless the service is called like one; what comes before `docker` is none of the container's.
    let end = words[start..].iter().position(|word| word.starts_with('>') || word.starts_with('<'));
    Some(words[start..end.map_or(words.len(), |end| start + end)].to_vec())
}

/// The command, and the container that runs it where the workflow names one.
pub(super) struct Migration {
    pub(super) command: Found<Vec<String>>,
    pub(super) container: Option<Found<String>>,
}

/// Looks where migrations are run: in the workflow (one-off tasks first), in compose services, when the image or a container starts.
pub(super) fn find(
    repository: &Repository,
    release: Option<&Release<'_>>,
    compose: Option<&Compose>,
    definition: Option<&TaskDefinition>,
    dockerfile: Option<&Dockerfile>,
) -> Option<Migration> {
    let told = release.and_then(|release| release.override_command.clone()).map(|(container, command)| Migration {
        container: Some(Found { value: container, reason: command.reason.clone() }),
        command,
    });
    let alone = |command| Migration { command, container: None };
    told.or_else(|| release.and_then(of_workflow).map(alone))
        .or_else(|| compose.and_then(of_compose).map(alone))
        .or_else(|| definition.and_then(of_definition).map(alone))
        .or_else(|| dockerfile.and_then(|dockerfile| of_image(repository, dockerfile)).map(alone))
}

fn of_workflow(release: &Release<'_>) -> Option<Found<Vec<String>>> {
    let workflow = release.workflow;
    let own = release.job.steps.iter();
    // Jobs that only test migrate, too, and say how; the one that deploys says it better.
    let others = workflow.jobs.iter().filter(|job| job.id != release.job.id).flat_map(|job| &job.steps);
    own.chain(others).flat_map(|step| step.commands(&workflow.source)).find_map(|command| {
        Some(Found::at(of_words(&command.words)?, &workflow.source, command.line, "a command of the workflow"))
    })
}

fn of_compose(compose: &Compose) -> Option<Found<Vec<String>>> {
    compose.services.iter().find_map(|service| {
        let found = among(&compose.source, service.command.as_deref()?)?;
        let what = format!("the command of service `{}`", service.name.value);
        Some(Found::new(found.value, &compose.source, found.spot, &what))
    })
}

fn of_definition(definition: &TaskDefinition) -> Option<Found<Vec<String>>> {
    definition.containers.iter().find_map(|container| {
        let found = among(&definition.source, container.command.as_deref()?)?;
        let what = format!("the command of container `{}`", container.name.value);
        Some(Found::new(found.value, &definition.source, found.spot, &what))
    })
}

fn of_image(repository: &Repository, dockerfile: &Dockerfile) -> Option<Found<Vec<String>>> {
    for (command, what) in [(&dockerfile.entrypoint, "ENTRYPOINT"), (&dockerfile.command, "CMD")] {
        let Some(command) = command else { continue };
        let words = match command {
            dockerfile::Command::Exec(words) => words.clone(),
            dockerfile::Command::Shell(line) => vec![line.clone()],
        };
        if let Some(found) = among(&dockerfile.source, &words) {
            return Some(Found::new(found.value, &dockerfile.source, found.spot, what));
        }
        let named = |script: &&Source| {
            let file = script.name.rsplit('/').next().unwrap_or_default();
            words.iter().any(|word| word.value.split([' ', '/']).any(|part| part == file))
        };
        let started = repository.scripts.iter().filter(named).find_map(|script| {
            let text = Located { value: script.text.clone(), spot: Spot { line: 1, column: 1 } };
            let what = format!("the script of {what}");
            commands(script, &text, &std::collections::BTreeMap::new())
                .iter()
                .find_map(|command| Some(Found::at(of_words(&command.words)?, script, command.line, &what)))
        });
        if started.is_some() {
            return started;
        }
    }
    None
}

/// The migration among the words of a command, one of which may be a shell's line.
fn among(source: &Source, words: &[Located<String>]) -> Option<Located<Vec<String>>> {
    let first = words.first()?;
    let plain: Vec<String> = words.iter().map(|word| word.value.clone()).collect();
    let lines = words.iter().filter(|word| word.value.contains(' ')).find_map(|line| {
        commands(source, line, &std::collections::BTreeMap::new())
            .iter()
            .find_map(|command| Some(Located { value: of_words(&command.words)?, spot: line.spot }))
    });
    lines.or_else(|| Some(Located { value: of_words(&plain)?, spot: first.spot }))
}

#[cfg(test)]
mod tests {
    use super::of_words;

    #[test]
    fn migrations_are_known_by_their_tools() {
        for (line, expected) in [
            ("alembic upgrade head", Some("alembic upgrade head")),
            ("docker compose run --rm app alembic upgrade head", Some("alembic upgrade head")),
            (
                "docker compose exec -T api python manage.py migrate --noinput",
                Some("python manage.py migrate --noinput"),
            ),
            ("npx prisma migrate deploy", Some("npx prisma migrate deploy")),
            ("./node_modules/.bin/knex migrate:latest > log", Some("./node_modules/.bin/knex migrate:latest")),
            ("npm run db:migrate", Some("npm run db:migrate")),
            ("npm run test", None),
            ("bundle exec rails db:migrate", Some("bundle exec rails db:migrate")),
            ("docker compose run rails bundle exec rails db:migrate", Some("bundle exec rails db:migrate")),
            (
                "python -m alembic -c db/alembic.ini upgrade head",
                Some("python -m alembic -c db/alembic.ini upgrade head"),
            ),
            ("./mvnw compile && true", None),
            ("liquibase --changelog-file=db.xml update", Some("liquibase --changelog-file=db.xml update")),
            ("migrate -path /migrations -database $URL up", Some("migrate -path /migrations -database $URL up")),
            ("npx dbmate --wait up", Some("npx dbmate --wait up")),
            ("npx typeorm migration:run -d source.js", Some("npx typeorm migration:run -d source.js")),
            ("alembic downgrade -1", None),
            ("prisma migrate dev", None),
            ("uvicorn news.main:app", None),
            ("", None),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(of_words(&words).map(|words| words.join(" ")).as_deref(), expected, "{line}");
        }
    }
}
