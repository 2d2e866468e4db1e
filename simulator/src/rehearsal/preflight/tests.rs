//! Each rule on inputs as small as they can be, and all of them on the fixtures.

use std::collections::BTreeMap;

use super::*;
use crate::rehearsal::files::{
    Compose, Dockerfile, EnvironmentFile, Migration, Smoke, Source, TaskDefinition, Workflow, requirements,
};

/// A project in which every rule is content. Tests replace files of it.
const CONTENT: [(&str, &str); 4] = [
    (
        "Dockerfile",
        "FROM python:3.11\nEXPOSE 8000\nCMD [\"uvicorn\", \"app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n",
    ),
    (
        "task.json",
        r#"{"family": "f", "containerDefinitions": [{"name": "app", "image": "i", "portMappings": [{"containerPort": 8000}]}]}"#,
    ),
    ("smoke.json", r#"{"smoke": [{"path": "/"}]}"#),
    ("url", "postgresql+asyncpg://{user}:{password}@{host}:{port}/{name}"),
];

/// Runs every rule on the project with some files replaced, and compares each finding's first line and place.
fn check(replaced: &[(&str, &str)], expected: &[&str]) {
    let text = |name: &str| {
        let own = replaced.iter().find(|(candidate, _)| *candidate == name);
        own.or(CONTENT.iter().find(|(candidate, _)| *candidate == name)).map(|(_, text)| (*text).to_owned())
    };
    let source = |name: &str| text(name).map(|text| Source { name: name.to_owned(), text });
    let required = |name: &str| source(name).expect("the project has it");
    let environment =
        |name: &str, example| source(name).map(|source| EnvironmentFile::parse(source, example).expect("it is right"));
    let files = Files {
        dockerfile: Dockerfile::parse(&required("Dockerfile")).expect("it is right"),
        compose: source("compose.yaml").map(|source| Compose::parse(source).expect("it is right")),
        task_definition: TaskDefinition::parse(required("task.json")).expect("it is right"),
        smoke: Smoke::parse(required("smoke.json")).expect("it is right"),
        environment_files: environment(".env.example", true).into_iter().chain(environment("app.env", false)).collect(),
        migrations: ["1.py", "2.py", "3.py"]
            .into_iter()
            .filter_map(|name| Migration::parse_alembic(source(name)?))
            .chain(
                ["1_a.py", "2_b.py", "2_c.py"]
                    .into_iter()
                    .filter_map(|name| Migration::parse_django(source(name)?, "orders")),
            )
            .collect(),
        sql_migrations: source("migrations/1_a.sql").into_iter().collect(),
        requirements: text("requirements.txt").map(|text| requirements::parse(&text)).unwrap_or_default(),
        workflows: source("test.yaml")
            .map(|source| Workflow::parse(source).expect("it is right"))
            .into_iter()
            .collect(),
        lifecycle_policies: Vec::new(),
        nginx: Vec::new(),
    };
    let before: Vec<Source> =
        text("before").map(|text| Source { name: "migrations/1_a.sql".to_owned(), text }).into_iter().collect();
    let subject = Subject {
        files: &files,
        container: "app".to_owned(),
        port: 8000,
        port_place: Place::new("greenroom.toml", 9, 8, ""),
        migration_command: text("command")
            .unwrap_or("alembic upgrade head".to_owned())
            .split(' ')
            .map(str::to_owned)
            .collect(),
        sql_migrations_before: before.as_slice(),
        engine: Engine::Postgres,
        database_url: text("url").expect("the project has it"),
        database_url_place: Place::new("greenroom.toml", 20, 12, ""),
        secrets: vec!["app/url".to_owned(), "app/session-key".to_owned()],
        secret_keys: BTreeMap::from([("app/url".to_owned(), vec!["key".to_owned(), "other".to_owned()])]),
    };
    let found: Vec<String> = super::check(&subject)
        .iter()
        .map(|finding| {
            let place = finding.place.as_ref().expect("every finding of preflight has a place");
            assert!(!finding.help.is_empty(), "every finding of preflight helps: {finding}");
            let there = text(&place.file).map_or_else(|| place.column.to_string(), |text| word_at(&text, place));
            format!(
                "{}[{}] {}:{} `{there}` {}",
                finding.severity, finding.code, place.file, place.line, finding.sentence
            )
        })
        .collect();
    assert_eq!(found, expected, "{replaced:?}");
}

/// The word that stands at a place, without its quotes: what a reader who goes there sees.
fn word_at(text: &str, place: &Place) -> String {
    let line = text.lines().nth(place.line - 1).expect("the file has the line");
    let rest: String = line.chars().skip(place.column - 1).collect();
    let rest = rest.trim_start_matches(['"', '\'']);
    rest.split([' ', ',', '"', '\'', ']', '}']).next().unwrap_or_default().to_owned()
}

/// A task definition with one container `app` that also says `rest`.
fn task(rest: &str) -> String {
    format!(
        "{{\"family\": \"f\", \"containerDefinitions\": [{{\"name\": \"app\", \"image\": \"i\",\n\"portMappings\": [{{\"containerPort\": 8000}}],\n{rest}}}]}}"
    )
}

/// A compose file whose service `app` also says `rest`, with a database `db` that also says `database`.
fn compose(rest: &str, database: &str) -> String {
    format!("services:\n  app:\n    build: .\n    {rest}\n  db:\n    image: postgres:15\n    {database}\n")
}

#[test]
fn a_project_without_contradictions_is_left_in_peace() {
    check(&[], &[]);
    check(&[("compose.yaml", &compose("ports: [\"80:8000\"]", "x-nothing: 1"))], &[]);
}

#[test]
fn ports_must_agree() {
    let wrong = "FROM x\nEXPOSE 8080\nCMD [\"uvicorn\", \"--host\", \"0.0.0.0\", \"--port\", \"8080\"]\n";
    check(
        &[("Dockerfile", wrong)],
        &["error[H-05] Dockerfile:3 `8080` the app listens on port 8080, and the load balancer asks on 8000"],
    );
    let gunicorn = "FROM x\nENV PORT=9000\nCMD exec gunicorn --bind=0.0.0.0:${PORT} app\n";
    check(
        &[("Dockerfile", gunicorn)],
        &[
            "error[H-05] Dockerfile:3 `--bind=0.0.0.0:${PORT` the app listens on port 9000, and the load balancer asks on 8000",
        ],
    );
    // The task definition's variables count more than the image's.
    check(
        &[
            ("Dockerfile", gunicorn),
            ("task.json", &task("\"environment\": [{\"name\": \"PORT\", \"value\": \"8000\"}]")),
        ],
        &[],
    );
    // And so does its command.
    let command = task("\"command\": [\"sh\", \"-c\", \"manage.py runserver 0.0.0.0:8001\"]");
    check(
        &[("task.json", &command)],
        &["error[H-05] task.json:3 `0.0.0.0:8001` the app listens on port 8001, and the load balancer asks on 8000"],
    );
    check(
        &[("Dockerfile", "FROM x\nEXPOSE 3000\n")],
        &["warning[H-05] Dockerfile:2 `3000` the image exposes port 3000, and the load balancer asks on 8000"],
    );
    check(
        &[("compose.yaml", &compose("ports: [\"80:80\"]", "x-nothing: 1"))],
        &[
            "warning[H-05] compose.yaml:4 `80:80` the compose file publishes port 80 of the app, and the load balancer asks on 8000",
        ],
    );
}

#[test]
fn container_ports_and_health_checks_must_agree() {
    let mapped = CONTENT[1].1.replace("8000", "80");
    check(
        &[("task.json", &mapped)],
        &[
            "error[H-05] task.json:1 `80` the load balancer asks container `app` on port 8000, and its `containerPort` is 80",
        ],
    );
    let unmapped = r#"{"family": "f", "containerDefinitions": [{"name": "app", "image": "i"}]}"#;
    check(
        &[("task.json", unmapped)],
        &["error[H-05] task.json:1 `app` the load balancer asks container `app` on port 8000, and it maps no port"],
    );
    let health = |command: &str| task(&format!("\"healthCheck\": {{\"command\": [\"CMD-SHELL\", \"{command}\"]}}"));
    check(&[("task.json", &health("curl -f http://localhost:8000/ || exit 1"))], &[]);
    check(&[("task.json", &health("pg_isready -h database"))], &[]);
    check(
        &[("task.json", &health("curl -f http://localhost:8080/ || exit 1"))],
        &["error[H-05] task.json:3 `8080/` the health check asks port 8080, and nothing listens there"],
    );
    check(
        &[("task.json", &health("wget -q http://127.0.0.1/healthz"))],
        &["error[H-05] task.json:3 `127.0.0.1/healthz` the health check asks port 80, and nothing listens there"],
    );
    // A port of the health check's own is fine where the image exposes it.
    let admin = CONTENT[0].1.replace("EXPOSE 8000", "EXPOSE 8000 9000");
    check(&[("Dockerfile", &admin), ("task.json", &health("curl http://localhost:9000/"))], &[]);
}

#[test]
fn listening_on_the_loopback_is_not_enough() {
    let local = "FROM x\nCMD [\"gunicorn\", \"-b\", \"127.0.0.1:8000\"]\n";
    check(
        &[("Dockerfile", local)],
        &[
            "error[H-04] Dockerfile:2 `127.0.0.1:8000` the app listens on 127.0.0.1, where the load balancer cannot reach it",
        ],
    );
    let silent = "FROM x\nCMD [\"uvicorn\", \"app\", \"--port\", \"8000\"]\n";
    check(
        &[("Dockerfile", silent)],
        &[
            "error[H-04] Dockerfile:2 `uvicorn` uvicorn listens on 127.0.0.1 unless it is told otherwise, and the load balancer cannot reach it there",
        ],
    );
    check(&[("Dockerfile", &silent.replace("FROM x", "FROM x\nENV UVICORN_HOST=0.0.0.0"))], &[]);
}

#[test]
fn the_task_definition_must_set_what_the_files_name() {
    let environment =
        "environment: {SESSION_KEY: \"${SESSION_KEY:-x}\", LOG_LEVEL: DEBUG, AWS_REGION: x, SET: 1, MODE: \"${MODE}\"}";
    let set = task("\"environment\": [{\"name\": \"SET\"}]");
    check(
        &[("compose.yaml", &compose(environment, "x-nothing: 1")), ("task.json", &set)],
        &[
            "error[C-01] compose.yaml:4 `SESSION_KEY:` `SESSION_KEY` is named here, and container `app` of task.json does not set it",
            "error[C-01] compose.yaml:4 `MODE:` `MODE` is named here, and container `app` of task.json does not set it",
            "warning[C-01] compose.yaml:4 `LOG_LEVEL:` `LOG_LEVEL` is named here, and container `app` of task.json does not set it",
        ],
    );
    // A secret is as good as a plain variable, and the image's own value too.
    let secret = task(
        "\"secrets\": [{\"name\": \"SESSION_KEY\", \"valueFrom\": \"arn:aws:secretsmanager:r:1:secret:app/session-key-AbCdEf\"}]",
    );
    let image = CONTENT[0].1.replace("FROM python:3.11", "FROM python:3.11\nENV LOG_LEVEL=INFO");
    let both = compose("environment: [\"SESSION_KEY=x\", LOG_LEVEL]", "x-nothing: 1");
    check(&[("compose.yaml", &both), ("task.json", &secret), ("Dockerfile", &image)], &[]);
    check(&[("compose.yaml", &both), ("task.json", &task("\"environmentFiles\": [{}]"))], &[]);
}

#[test]
fn files_of_variables_name_variables_too() {
    let example = "# copy to .env\nPOSTGRES_PASSWORD=x\nVERSION=1\nSENTRY_DSN=\n";
    let file = compose("image: \"x:${VERSION:-1}\"", "x-nothing: 1");
    check(
        &[(".env.example", example), ("compose.yaml", &file)],
        &[
            "warning[C-01] .env.example:4 `SENTRY_DSN=` `SENTRY_DSN` is named here, and container `app` of task.json does not set it",
        ],
    );
    let file = compose("env_file: ./app.env", "x-nothing: 1");
    check(
        &[("app.env", "API_TOKEN=hunter2\n"), ("compose.yaml", &file)],
        &[
            "error[C-01] app.env:1 `API_TOKEN=hunter2` `API_TOKEN` is named here, and container `app` of task.json does not set it",
        ],
    );
    let image = CONTENT[0].1.replace("FROM python:3.11", "FROM python:3.11\nENV DATABASE_URL=\"\" TITLE=");
    check(
        &[("Dockerfile", &image)],
        &[
            "error[C-01] Dockerfile:2 `ENV` `DATABASE_URL` is named here, and container `app` of task.json does not set it",
            "warning[C-01] Dockerfile:2 `ENV` `TITLE` is named here, and container `app` of task.json does not set it",
        ],
    );
}

#[test]
fn secrets_must_be_named() {
    let secret = |from: &str| task(&format!("\"secrets\": [{{\"name\": \"A\", \"valueFrom\": \"{from}\"}}]"));
    for fine in [
        "arn:aws:secretsmanager:r:1:secret:app/url-AbCdEf",
        "arn:aws:secretsmanager:r:1:secret:app/url:key::",
        "/parameter",
    ] {
        check(&[("task.json", &secret(fine))], &[]);
    }
    check(
        &[("task.json", &secret("arn:aws:secretsmanager:r:1:secret:app/uri-AbCdEf"))],
        &[
            "error[C-03] task.json:3 `arn:aws:secretsmanager:r:1:secret:app/uri-AbCdEf` the task wants the secret `app/uri-AbCdEf`, which greenroom.toml does not name",
        ],
    );
    for (from, expected) in [
        ("app/url-AbCdEf:Key::", "the task wants the key `Key` of the secret `app/url`, which has `key`, `other`"),
        (
            "app/session-key:key::",
            "the task wants the key `key` of the secret `app/session-key`, which has none that greenroom.toml names",
        ),
    ] {
        let from = format!("arn:aws:secretsmanager:r:1:secret:{from}");
        check(&[("task.json", &secret(&from))], &[&format!("error[C-03] task.json:3 `{from}` {expected}")]);
    }
    // Of another version the key may be there.
    check(&[("task.json", &secret("arn:aws:secretsmanager:r:1:secret:app/url::AWSPREVIOUS:"))], &[]);
}

#[test]
fn containers_must_wait_for_what_can_happen() {
    let two = |app: &str, other: &str| {
        format!(
            "{{\"family\": \"f\", \"containerDefinitions\": [\n{{\"name\": \"app\", \"image\": \"i\", \"portMappings\": [{{\"containerPort\": 8000}}], \"dependsOn\": [{app}]}},\n{{\"name\": \"other\", \"image\": \"i\"{other}}}]}}"
        )
    };
    let wait =
        |name: &str, condition: &str| format!("{{\"containerName\": \"{name}\", \"condition\": \"{condition}\"}}");
    let checked = ", \"healthCheck\": {\"command\": [\"CMD\", \"true\"]}";
    check(&[("task.json", &two(&wait("other", "START"), ""))], &[]);
    check(&[("task.json", &two(&wait("other", "SUCCESS"), ", \"essential\": false"))], &[]);
    check(&[("task.json", &two(&wait("other", "HEALTHY"), &format!("{checked}, \"startTimeout\": 60")))], &[]);
    check(
        &[("task.json", &two(&wait("other", "HEALTHY"), checked))],
        &[
            "warning[H-10] task.json:2 `HEALTHY` container `app` waits for `other` to be healthy, and for ever if it never is: `other` has no `startTimeout`",
        ],
    );
    check(
        &[("task.json", &two(&wait("others", "START"), ""))],
        &["error[H-10] task.json:2 `others` container `app` waits for `others`, which does not exist"],
    );
    check(
        &[("task.json", &two(&wait("other", "HEALTHY"), ""))],
        &[
            "error[H-10] task.json:2 `HEALTHY` container `app` waits for `other` to be healthy, and `other` has no health check",
        ],
    );
    check(
        &[("task.json", &two(&wait("other", "COMPLETE"), ""))],
        &[
            "error[H-10] task.json:2 `COMPLETE` container `app` waits for the end of `other`, and `other` is essential: the task stops with it",
        ],
    );
    let back = format!(", \"dependsOn\": [{}]", wait("app", "START"));
    check(
        &[("task.json", &two(&wait("other", "START"), &back))],
        &["error[H-10] task.json:2 `other` the containers wait for one another in a circle: app -> other -> app"],
    );
    check(
        &[("task.json", &task("\"essential\": false"))],
        &["error[H-10] task.json:1 `app` no container is essential, and ECS refuses such a task definition"],
    );
}

#[test]
fn signals_must_reach_the_app() {
    let shell = "FROM x\nCMD uvicorn app --host 0.0.0.0 --port 8000\n";
    check(
        &[("Dockerfile", shell)],
        &[
            "warning[H-07] Dockerfile:2 `uvicorn` CMD is in shell form, so that a shell stands between ECS's SIGTERM and the app",
        ],
    );
    check(&[("Dockerfile", &shell.replace("CMD uvicorn", "CMD exec uvicorn"))], &[]);
    // It does not run where the task definition says another command.
    check(&[("Dockerfile", shell), ("task.json", &task("\"command\": [\"x\"]"))], &[]);
    let npm = "FROM x\nENTRYPOINT [\"npm\", \"start\"]\n";
    check(
        &[("Dockerfile", npm)],
        &[
            "warning[H-07] Dockerfile:2 `npm` npm is the container's first process and does not pass ECS's SIGTERM on to the app",
        ],
    );
    check(&[("Dockerfile", npm), ("task.json", &task("\"linuxParameters\": {\"initProcessEnabled\": true}"))], &[]);
}

#[test]
fn migrations_must_have_one_head() {
    let (first, second) = ("revision = 'a'\ndown_revision = None\n", "revision = 'b'\ndown_revision = 'a'\n");
    let third = "revision = 'c'\ndown_revision = 'a'\n";
    check(&[("1.py", first), ("2.py", second)], &[]);
    check(
        &[("1.py", first), ("2.py", second), ("3.py", third)],
        &["error[M-01] 3.py:1 `c` Alembic has 2 heads: b, c; `upgrade head` refuses to choose"],
    );
}

#[test]
fn an_apps_migrations_must_have_one_leaf() {
    let migration = |after: &str| format!("class Migration(migrations.Migration):\n    dependencies = [{after}]\n");
    let (first, second) = (migration(""), migration("('orders', '1_a')"));
    check(&[("1_a.py", &first), ("2_b.py", &second)], &[]);
    check(
        &[("1_a.py", &first), ("2_b.py", &second), ("2_c.py", &second)],
        &["error[M-02] 2_c.py:1 `class` Django has 2 leaf nodes in `orders`: 2_b, 2_c; `migrate` refuses to choose"],
    );
}

#[test]
fn a_migration_that_was_applied_must_stay_as_it_was() {
    let file = "migrations/1_a.sql";
    let (before, edited, windows) =
        ("CREATE TABLE t (a int);\n-- x\n", "CREATE TABLE t (a int);\n-- y\n", "CREATE TABLE t (a int);\r\n-- x\r\n");
    let change = "sqlx refuses a migration that is not the one it applied";
    let cases = [
        ("sqlx migrate run", before, None),
        ("sqlx migrate run", edited, Some(format!("error[M-04] {file}:2 `--` {change}: `{file}` was edited"))),
        (
            "sqlx migrate run",
            windows,
            Some(format!(
                "error[M-04] {file}:1 `CREATE` {change}: `{file}` has other line endings, and nothing else is different"
            )),
        ),
        // It keeps no checksums.
        ("dbmate up", edited, None),
    ];
    for (command, text, expected) in cases {
        let expected: Vec<&str> = expected.as_deref().into_iter().collect();
        check(&[("command", command), ("before", before), (file, text)], &expected);
    }
}

#[test]
fn a_databases_health_check_must_ask_the_real_server() {
    let health = |image: &str, test: &str| {
        compose("x-nothing: 1", &format!("healthcheck: {{test: {test}}}")).replace("postgres:15", image)
    };
    let socket = "`db` is called healthy by its socket, where the temporary server of a new volume answers too";
    let ping = "`db` is called healthy by a ping, which succeeds with a wrong password too";
    let cases = [
        ("postgres:15", "\"pg_isready -U news\"", Some(("R-01", "pg_isready", socket))),
        ("postgres:15", "[\"CMD\", \"pg_isready\", \"-h\", \"127.0.0.1\"]", None),
        ("postgres:15", "\"pg_isready --host=localhost\"", None),
        ("mysql:9", "\"mysqladmin ping -h localhost\"", Some(("R-02", "mysqladmin", socket))),
        ("mysql:9", "\"mysqladmin ping -h 127.0.0.1\"", Some(("R-03", "mysqladmin", ping))),
        ("mariadb:11", "\"mariadb --protocol=tcp -e 'SELECT 1'\"", None),
        ("mariadb:11", "\"healthcheck.sh --connect\"", None),
        ("redis:7", "\"redis-cli ping\"", None),
    ];
    for (image, test, expected) in cases {
        let expected: Vec<String> = expected
            .iter()
            .map(|(code, word, sentence)| format!("warning[{code}] compose.yaml:7 `{word}` {sentence}"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[("compose.yaml", &health(image, test))], &expected);
    }
    let beside_a_job = |options: &str| {
        format!("jobs:\n  test:\n    services:\n      db:\n        image: mysql:9\n        options: {options}\n")
    };
    let pinging = beside_a_job("--health-cmd=\"mysqladmin ping\" --health-interval 5s");
    let expected = format!("warning[R-02] test.yaml:6 `--health-cmd=` {socket}");
    check(&[("test.yaml", &pinging)], &[&expected]);
    let asking = beside_a_job("--health-cmd \"mysql -h 127.0.0.1 -u news -e 'SELECT 1'\"");
    check(&[("test.yaml", &asking)], &[]);
    let waiting = "FROM x\nCMD [\"sh\", \"-c\", \"sleep 10; exec uvicorn app --host 0.0.0.0 --port 8000\"]\n";
    check(
        &[("Dockerfile", waiting)],
        &[
            "warning[R-04] Dockerfile:2 `sleep` `sleep 10` waits for a time or an open port, and neither means that the database is ready",
        ],
    );
}

#[test]
fn services_must_wait_for_what_can_happen() {
    let healthy = "depends_on: {db: {condition: service_healthy}}";
    check(
        &[("compose.yaml", &compose(healthy, "x-nothing: 1"))],
        &[
            "warning[R-07] compose.yaml:4 `service_healthy` `app` waits for `db` to be healthy, and `db` has no health check",
        ],
    );
    check(&[("compose.yaml", &compose(healthy, "healthcheck: {test: \"pg_isready -h 127.0.0.1\"}"))], &[]);
    check(
        &[("compose.yaml", &compose("depends_on: [db]", "x-nothing: 1"))],
        &["warning[R-07] compose.yaml:4 `db` `app` waits only until `db` has started, not until it is ready"],
    );
}

#[test]
fn database_urls_must_work_where_they_are_used() {
    let url = |value: &str| task(&format!("\"environment\": [{{\"name\": \"DATABASE_URL\", \"value\": \"{value}\"}}]"));
    check(&[("task.json", &url("postgresql://u:p@db:5432/news"))], &[]);
    check(
        &[("task.json", &url("postgresql://u:p@localhost/news"))],
        &[
            "error[C-02] task.json:3 `postgresql://u:p@localhost/news` the database's host is `localhost`, which in a container is the container itself",
        ],
    );
    check(
        &[("task.json", &url("postgresql://u:p@db"))],
        &["warning[C-02] task.json:3 `postgresql://u:p@db` the database's URL names no database"],
    );
    check(
        &[("task.json", &url("postgres://u:p@db/news")), ("requirements.txt", "SQLAlchemy==2\nasyncpg\n")],
        &["error[C-02] task.json:3 `postgres://u:p@db/news` SQLAlchemy knows no scheme `postgres`"],
    );
    check(
        &[("requirements.txt", "psycopg2-binary\n")],
        &[
            "warning[C-02] greenroom.toml:20 `12` the URL wants the driver `asyncpg`, and requirements.txt does not ask for it",
        ],
    );
    check(
        &[("url", "mysql+aiomysql://{host}/{name}")],
        &["error[C-02] greenroom.toml:20 `12` the URL for PostgreSQL begins with `mysql+aiomysql://`"],
    );
}

/// A workflow with one job of these steps.
fn job(steps: &str) -> String {
    format!("on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n{steps}")
}

/// The same, read.
pub(super) fn workflow(steps: &str) -> Workflow {
    Workflow::parse(Source { name: "test.yaml".to_owned(), text: job(steps) }).expect("it is right")
}

/// A step that runs these lines, with whatever else it says, on the runner or on another machine.
pub(super) fn step(lines: &str, remote: bool, rest: &str) -> String {
    let key = if remote { "uses: appleboy/ssh-action@v1\n        with:\n         script: |" } else { "run: |" };
    let lines: String = lines.lines().map(|line| format!("\n          {line}")).collect();
    format!("      - {key}{lines}\n{rest}")
}

#[test]
fn somebody_learns_what_becomes_of_a_deploy() {
    const ACTION: &str = "aws-actions/amazon-ecs-deploy-task-definition@v2";
    const SILENT: &str = "the job deploys and does not wait: it succeeds although ECS rolls the deploy back";
    const AGAIN: &str = "the job waits for a stable service, which it is again once ECS has rolled the deploy back: \
                         the job succeeds then, too";
    let action =
        |with: &str| format!("      - uses: {ACTION}\n        with:\n          task-definition: t.json\n{with}");
    let update = "      - run: aws ecs update-service --cluster c --service s --task-definition t:2\n";
    let wait = "      - run: aws ecs wait services-stable --cluster c --services s\n";
    for (steps, expected) in [
        (action("          service: s\n"), Some(("uses:", SILENT))),
        (action("          service: s\n          wait-for-service-stability: false\n"), Some(("uses:", SILENT))),
        (action("          service: s\n          wait-for-service-stability: true\n"), None),
        (action("          service: s\n          wait-for-service-stability: ${{ inputs.wait }}\n"), None),
        // It registers a revision alone.
        (action(""), None),
        (action("          service: s\n") + wait, None),
        (update.to_owned(), Some(("-", SILENT))),
        (update.to_owned() + wait, Some(("-", AGAIN))),
        (update.to_owned() + wait + "      - run: aws ecs describe-services --cluster c --services s\n", None),
        ("      - run: aws ecs update-service --cluster c --service s --desired-count 3\n".to_owned(), None),
    ] {
        let text = job(&steps);
        let found = expected.map(|(word, sentence)| format!("warning[H-08] test.yaml:6 `{word}` {sentence}"));
        let found: Vec<&str> = found.as_deref().into_iter().collect();
        check(&[("test.yaml", &text)], &found);
    }
}
