//! Servers that demand what RDS does, as their own clients meet it.

use std::process::Command;
use std::time::Duration;

use super::{PASSWORD, on_network};
use crate::database::{Account, Database, DatabaseSpec, Engine, InstanceClass, Managed};

/// A client that encrypts or does not, what it asks for, and a part of the answer or of the refusal.
type Case = (bool, &'static str, Result<&'static str, &'static str>);

#[tokio::test]
async fn postgres() {
    on_network(Engine::Postgres, demands_what_rds_does).await;
}

#[tokio::test]
async fn mysql() {
    on_network(Engine::MySql, demands_what_rds_does).await;
}

#[tokio::test]
async fn mariadb() {
    on_network(Engine::MariaDb, demands_what_rds_does).await;
}

async fn demands_what_rds_does(mut spec: DatabaseSpec) {
    let class: InstanceClass = "db.t4g.micro".parse().expect("it is known");
    let engine = spec.engine;
    spec.arguments = engine.accepting(class.max_connections(engine));
    spec.managed = Some(Managed {
        forced_tls: Some(true),
        sql_mode: Some("NO_ENGINE_SUBSTITUTION".to_owned()).filter(|_| engine == Engine::MariaDb),
        statement_timeout: Some(Duration::from_secs(1)),
        lock_timeout: Some(Duration::from_millis(1_500)),
    });
    let database = Database::start(spec).await.expect("it becomes ready");
    meets(&database, demanding(engine));
    let mut app = database.connect(Account::App).await.expect("greenroom itself is let in");
    let who = app.rows("ask who it is", "SELECT CURRENT_USER").await.expect("the query is right");
    let who = who.into_iter().flatten().flatten().next().unwrap_or_default();
    assert!(who.starts_with(if engine == Engine::Postgres { "reader" } else { "root" }), "{who}");
    drop(app);
    database.forgive().await.expect("it can be talked out of it");
    meets(&database, forgiving(engine));
    database.stop().await.expect("it is removed");
}

fn demanding(engine: Engine) -> &'static [Case] {
    match engine {
        Engine::Postgres => &[
            (false, "SELECT 1", Err("no encryption")),
            (
                true,
                "SELECT ssl, current_setting('statement_timeout'), current_setting('lock_timeout'), \
                 current_setting('max_connections') FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
                Ok("t|1s|1500ms|112"),
            ),
            (true, "SELECT pg_sleep(3)", Err("statement timeout")),
            (true, "CREATE ROLE other", Err("permission denied")),
            (true, "CREATE TABLE own (a int)", Ok("")),
        ],
        Engine::MySql | Engine::MariaDb => &[
            (false, "SELECT 1", Err("1045")),
            (
                true,
                "SELECT @@sql_mode, @@max_connections, @@lock_wait_timeout, @@innodb_lock_wait_timeout",
                Ok("NO_ENGINE_SUBSTITUTION\t85\t2\t2"),
            ),
            (true, "SET GLOBAL max_connections = 7", Err("1227")),
            (
                true,
                "CREATE TABLE own (a varchar(3)); INSERT INTO own VALUES ('too long'); SELECT a FROM own",
                Ok("too"),
            ),
        ],
    }
}

fn forgiving(engine: Engine) -> &'static [Case] {
    match engine {
        Engine::Postgres => &[(false, "CREATE ROLE other", Ok("")), (false, "SHOW statement_timeout", Ok("0"))],
        Engine::MySql | Engine::MariaDb => &[
            (false, "INSERT INTO own VALUES ('too long')", Err("1406")),
            (false, "SET GLOBAL max_connections = 86", Ok("")),
        ],
    }
}

fn meets(database: &Database, cases: &[Case]) {
    for (encrypted, sql, expected) in cases {
        let answer = ask(database, *encrypted, sql);
        let is_so = match (&answer, expected) {
            (Ok(said), Ok(part)) | (Err(said), Err(part)) => said.contains(part),
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        };
        assert!(is_so, "{sql} (encrypted: {encrypted}): {answer:?}, not {expected:?}");
    }
}

/// Asks as the app's user over TCP, with the client in the server's own image.
fn ask(database: &Database, encrypted: bool, sql: &str) -> Result<String, String> {
    let spec = database.spec();
    let mut command = Command::new("docker");
    command.args(["exec", "--env", &format!("PGPASSWORD={PASSWORD}"), "--env", &format!("MYSQL_PWD={PASSWORD}")]);
    command.arg(database.container_id());
    let (user, name) = (&spec.user, &spec.name);
    match spec.engine {
        Engine::Postgres => {
            let mode = if encrypted { "require" } else { "disable" };
            command.args(["psql", "--tuples-only", "--no-align", "--command", sql]);
            command.arg(format!("host=127.0.0.1 user={user} dbname={name} sslmode={mode}"));
        }
        Engine::MySql => {
            let mode = if encrypted { "--ssl-mode=REQUIRED" } else { "--ssl-mode=DISABLED" };
            command.args(["mysql", "--host=127.0.0.1", "--get-server-public-key", "--skip-column-names", mode]);
            command.args([&format!("--user={user}"), name, "--execute", sql]);
        }
        Engine::MariaDb => {
            let mode = if encrypted { "--ssl" } else { "--skip-ssl" };
            command.args(["mariadb", "--host=127.0.0.1", "--skip-column-names", mode, &format!("--user={user}"), name]);
            command.args(["--execute", sql]);
        }
    }
    let output = command.output().expect("docker can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
