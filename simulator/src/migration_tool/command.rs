//! Which commands migrate, whatever runs them.

use super::{TOOLS, begins};

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
#[must_use]
pub(crate) fn migration_in(words: &[String]) -> Option<Vec<String>> {
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

#[cfg(test)]
mod tests {
    use super::migration_in;

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
            assert_eq!(migration_in(&words).map(|words| words.join(" ")).as_deref(), expected, "{line}");
        }
    }
}
